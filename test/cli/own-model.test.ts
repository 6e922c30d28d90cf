// The user's own model from the command line: an experiment does not need the file that it began with.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { run, runMain } from "./run.ts";

const FIXTURE = join(import.meta.dirname, "../fixtures/keras/keras3-resnet.keras");
const root = mkdtempSync(join(tmpdir(), "deepaugment-own-model-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const SMALL = {
  data: SAMPLE_ARCHIVE,
  image_size: 8,
  train_set_size: 20,
  validation_set_size: 10,
  iterations: 1,
  opt_samples: 1,
  confirm_top: 1,
  confirm_samples: 1,
  child_epochs: 1,
  child_batch_size: 20,
  workers: 1,
};

const optimize = (settings: Record<string, unknown>) =>
  runMain(
    [
      "optimize",
      ...Object.entries({ ...SMALL, ...settings }).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
    ],
    environment,
  );

describe("deepaugment optimize with a model of one's own", () => {
  let experiment: string;
  const rows = () => readFileSync(join(experiment, "notebook.csv"), "utf8").trimEnd().split("\n").length - 1;

  before(async () => {
    const model = join(root, "mine.keras");
    cpSync(FIXTURE, model);
    const out = join(root, "experiments");
    const { code, stderr } = await optimize({ model, out });
    assert.equal(code, 0, stderr);
    experiment = join(out, readdirSync(out)[0]);
    rmSync(model);
  });

  it("keeps the parts of the file that it uses, and the path of the file", () => {
    const kept = JSON.parse(readFileSync(join(experiment, "model.json"), "utf8"));
    assert.equal(kept.config.name, "resnet14");
    const { model } = JSON.parse(readFileSync(join(experiment, "experiment.json"), "utf8"));
    assert.equal(model.file, join(root, "mine.keras"));
    assert.match(model.digest, /^[0-9a-f]{64}$/);
    assert.equal(rows(), 2);
  });

  it("resumes without the file, from the copy alone", async () => {
    const more = ["optimize", "--resume", experiment, "--iterations"];
    const resumed = await run([...more, "2"], environment);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(rows(), 3);
    const copy = join(experiment, "model.json");
    writeFileSync(copy, readFileSync(copy, "utf8").replace('"filters": 8', '"filters": 9'));
    const changed = await runMain([...more, "3"], environment);
    assert.equal(changed.code, 2);
    assert.match(changed.stderr, /model\.json is not the model with which the experiment began; restore/);
  });

  it("refuses a file before images are read, a head before anything is written", async () => {
    const broken = join(root, "broken.json");
    writeFileSync(broken, '{"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda"}]}}');
    const bad = await optimize({ model: broken, data: join(root, "no-such-folder") });
    assert.equal(bad.code, 2);
    assert.match(bad.stderr, /^deepaugment: model .*broken\.json: layer .* \(Lambda\) contains Python code/i);
    const headless = JSON.parse(readFileSync(join(experiment, "model.json"), "utf8").replace(": 9", ": 8"));
    headless.config.layers.at(-1).config.units = 1000;
    const thousand = join(root, "thousand.json");
    writeFileSync(thousand, JSON.stringify(headless));
    const out = join(root, "elsewhere");
    const wrong = await optimize({ model: thousand, out });
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /has 1000 output classes .* the data has 10; set replace_head: true/);
    assert.ok(!existsSync(out));
    const fixed = await optimize({ model: thousand, out, replace_head: true, engine: "wasm" });
    assert.equal(fixed.code, 0, fixed.stderr);
  });
});
