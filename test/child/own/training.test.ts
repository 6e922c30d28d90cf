// Trains children from files written by Keras on a few images.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { buildModel } from "../../../src/child/model.ts";
import { trainChild } from "../../../src/child/trainer.ts";
import type { ChildModel } from "../../../src/child/types.ts";
import type { EngineName } from "../../../src/config/engines.ts";
import type { LabelledImages } from "../../../src/dataset/dataset.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import { findAddon } from "../../../src/engine/native/addon.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { resizeBatch } from "../../../src/image/resize.ts";
import { loadSample, slice } from "../../fixtures/sample.ts";
import { KERAS_MODELS, modelPath } from "./keras.ts";

const ENGINES: EngineName[] = "missing" in findAddon() ? ["wasm"] : ["wasm", "native"];
const SMALL = KERAS_MODELS.filter(({ file }) =>
  /keras3-(sequential|resnet|all-layers|random-layers|operations)/.test(file),
);

let sample: LabelledImages;
before(async () => {
  sample = (await loadSample()).train;
});

/** Images [start, end) of the sample, resized to side × side pixels. */
function imagesFor(side: number, start: number, end: number): LabelledImages {
  const { images, labels } = slice(sample, start, end);
  return { images: resizeBatch(images, side, side), labels };
}

const build = (file: string, side: number, engine: Engine, seed = 1): ChildModel =>
  buildModel(modelPath(file), { height: side, width: side, classes: 10, seed, engine });

function dispose({ net, optimizer }: ChildModel): void {
  net.dispose();
  optimizer.dispose();
}

const weightsOf = (net: LayersModel) => net.getWeights().map((weight) => [...weight.dataSync()]);

async function train(file: string, side: number, engine: Engine, epochs: number, count = 40) {
  const model = build(file, side, engine);
  const options = { epochs, batchSize: 20, classes: 10, seed: 1 };
  const history = await trainChild(model, imagesFor(side, 0, count), imagesFor(side, 40, 60), options);
  dispose(model);
  return history.map(({ loss, validationLoss }) => ({ loss, validationLoss }));
}

for (const name of ENGINES) {
  describe(`a user's own model on engine ${name}`, () => {
    let engine: Engine;
    before(async () => {
      engine = await startEngine(name, "float32");
    });

    for (const { file, side } of SMALL) {
      it(`${file} learns, and reproducibly for the same seed`, async () => {
        const history = await train(file, side, engine, 4);
        assert.ok(history[3].loss < history[0].loss, JSON.stringify(history));
        const before = tf.memory().numTensors;
        assert.deepEqual(await train(file, side, engine, 1), history.slice(0, 1));
        assert.equal(tf.memory().numTensors, before, "no tensors leak");
      });
    }

    it("EfficientNetB0 trains", async () => {
      const [{ loss, validationLoss }] = await train("keras3-efficientnetb0.keras", 32, engine, 1, 20);
      assert.ok(Number.isFinite(loss) && Number.isFinite(validationLoss));
    });
  });
}

describe("the weights of a user's own model", () => {
  it("depend only on the seed and each layer's initializer", async () => {
    const drawn: number[][][] = [];
    for (const name of ENGINES) {
      const engine = await startEngine(name, "float32");
      for (const seed of [1, 1, 2]) {
        const model = build("keras3-all-layers.json", 16, engine, seed);
        drawn.push(weightsOf(model.net));
        dispose(model);
      }
    }
    for (const i of [1, 3, 4].filter((i) => i < drawn.length)) assert.deepEqual(drawn[i], drawn[0]);
    assert.notDeepEqual(drawn[2], drawn[0]);
  });

  it("have the spread of Keras's initializers", async () => {
    const engine = await startEngine("wasm", "float32");
    const model = build("keras2-efficientnetb0.json.gz", 32, engine);
    // VarianceScaling with scale 2, fan_out and a truncated normal distribution.
    const kernel = model.net.getLayer("top_conv").getWeights()[0];
    const [, , , filters] = kernel.shape;
    const deviation = Math.sqrt(2 / filters);
    const values = kernel.dataSync<"float32">();
    const square = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
    assert.ok(Math.abs(Math.sqrt(square) / deviation - 1) < 0.01);
    const cut = (2 * deviation) / 0.87962566103423978;
    assert.ok(Math.max(...values.map(Math.abs).slice(0, 100_000)) <= cut * 1.0001);
    dispose(model);
  });
});
