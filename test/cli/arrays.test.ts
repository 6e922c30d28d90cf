// Arrays from the command line: what `data info` shows of them, and the settings that name them, through all commands.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { npy, npz, temporaryFolder, writeFiles } from "../dataset/fixtures/files.ts";
import { runMain } from "./run.ts";

const COUNT = 60;
const SIDE = 8;

/** Images whose rows are planes of colours: dark ones of class 0, light ones of class 1. */
function planes(): Uint8Array {
  return Uint8Array.from({ length: COUNT * 3 * SIDE * SIDE }, (_, i) => {
    const image = Math.floor(i / (3 * SIDE * SIDE));
    return 120 * (image % 2) + ((7 * i + image) % 100);
  });
}

const labels = npy(
  [COUNT],
  Uint8Array.from({ length: COUNT }, (_, i) => i % 2),
  "|u1",
);
const root = writeFiles({
  "data.npz": npz({
    pixels_a: npy([COUNT, 3 * SIDE * SIDE], planes(), "|u1"),
    kinds_a: labels,
    kinds_b: labels,
    ids: npy([2, 2], Uint8Array.of(1, 2, 3, 4), "|u1"),
  }),
});
const data = join(root, "data.npz");
const environment = { DEEPAUGMENT_HOME: temporaryFolder() };
const run = (...args: string[]) => runMain(args, environment);
const SETTINGS = ["--set", "arrays=[pixels_a, kinds_b]", "--set", "channels=first"];

describe("data in arrays", () => {
  it("are shown as they were understood", async () => {
    const { code, stdout, stderr } = await run("data", "info", data, ...SETTINGS);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^data\.npz: 2 classes, 60 train images, 8 x 8\n/);
    const lines = stdout.slice(stdout.indexOf("arrays\n"), stdout.indexOf("\n\ndigest")).split("\n");
    assert.deepEqual(lines, [
      "arrays",
      "  train images  pixels_a  uint8 [60, 192]  channels first, each row of 192 values is an image of 8 × 8",
      "  train labels  kinds_b   uint8 [60]       numbers",
    ]);
    assert.match(stderr, /^note: .*data\.npz: pixels_a: channels first, each row of 192 values/);
    const json = JSON.parse((await run("data", "info", data, "--json", ...SETTINGS)).stdout);
    assert.equal(json.arrays[0].images.name, "pixels_a");
    // As from the cache.
    assert.deepEqual(JSON.parse((await run("data", "info", data, "--json", ...SETTINGS)).stdout), json);
  });

  it("are errors that name the setting", async () => {
    const fails = async (expected: RegExp, ...args: string[]) => {
      const { code, stderr } = await run("data", "info", data, ...args);
      assert.equal(code, 2);
      assert.match(stderr, expected);
    };
    await fails(
      /it is not clear which arrays are the train images and labels: .* --set arrays='\[pixels_a,kinds_a\]'/,
    );
    await fails(
      /192 values may be three planes or RGB pixels.*--set channels=first/,
      ...SETTINGS.slice(0, 2),
    );
    await fails(
      /arrays: .* has no "kinds"; it contains pixels_a \[60, 192\], /,
      "--set",
      "arrays=[pixels_a, kinds]",
    );
    await fails(
      /^deepaugment: arrays: expected a list \[images, labels\], or such a list/,
      "--set",
      "arrays=[a]",
    );
    await fails(/unknown key "array" \(--set array=1\); did you mean "arrays"\?/, "--set", "array=1");
    await fails(/unknown key "seed"/, "--set", "seed=1");
  });

  it("are searched, evaluated and augmented with the settings of the search", async () => {
    const out = join(root, "out");
    const small = ["iterations=1", "child_epochs=1", "train_set_size=20", "validation_set_size=10"];
    const quick = ["opt_samples=1", "confirm_top=0", "engine=wasm", "workers=1", "model=basiccnn"];
    const settings = [...small, ...quick].flatMap((setting) => ["--set", setting]);
    const search = await run("optimize", data, ...SETTINGS, ...settings, "--out", out);
    assert.equal(search.code, 0, search.stderr);
    const experiment = join(out, readdirSync(out)[0]);
    assert.match(
      readFileSync(join(experiment, "config.yaml"), "utf8"),
      /\narrays:\n {2}train:\n {4}- pixels_a\n {4}- kinds_b\nchannels: first\n/,
    );
    const evaluated = await run(
      ...["evaluate", "--experiment", experiment, "--out", join(root, "evaluations"), "--set", "epochs=1"],
      ...["--set", "samples=1", "--set", "arms=[none, flip]", "--set", "engine=wasm", "--set", "workers=1"],
    );
    assert.equal(evaluated.code, 0, evaluated.stderr);
    const evaluation = join(root, "evaluations", readdirSync(join(root, "evaluations"))[0]);
    assert.match(readFileSync(join(evaluation, "config.yaml"), "utf8"), /\nchannels: first\n/);
    const augmented = join(root, "augmented");
    const applied = await run("apply", "--recipe", "flip", "--data", data, ...SETTINGS, "--out", augmented);
    assert.equal(applied.code, 0, applied.stderr);
    assert.ok(existsSync(join(augmented, "1", "00001.png")));
    const sheet = await run(
      "preview",
      "--recipe",
      "flip",
      "--data",
      data,
      ...SETTINGS,
      "--out",
      join(root, "sheet.png"),
    );
    assert.equal(sheet.code, 0, sheet.stderr);
  });
});
