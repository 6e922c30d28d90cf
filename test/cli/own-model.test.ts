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

  it("refuses settings that no training could use before anything is written, naming layer and setting", async () => {
    const layer = (className: string, config: Record<string, unknown>) => ({
      class_name: className,
      config: { name: "it", ...config },
    });
    const kernel = { filters: 4, kernel_size: [3, 3] };
    const five = [-5, -5];
    const cases: [ReturnType<typeof layer>[], RegExp][] = [
      [
        [layer("Conv2D", { ...kernel, strides: [0, 0] })],
        /layer it \(Conv2D\) has strides \[0,0\]; expected whole/,
      ],
      [
        [layer("Conv2D", { ...kernel, strides: [1_000_000_000, 1], padding: "same" })],
        /layer it \(Conv2D\) has strides \[1000000000,1\]; expected whole numbers from 1 to 65536/,
      ],
      [
        [layer("Conv2D", { ...kernel, strides: [2_147_483_647, 2_147_483_647], padding: "same" })],
        /layer it \(Conv2D\) has strides \[2147483647,2147483647\]; expected/,
      ],
      [
        [layer("Cropping2D", { cropping: [five, five] })],
        /layer it \(Cropping2D\) has cropping .*; expected/,
      ],
      [
        [layer("ZeroPadding2D", { padding: [five, five] })],
        /layer it \(ZeroPadding2D\) has padding .*; expected/,
      ],
      [
        [layer("Conv2D", kernel), layer("SpatialDropout2D", { rate: 1.5 })],
        /layer it \(SpatialDropout2D\) has rate 1\.5; expected a number from 0 to 1/,
      ],
    ];
    const end = [layer("GlobalAveragePooling2D", {}), layer("Dense", { units: 10 })];
    const model = join(root, "settings.json");
    const out = join(root, "nothing");
    for (const [layers, message] of cases) {
      const config = { name: "mine", layers: [...layers, ...end] };
      writeFileSync(model, JSON.stringify({ class_name: "Sequential", config }));
      const { code, stderr } = await optimize({ model, out });
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    }
    const config = { name: "mine", layers: [null] };
    writeFileSync(model, JSON.stringify({ class_name: "Sequential", config }));
    const { code, stderr } = await optimize({ model, out, replace_head: true });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /settings\.json has null as layer 0 of mine; expected a list of layers/);
    assert.ok(!existsSync(out));
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
