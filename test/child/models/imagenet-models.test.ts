// MobileNetV2 and InceptionV3 as children: initial weights, equal training on every engine, and weights files.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { buildModel, checkModel } from "../../../src/child/model.ts";
import { trainChild } from "../../../src/child/trainer.ts";
import { loadWeights, serializeWeights } from "../../../src/child/weights.ts";
import { UsageError } from "../../../src/common/errors.ts";
import type { EngineChoice } from "../../../src/config/engines.ts";
import type { LabelledImages } from "../../../src/dataset/dataset.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import { findAddon } from "../../../src/engine/native/addon.ts";
import { describePlan } from "../../../src/engine/native/describe-plan.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { resizeBatch } from "../../../src/image/resize.ts";
import { loadSample, slice } from "../../fixtures/sample.ts";
import { evaluateChild } from "../evaluate.ts";

const SIDES = { mobilenetv2: 32, inceptionv3: 75 };
const NAMES = Object.keys(SIDES) as (keyof typeof SIDES)[];
const isNativeHere = !("missing" in findAddon());
const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
let sample: LabelledImages;

before(async () => {
  sample = (await loadSample()).train;
});
after(() => rmSync(folder, { recursive: true }));

const build = (name: keyof typeof SIDES, engine: Engine, { seed = 1, classes = 10 } = {}) =>
  buildModel(name, { height: SIDES[name], width: SIDES[name], classes, seed, engine });
const imagesFor = (name: keyof typeof SIDES, start: number, end: number): LabelledImages => {
  const { images, labels } = slice(sample, start, end);
  return { images: resizeBatch(images, SIDES[name], SIDES[name]), labels };
};
const enginesHere = async () => {
  const wasm = await startEngine("wasm", "float32");
  return isNativeHere ? [wasm, await startEngine("native", "float32")] : [wasm];
};

for (const name of NAMES) {
  describe(name, () => {
    it("rejects images smaller than Keras's minimum, naming image_size", () => {
      const side = SIDES[name];
      checkModel(name, side, side);
      const message = new RegExp(`${name} needs images of at least ${side} × ${side}.*image_size to ${side}`);
      assert.throws(() => checkModel(name, side, side - 1), message);
    });

    it("draws glorot-uniform weights from the seed, layer by layer", async () => {
      const engine = await startEngine("wasm", "float32");
      const filterOf = (seed: number) => {
        const { net } = build(name, engine, { seed });
        const [first] = net.layers.filter((layer) => layer.getClassName() === "Conv2D");
        const [filter] = first.getWeights();
        const values = [...filter.dataSync()];
        net.dispose();
        return values;
      };
      const values = filterOf(1);
      assert.deepEqual(filterOf(1), values);
      assert.notDeepEqual(filterOf(2), values);
      const limit = Math.sqrt(6 / (9 * 3 + 9 * 32));
      const largest = Math.max(...values.map(Math.abs));
      assert.ok(largest <= limit && largest > 0.97 * limit, `largest ${largest}, limit ${limit}`);
    });

    it("is a plan of engine native", async () => {
      const engine = await startEngine("wasm", "float32");
      const size = { height: SIDES[name], width: SIDES[name], classes: 10 };
      const { net } = buildModel(name, { ...size, seed: 1, engine, isShapeOnly: true });
      assert.equal(typeof describePlan(net), "object", String(describePlan(net)));
      net.dispose();
    });
  });
}

describe("MobileNetV2", () => {
  // TensorFlow.js's cpu backend would take a minute; other tests compare each engine's kernels with it.
  it("takes the same steps on engine native as on wasm", { skip: !isNativeHere }, async () => {
    const steps = async (choice: EngineChoice) => {
      const engine = await startEngine(choice, "float32");
      const model = build("mobilenetv2", engine);
      const [few, others] = [imagesFor("mobilenetv2", 0, 8), imagesFor("mobilenetv2", 8, 18)];
      const history = await trainChild(model, few, others, { epochs: 2, batchSize: 8, classes: 10, seed: 1 });
      model.net.dispose();
      return history;
    };
    const [native, wasm] = [await steps("native"), await steps("wasm")];
    for (const [epoch, { loss, validationLoss }] of wasm.entries()) {
      // Moments of only 8 values (8 images of one position) magnify rounding errors.
      const tolerance = epoch === 0 ? 1e-4 : 1e-2;
      const what = `epoch ${epoch + 1}: ${native[epoch].loss}, wasm ${loss}`;
      assert.ok(Math.abs(native[epoch].loss - loss) < tolerance, what);
      assert.ok(Math.abs(native[epoch].validationLoss - validationLoss) < tolerance, what);
    }
  });

  it("saves weights, with moving moments, that load on another engine but not into another model", async () => {
    const path = join(folder, "weights.safetensors");
    const data = imagesFor("mobilenetv2", 20, 30);
    const engines = await enginesHere();
    const writer = engines[engines.length - 1];
    await tf.setBackend(writer.name);
    const trained = build("mobilenetv2", writer);
    const options = { epochs: 2, batchSize: 10, classes: 10, seed: 1 };
    await trainChild(trained, imagesFor("mobilenetv2", 0, 20), data, options);
    writeFileSync(path, await serializeWeights(trained.net));
    const expected = await evaluateChild(trained, data, 10);
    for (const engine of engines) {
      await tf.setBackend(engine.name);
      const fresh = build("mobilenetv2", engine, { seed: 2 });
      const before = await evaluateChild(fresh, data, 10);
      loadWeights(fresh.net, path);
      const [, , mean] = fresh.net.getLayer("out_relu").inboundNodes[0].inboundLayers[0].getWeights();
      assert.ok(mean.dataSync().some((value) => value !== 0));
      const found = await evaluateChild(fresh, data, 10);
      assert.ok(Math.abs(found.loss - expected.loss) < 1e-5, `${engine.name}: ${found.loss}`);
      assert.notEqual(before.loss, expected.loss);
      const other = build("mobilenetv2", engine, { classes: 9 });
      assert.throws(
        () => loadWeights(other.net, path),
        (error) => error instanceof UsageError && /do not fit.*logits.*pre_aug/.test(error.message),
      );
      fresh.net.dispose();
      other.net.dispose();
    }
  });
});

describe("InceptionV3", () => {
  it("trains, although its batch normalization has no scale", async () => {
    const engine = await startEngine("auto", "float32");
    const model = build("inceptionv3", engine);
    const options = { epochs: 1, batchSize: 4, classes: 10, seed: 1 };
    const layer = model.net.getLayer("conv_94_norm");
    assert.equal(layer.getWeights().length, 3);
    const before = layer.getWeights().map((weight) => weight.dataSync().slice());
    const few = imagesFor("inceptionv3", 0, 4);
    const [{ loss, validationLoss }] = await trainChild(model, few, few, options);
    assert.ok(
      loss > 1 && loss < 10 && validationLoss > 1 && validationLoss < 10,
      `${loss}, ${validationLoss}`,
    );
    for (const [i, weight] of layer.getWeights().entries()) assert.notDeepEqual(weight.dataSync(), before[i]);
    model.net.dispose();
  });
});
