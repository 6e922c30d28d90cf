import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { buildModel, checkModel } from "../../../src/child/model.ts";
import { countFilterWeights } from "../../../src/child/models/wide-resnet.ts";
import { trainChild } from "../../../src/child/trainer.ts";
import { loadWeights, serializeWeights } from "../../../src/child/weights.ts";
import { UsageError } from "../../../src/common/errors.ts";
import type { LabelledImages } from "../../../src/dataset/dataset.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import { composedOptimizers } from "../../../src/engine/composed.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { resizeBatch } from "../../../src/image/resize.ts";
import { loadSample, slice } from "../../fixtures/sample.ts";
import { evaluateChild } from "../evaluate.ts";

const CPU: Engine = { name: "cpu", precision: "float32", kernels: null, optimizers: composedOptimizers };
const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
let wasm: Engine;
let images: LabelledImages;

before(async () => {
  wasm = await startEngine("wasm", "float32");
  const { train } = await loadSample();
  images = { images: resizeBatch(train.images, 16, 16), labels: train.labels };
});
after(() => rmSync(folder, { recursive: true }));

const build = (name: string, side: number, { seed = 1, engine = wasm } = {}) =>
  buildModel(name, { height: side, width: side, classes: 10, seed, engine });
const train = (model: ReturnType<typeof build>, data: LabelledImages, epochs: number) =>
  trainChild(model, data, slice(images, 160, 170), { epochs, batchSize: 10, classes: 10, seed: 1 });
const size = (shape: readonly (number | null)[]) =>
  shape.reduce<number>((product, n) => product * (n ?? 1), 1);

describe("a Wide ResNet", () => {
  it("has the paper's parameters, layer by layer: WRN-16-2", () => {
    const { net } = build("wrn_16_2", 32);
    const found = net.layers
      .filter((layer) => layer.trainableWeights.length > 0)
      .map((layer) => layer.trainableWeights.reduce((sum, { shape }) => sum + size(shape), 0));
    const norm = (channels: number) => 2 * channels;
    // Per group: the first block's norms and convolutions with its projection, then those of the second block.
    const group = (before: number, channels: number) => [
      ...[norm(before), 9 * before * channels, norm(channels), before * channels, 9 * channels * channels],
      ...[norm(channels), 9 * channels * channels, norm(channels), 9 * channels * channels],
    ];
    const expected = [
      ...[9 * 3 * 16, ...group(16, 32), ...group(32, 64), ...group(64, 128)],
      ...[norm(128), 128 * 10 + 10],
    ];
    assert.deepEqual(found.toSorted(), expected.toSorted());
    assert.equal(
      expected.reduce((sum, count) => sum + count, 0),
      691_674,
    );
    assert.equal(net.countParams() - 691_674, 2 * 912, "moving means and variances of 912 channels");
    net.dispose();
  });

  it("has the number of filter weights that is counted before it is built", () => {
    for (const [depth, width] of [
      [10, 1],
      [16, 2],
      [22, 3],
    ]) {
      const { net } = build(`wrn_${depth}_${width}`, 8);
      const filters = net.layers.filter((layer) => layer.getClassName() === "Conv2D");
      const count = filters.reduce((sum, layer) => sum + layer.countParams(), 0);
      assert.equal(countFilterWeights({ depth, width }), count);
      net.dispose();
    }
  });

  it("of width 1 projects only in groups that halve the image", () => {
    const { net } = build("wrn_10_1", 32);
    const shortcuts = net.layers.filter(({ name }) => name.endsWith("shortcut")).map(({ name }) => name);
    assert.deepEqual(shortcuts, ["group_2_block_1_shortcut", "group_3_block_1_shortcut"]);
    assert.deepEqual(net.getLayer("last_relu").outputShape, [null, 8, 8, 64]);
    net.dispose();
  });

  it("draws he-normal convolutions from the seed", () => {
    const weightsOf = (seed: number) => {
      const { net } = build("wrn_10_4", 16, { seed });
      const values = [...net.getLayer("group_3_block_1_2_conv").getWeights()[0].dataSync()];
      net.dispose();
      return values;
    };
    const values = weightsOf(1);
    assert.deepEqual(weightsOf(1), values);
    assert.notDeepEqual(weightsOf(2), values);
    // A normal distribution truncated at two standard deviations keeps 0.774 of its variance.
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    const expected = 0.774 * (2 / (9 * 256));
    assert.ok(Math.abs(variance / expected - 1) < 0.02, `variance ${variance}, expected ${expected}`);
  });

  it("learns its training images on engine wasm: the loss falls, the accuracy rises", async () => {
    await tf.setBackend("wasm");
    const history = await train(build("wrn_10_1", 16), slice(images, 0, 40), 12);
    const last = history[history.length - 1];
    assert.ok(history[0].loss > 1.9, `first loss ${history[0].loss}`);
    assert.ok(last.loss < 1.2, `last loss ${last.loss}`);
    assert.ok(last.accuracy > 0.6, `last accuracy ${last.accuracy}`);
  });

  it("takes the same steps on the wasm engine as on TensorFlow.js's cpu backend", async () => {
    // Small images, because the cpu backend is slow.
    const small = { images: resizeBatch(images.images, 8, 8), labels: images.labels };
    const options = { epochs: 2, batchSize: 5, classes: 10, seed: 1 };
    const steps = async (engine: Engine) => {
      await tf.setBackend(engine.name);
      return trainChild(build("wrn_10_1", 8, { engine }), slice(small, 0, 10), slice(small, 10, 20), options);
    };
    const expected = await steps(CPU);
    const actual = await steps(wasm);
    for (const [epoch, { loss, validationLoss }] of expected.entries()) {
      const found = actual[epoch];
      assert.ok(Math.abs(found.loss - loss) < 1e-2, `epoch ${epoch + 1}: ${found.loss}, cpu ${loss}`);
      assert.ok(Math.abs(found.validationLoss - validationLoss) < 1e-2);
    }
  });

  it("validates with the moving means and saves them in its weights file", async () => {
    await tf.setBackend("wasm");
    const path = join(folder, "weights.safetensors");
    const trained = build("wrn_10_1", 16);
    await train(trained, slice(images, 0, 20), 2);
    writeFileSync(path, await serializeWeights(trained.net));
    const before = tf.memory().numTensors;
    const fresh = build("wrn_10_1", 16, { seed: 2 });
    loadWeights(fresh.net, path);
    const data = slice(images, 170, 180);
    assert.deepEqual(await evaluateChild(fresh, data, 10), await evaluateChild(trained, data, 10));
    const [gamma, , mean] = fresh.net.getLayer("last_norm").getWeights();
    assert.notDeepEqual(mean.dataSync(), new Float32Array(mean.size));
    assert.notDeepEqual(gamma.dataSync(), mean.dataSync());
    fresh.net.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});

describe("the names of Wide ResNets", () => {
  const messageFor = (name: string, side = 32) => {
    try {
      checkModel(name, side, side);
    } catch (error) {
      assert.ok(error instanceof UsageError);
      return error.message;
    }
    return "";
  };

  it("are wrn_<depth>_<width>, in any case", () => {
    for (const name of ["wrn_16_2", "WRN_28_10", "wrn_40_4", "wrn_10_1"]) assert.equal(messageFor(name), "");
  });

  it("with an impossible depth give an error that names the nearest", () => {
    assert.match(messageFor("wrn_15_2"), /wrn_10_2 or wrn_16_2/);
    assert.match(messageFor("wrn_30_4"), /wrn_28_4 or wrn_34_4/);
    for (const depth of [0, 4, 9]) assert.match(messageFor(`wrn_${depth}_3`), /use wrn_10_3$/);
  });

  it("of another form give an error that shows the right form", () => {
    for (const name of ["wrn", "wrn_16", "wrn-16-2", "wrn_16_0", "wrn_a_b", "wrn_16_2_1", "wrn_99999_2"])
      assert.match(messageFor(name), /wrn_<depth>_<width>/, name);
    assert.match(messageFor("resnet"), /unknown model "resnet".*wrn_<depth>_<width>/);
  });

  it("of models too large for memory give an error with the memory they need", () => {
    assert.match(messageFor("wrn_9994_999"), /model wrn_9994_999 has over [\d,]+ million weights.* GB/);
  });

  it("reject images that cannot be halved twice", () => {
    assert.equal(messageFor("wrn_16_2", 4), "");
    assert.match(messageFor("wrn_16_2", 3), /at least 4 × 4 pixels.*image_size/);
  });
});
