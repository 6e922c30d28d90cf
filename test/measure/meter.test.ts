// The meter's reports on real trainings. No test depends on speed.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import type { Engine } from "../../src/engine/types.ts";
import { syntheticImages, TrainingMeter } from "../../src/measure/meter.ts";
import { meanProfile, type StepProfile } from "../../src/measure/profile.ts";

const noAddon = "missing" in findAddon() && "the native engine is not built here";
const prepare = (engine: Engine, model: string, batchSize = 4) =>
  TrainingMeter.prepare({ model, batchSize, engine });

/** Checks that the rows add up to the step, and that the time spent outside layers and kernels is not negative. */
function checkRows({ rows, millisecondsPerStep, steps }: StepProfile): void {
  const sum = rows.reduce((total, { milliseconds }) => total + milliseconds, 0);
  const share = rows.reduce((total, row) => total + row.share, 0);
  assert.ok(steps > 0 && millisecondsPerStep > 0);
  assert.ok(Math.abs(sum / millisecondsPerStep - 1) < 1e-9, `${sum} of ${millisecondsPerStep} ms`);
  assert.ok(Math.abs(share - 1) < 1e-9, `shares add up to ${share}`);
  for (const { name, milliseconds } of rows) assert.ok(milliseconds > 0, `${name}: ${milliseconds} ms`);
  const sizes = rows.map(({ milliseconds }) => milliseconds);
  assert.deepEqual(
    sizes,
    sizes.toSorted((a, b) => b - a),
  );
}

const namesOf = ({ rows }: StepProfile, part: string) =>
  rows.filter((row) => row.part === part).map(({ name }) => name);

describe("the synthetic images", () => {
  it("have 32 pixels per side, more if the model needs more", () => {
    const models = ["basiccnn", "wrn_16_2", "mobilenetv2", "inceptionv3"];
    assert.deepEqual(
      models.map((model) => syntheticImages(model).height),
      [32, 32, 32, 75],
    );
  });
});

describe("a meter on engine wasm", () => {
  it("measures training and validation, reports the time by kernel and leaks nothing", async () => {
    const engine = await startEngine("wasm", "float32");
    const before = tf.memory().numTensors;
    const meter = await prepare(engine, "wrn_10_1");
    const training = await meter.train(0.05);
    assert.ok(training.imagesPerSecond > 0 && training.end >= training.start + 50);
    assert.ok((await meter.validate(0.05)).imagesPerSecond > 0);
    const profile = await meter.profile(0.05);
    assert.equal(profile.by, "kernel");
    checkRows(profile);
    const kernels = namesOf(profile, "kernel");
    for (const kernel of ["FusedConv2D", "Conv2DBackpropFilter"]) assert.ok(kernels.includes(kernel), kernel);
    // Adam's square roots count as time of the optimizer, not of a kernel.
    assert.ok(!kernels.includes("Sqrt"));
    assert.deepEqual(namesOf(profile, "optimizer"), ["optimizer"]);
    assert.deepEqual(namesOf(profile, "other"), ["besides kernels"]);
    assert.ok((await meter.train(0.05)).imagesPerSecond > 0, "it continues after a profile");
    meter.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("knows the same models as the trainer", async () => {
    await assert.rejects(prepare(await startEngine("wasm", "float32"), "basicnn"), UsageError);
  });
});

describe("a meter on engine native", { skip: noAddon }, () => {
  it("reports the time by layer and direction, in two rows for a layer of two operations", async () => {
    const meter = await prepare(await startEngine("native", "float32"), "wrn_10_1");
    const profile = await meter.profile(0.05);
    assert.equal(profile.by, "layer");
    checkRows(profile);
    for (const part of ["forward", "backward"]) {
      const layers = namesOf(profile, part);
      assert.equal(new Set(layers).size, layers.length, "a layer has one row each way");
      for (const layer of ["conv", "group_2_block_1_1_norm", "logits"])
        assert.ok(layers.includes(layer), layer);
    }
    assert.deepEqual(namesOf(profile, "optimizer"), ["optimizer"]);
    assert.deepEqual(namesOf(profile, "other").sort(), ["engine besides layers", "trainer"]);
    assert.ok((await meter.train(0.05)).imagesPerSecond > 0, "it continues after a profile");
    meter.dispose();
  });

  it("reports a batch that is too large in one line", async () => {
    const engine = await startEngine("native", "float32");
    await assert.rejects(prepare(engine, "basiccnn", 2 ** 31 - 1), (error) => {
      return (
        error instanceof RunError &&
        /^model basiccnn with batches of 2147483647 is too large/.test(error.message)
      );
    });
  });
});

it("the mean of profiles is the mean of each row, with 0 for missing rows", () => {
  const row = (name: string, milliseconds: number) => ({
    name,
    part: "kernel" as const,
    milliseconds,
    share: 0,
  });
  const mean = meanProfile([
    { by: "kernel", steps: 3, millisecondsPerStep: 6, rows: [row("Add", 4), row("Sum", 2)] },
    { by: "kernel", steps: 5, millisecondsPerStep: 10, rows: [row("Sum", 10)] },
  ]);
  assert.deepEqual(mean, {
    ...{ by: "kernel", steps: 8, millisecondsPerStep: 8 },
    rows: [
      { name: "Sum", part: "kernel", milliseconds: 6, share: 0.75 },
      { name: "Add", part: "kernel", milliseconds: 2, share: 0.25 },
    ],
  });
});
