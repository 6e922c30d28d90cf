// Real trainings on a few real images.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { buildModel, checkModel } from "../../src/child/model.ts";
import type { EpochResult } from "../../src/child/reward.ts";
import { trainChild } from "../../src/child/trainer.ts";
import { loadWeights, serializeWeights } from "../../src/child/weights.ts";
import { UsageError } from "../../src/common/errors.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { composedOptimizers } from "../../src/engine/composed.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import type { Engine } from "../../src/engine/types.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import { loadSample, slice } from "../fixtures/sample.ts";
import { evaluateChild } from "./evaluate.ts";

const CPU: Engine = { name: "cpu", precision: "float32", kernels: null, optimizers: composedOptimizers };
let wasm: Engine;
let train: LabelledImages;
let validation: LabelledImages;
const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));

before(async () => {
  wasm = await startEngine("wasm", "float32");
  const sample = await loadSample();
  train = slice(sample.train, 0, 160);
  validation = slice(sample.train, 160, 170);
});
after(() => rmSync(folder, { recursive: true }));

const build = (engine: Engine, seed = 1) =>
  buildModel("basiccnn", { height: 32, width: 32, classes: 10, seed, engine });

/** Trains a new child; returns the history without times. */
async function train1(
  engine: Engine,
  images: LabelledImages,
  epochs: number,
  seed = 1,
): Promise<Omit<EpochResult, "seconds">[]> {
  await tf.setBackend(engine.name);
  const model = build(engine, seed);
  const history = await trainChild(model, images, validation, { epochs, batchSize: 16, classes: 10, seed });
  model.net.dispose();
  model.optimizer.dispose();
  return history.map(({ seconds: _, ...rest }) => rest);
}

describe("the basic CNN", () => {
  it("has exactly 1,250,858 parameters at 32 × 32 × 3 and 10 classes", () => {
    const { net } = build(wasm);
    assert.equal(net.countParams(), 1_250_858);
    net.dispose();
  });

  it("draws glorot-uniform weights from the seed, and zero biases", () => {
    const [a, again, b] = [build(wasm, 1), build(wasm, 1), build(wasm, 2)].map(({ net }) => {
      const values = net.getWeights().map((weight) => [...weight.dataSync()]);
      net.dispose();
      return values;
    });
    assert.deepEqual(a, again);
    assert.notDeepEqual(a[0], b[0]);
    const limit = Math.sqrt(6 / (3 * 3 * 3 + 3 * 3 * 32));
    const largest = Math.max(...a[0].map(Math.abs));
    assert.ok(largest <= limit && largest > 0.97 * limit, `largest ${largest}, limit ${limit}`);
    assert.ok(a[1].every((bias) => bias === 0));
  });

  it("rejects images too small for its convolutions, naming image_size", () => {
    checkModel("basiccnn", 10, 10);
    assert.throws(() => checkModel("basiccnn", 9, 32), /image_size/);
    assert.throws(() => checkModel("basicnn", 32, 32), /did you mean "basiccnn"/);
  });
});

describe("trainChild", () => {
  it("learns its training images: the loss falls and the accuracy rises far above chance", async () => {
    const history = await train1(wasm, slice(train, 0, 40), 25);
    const last = history[history.length - 1];
    assert.ok(history[0].loss > 2.2, `first loss ${history[0].loss}`);
    assert.ok(last.loss < 1.9, `last loss ${last.loss}`);
    assert.ok(last.accuracy >= 0.3, `last accuracy ${last.accuracy}`);
  });

  it("gives the same history for the same seed and a different one for another seed", async () => {
    const few = slice(train, 0, 20);
    const first = await train1(wasm, few, 2);
    assert.deepEqual(await train1(wasm, few, 2), first);
    assert.notDeepEqual(await train1(wasm, few, 2, 7), first);
  });

  it("takes the same steps on every engine as on TensorFlow.js's cpu backend", async () => {
    // The smallest images, because the cpu backend is slow.
    const small = ({ images, labels }: LabelledImages) => ({ images: resizeBatch(images, 10, 10), labels });
    const few = small(slice(train, 0, 12));
    const steps = async (engine: Engine) => {
      await tf.setBackend(engine.name);
      const model = buildModel("basiccnn", { height: 10, width: 10, classes: 10, seed: 1, engine });
      const options = { epochs: 2, batchSize: 5, classes: 10, seed: 1 };
      return trainChild(model, few, small(validation), options);
    };
    const expected = await steps(CPU);
    const engines = "addon" in findAddon() ? [wasm, await startEngine("native", "float32")] : [wasm];
    for (const engine of engines) {
      const actual = await steps(engine);
      for (const [epoch, { loss, validationLoss }] of expected.entries()) {
        const found = actual[epoch];
        const what = `${engine.name}, epoch ${epoch + 1}`;
        assert.ok(Math.abs(found.loss - loss) < 1e-3, `${what}: ${found.loss}, cpu ${loss}`);
        assert.ok(Math.abs(found.validationLoss - validationLoss) < 1e-3, what);
      }
    }
  });

  it("leaks no tensors", async () => {
    await train1(wasm, slice(train, 0, 20), 1);
    const before = tf.memory().numTensors;
    await train1(wasm, slice(train, 0, 20), 1);
    assert.equal(tf.memory().numTensors, before);
  });
});

describe("weights in a file", () => {
  it("are the same after saving and loading", async () => {
    await tf.setBackend("wasm");
    const path = join(folder, "weights.safetensors");
    const trained = build(wasm, 1);
    await trainChild(trained, slice(train, 0, 20), validation, {
      epochs: 1,
      batchSize: 16,
      classes: 10,
      seed: 1,
    });
    writeFileSync(path, await serializeWeights(trained.net));
    const fresh = build(wasm, 2);
    loadWeights(fresh.net, path);
    assert.deepEqual(
      await evaluateChild(fresh, validation, 10),
      await evaluateChild(trained, validation, 10),
    );
    const other = buildModel("basiccnn", { height: 32, width: 32, classes: 7, seed: 1, engine: wasm });
    assert.throws(
      () => loadWeights(other.net, path),
      (error) => error instanceof UsageError && /logits.*pre_aug_weights_path/.test(error.message),
    );
    truncateSync(path, 10_000);
    assert.throws(
      () => loadWeights(fresh.net, path),
      (error) => error instanceof UsageError && error.message.includes(path),
    );
    assert.throws(() => loadWeights(fresh.net, join(folder, "none")), /no such file/);
  });
});
