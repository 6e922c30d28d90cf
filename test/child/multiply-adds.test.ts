import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import * as tfl from "@tensorflow/tfjs-layers";
import { buildModel } from "../../src/child/model.ts";
import { multiplyAdds } from "../../src/child/multiply-adds.ts";
import { RunError } from "../../src/common/errors.ts";
import { startEngine } from "../../src/engine/choose.ts";
import type { Engine } from "../../src/engine/types.ts";

const { layers } = tfl;
let engine: Engine;
before(async () => {
  engine = await startEngine("wasm", "float32");
});

/** Counts for the named child model at 32 × 32 pixels and 10 classes. */
function countChild(name: string) {
  const { net, optimizer } = buildModel(name, { height: 32, width: 32, classes: 10, seed: 0, engine });
  const counts = multiplyAdds(net);
  net.dispose();
  optimizer.dispose();
  return counts;
}

/** Counts for a sequence of layers on images of this shape. */
function countLayers(shape: number[], ...all: tfl.layers.Layer[]) {
  const net = tfl.sequential({ layers: [layers.inputLayer({ inputShape: shape }), ...all] });
  return multiplyAdds(net);
}

const apply = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor) => layer.apply(x) as tfl.SymbolicTensor;

describe("the multiply-adds of a child", () => {
  it("are the sum over the layers of the basic CNN", () => {
    const first = 32 * 32 * (9 * 3) * 32;
    const others = [
      30 * 30 * (9 * 32) * 32,
      15 * 15 * (9 * 32) * 64,
      13 * 13 * (9 * 64) * 64,
      6 * 6 * 64 * 512,
      512 * 10,
    ].reduce((sum, count) => sum + count, 0);
    assert.deepEqual(countChild("basiccnn"), { forward: first + others, training: 2 * first + 3 * others });
    assert.equal(first + others, 20_741_120);
  });

  it("are equal for the groups of WRN-16-2: a quarter of the positions with twice the channels", () => {
    // Four convolutions and the projection of each group, at 32 × 32, 16 × 16 and 8 × 8 positions.
    const group = (places: number, before: number, channels: number) =>
      places * (9 * before * channels + 3 * 9 * channels * channels + before * channels);
    const groups = [group(1024, 16, 32), group(256, 32, 64), group(64, 64, 128)];
    assert.deepEqual(groups, [33_554_432, 33_554_432, 33_554_432]);
    const first = 32 * 32 * (9 * 3) * 16;
    const others = 3 * groups[0] + 128 * 10;
    assert.deepEqual(countChild("wrn_16_2"), { forward: first + others, training: 2 * first + 3 * others });
    assert.equal(first + others, 101_106_944);
  });

  it("count each filter weight of MobileNetV2, depthwise or not, once per output position", () => {
    const { models } = JSON.parse(
      readFileSync(new URL("../fixtures/keras-models.json", import.meta.url), "utf8"),
    );
    const rows: [string, number[], number][] = models.mobilenetv2.layers;
    const products = rows.map(([kind, shape, parameters]) => {
      if (kind === "Conv2D" || kind === "DepthwiseConv2D") return parameters * shape[0] * shape[1];
      return kind === "Dense" ? parameters - shape[0] : 0;
    });
    const forward = products.reduce((sum, count) => sum + count, 0);
    assert.deepEqual(countChild("mobilenetv2"), { forward, training: 3 * forward - products[0] });
    assert.equal(forward, 6_442_368);
  });
});

describe("the multiply-adds of a layer", () => {
  it("count a filter once per output position, with strides, dilation and padding", () => {
    const settings = { filters: 7, kernelSize: [3, 2] as [number, number] };
    const valid = layers.conv2d({ ...settings, strides: 2 });
    assert.equal(countLayers([11, 8, 5], valid).forward, 5 * 4 * (3 * 2 * 5 * 7));
    const same = layers.conv2d({ ...settings, padding: "same", dilationRate: 2 });
    assert.equal(countLayers([11, 8, 5], same).forward, 11 * 8 * (3 * 2 * 5 * 7));
  });

  it("count only the products that depthwise and separable convolutions compute", () => {
    const depthwise = layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: "same" });
    assert.equal(countLayers([6, 5, 4], depthwise).forward, 30 * (9 * 4 * 2));
    const separable = layers.separableConv2d({ kernelSize: 3, filters: 8, padding: "same", strides: 2 });
    assert.equal(countLayers([6, 6, 4], separable).forward, 9 * (9 * 4 + 4 * 8));
  });

  it("count a transposed convolution's filter once per input position", () => {
    const layer = layers.conv2dTranspose({ kernelSize: 3, filters: 8, strides: 2, padding: "same" });
    assert.equal(countLayers([6, 5, 4], layer).forward, 30 * (9 * 4 * 8));
  });

  it("count a dense layer once per input row", () => {
    assert.equal(countLayers([20], layers.dense({ units: 3 })).forward, 60);
    assert.equal(countLayers([7, 20], layers.dense({ units: 3 })).forward, 7 * 60);
  });

  it("are 0 for layers without matrix products", () => {
    const others = [layers.batchNormalization(), layers.activation({ activation: "relu" }), layers.prelu()];
    const pooling = layers.maxPooling2d({ poolSize: 2 });
    assert.deepEqual(countLayers([6, 6, 4], ...others, pooling, layers.flatten()), {
      forward: 0,
      training: 0,
    });
  });

  it("are not guessed for an unknown kind of layer", () => {
    const memory = layers.lstm({ units: 3, name: "memory", recurrentInitializer: "glorotUniform" });
    assert.throws(() => countLayers([7, 20], memory), {
      name: RunError.name,
      message: /layer memory .*LSTM/,
    });
  });
});

describe("the multiply-adds of training", () => {
  const dense = (units: number) => layers.dense({ units });

  it("leave out input gradients without trained layers before them, also behind layers without weights", () => {
    const counts = countLayers([4, 5], layers.flatten(), layers.dropout({ rate: 0.5 }), dense(3), dense(2));
    assert.deepEqual(counts, { forward: 60 + 6, training: 2 * 60 + 3 * 6 });
    const behindNormalization = countLayers([20], layers.batchNormalization(), dense(3));
    assert.deepEqual(behindNormalization, { forward: 60, training: 3 * 60 });
  });

  it("leave out the weight gradients of frozen layers", () => {
    const frozen = layers.dense({ units: 3, trainable: false });
    assert.deepEqual(countLayers([20], frozen, dense(2)), { forward: 66, training: 60 + 2 * 6 });
    const between = layers.dense({ units: 3, trainable: false });
    assert.deepEqual(countLayers([20], dense(20), between), { forward: 460, training: 2 * 400 + 2 * 60 });
  });

  it("count a shared layer or nested model once per use, and nothing that does not lead to the outputs", () => {
    const inputs = tfl.input({ shape: [5] });
    const shared = dense(5);
    const body = tfl.sequential({ layers: [layers.dense({ units: 5, inputShape: [5] })] });
    const once = apply(body, apply(shared, inputs));
    const twice = apply(body, apply(shared, once));
    apply(dense(100), once);
    const net = tfl.model({ inputs, outputs: twice });
    assert.deepEqual(multiplyAdds(net), { forward: 100, training: 2 * 25 + 3 * 75 });
    // A model made of some of the other's layers.
    assert.deepEqual(multiplyAdds(tfl.model({ inputs, outputs: once })), {
      forward: 50,
      training: 2 * 25 + 3 * 25,
    });
  });

  it("are unknown without the images' size", () => {
    const net = tfl.sequential();
    net.add(layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [null, null, 3], name: "any" }));
    assert.throws(() => multiplyAdds(net), { name: RunError.name, message: /layer any .*size/ });
  });
});
