// Final trainings on a few real images: their steps, their checkpoints, and their averaged weights.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { CosineSgd, cosineRate } from "../../src/child/cosine-sgd.ts";
import { FinalTraining, type FinalTrainingOptions } from "../../src/child/final-trainer.ts";
import { judge } from "../../src/child/judge.ts";
import { buildModel } from "../../src/child/model.ts";
import type { ChildModel } from "../../src/child/types.ts";
import { namedWeights, serializeWeights } from "../../src/child/weights.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import type { Engine } from "../../src/engine/types.ts";
import { imageAt } from "../../src/image/batch.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

const SIDE = 12;
const folder = mkdtempSync(join(tmpdir(), "deepaugment-final-"));
after(() => rmSync(folder, { recursive: true }));

let train: LabelledImages;
let test: LabelledImages;
before(async () => {
  const sample = await loadSample();
  const small = ({ images, labels }: LabelledImages) => ({ images: resizeBatch(images, SIDE, SIDE), labels });
  train = small(slice(sample.train, 0, 60));
  test = small(slice(sample.train, 100, 140));
});

const build = (engine: Engine, name = "basiccnn") =>
  buildModel(name, { height: SIDE, width: SIDE, classes: 10, seed: 4, engine });

const OPTIONS: FinalTrainingOptions = { epochs: 3, epochImages: 60, batchSize: 16, classes: 10, seed: 2 };

/** Each image inverted in even epochs, so that epochs differ. */
const invertInTurn: FinalTrainingOptions["redraw"] = (indices, epoch, target) => {
  for (const [i, index] of indices.entries()) {
    const source = imageAt(train.images, index);
    imageAt(target, i).set(epoch % 2 === 0 ? source.map((value) => 255 - value) : source);
  }
};

async function trainWith(
  model: ChildModel,
  options: Partial<FinalTrainingOptions> = {},
): Promise<{ weights: Uint8Array; epochs: number[][] }> {
  const training = new FinalTraining(model, train, { ...OPTIONS, ...options });
  await training.run();
  const isAveraged = options.averages !== undefined;
  if (isAveraged) await training.average();
  const epochs = training.history.map(({ epoch, loss, accuracy }) => [epoch, loss, accuracy]);
  const weights = await serializeWeights(model.net);
  model.net.dispose();
  model.optimizer.dispose();
  return { weights, epochs };
}

const engines = findAddon() === undefined ? (["wasm"] as const) : (["native", "wasm"] as const);
for (const name of engines) {
  describe(`a final training on engine ${name}`, () => {
    let engine: Engine;
    before(async () => {
      engine = await startEngine(name, "float32");
    });
    const cases = [
      ["basiccnn", (model: ChildModel) => model],
      // Batch normalisation, dropout-free; SGD with momentum and decay.
      [
        "wrn_10_1",
        (model: ChildModel) => {
          const settings = { learningRate: 0.05, momentum: 0.9, weightDecay: 0.001 };
          return {
            ...model,
            optimizer: new CosineSgd(model.engine, { ...settings, steps: 180, warmupSteps: 20 }),
          };
        },
      ],
    ] as const;
    // The fallback trains a Wide ResNet slowly, and differs in nothing that matters here.
    for (const [modelName, prepare] of name === engines[0] ? cases : cases.slice(0, 1)) {
      it(`continues from a checkpoint to the same bits (${modelName})`, async () => {
        // Batches of one image: a chunk is 32 of the 60 images.
        const options = { redraw: invertInTurn, averages: [{ from: 2, to: 3 }], batchSize: 1 };
        const whole = await trainWith(prepare(build(engine, modelName)), options);
        const checkpoint = {
          path: join(folder, `${name}-${modelName}`),
          training: "this one",
          everySeconds: 0,
        };
        // Interrupted at every second report: each time the training gets one chunk further.
        let reports = 0;
        for (let interruptions = 0; interruptions < 3; interruptions++) {
          const model = prepare(build(engine, modelName));
          const interrupted = new FinalTraining(model, train, {
            ...{ ...OPTIONS, ...options, checkpoint },
            onProgress: () => {
              // The checkpoint of a chunk is written after its report, so this loses the chunk.
              if (++reports % 2 === 0) throw new Error("killed");
            },
          });
          await assert.rejects(interrupted.run(), /killed/);
          model.net.dispose();
          model.optimizer.dispose();
          if (interruptions === 0) assert.ok(existsSync(checkpoint.path));
        }
        const continued = await trainWith(prepare(build(engine, modelName)), { ...options, checkpoint });
        assert.deepEqual(continued.epochs, whole.epochs);
        assert.deepEqual(continued.weights, whole.weights);
      });
    }

    it("ignores a checkpoint of another training, and a damaged one", async () => {
      const path = join(folder, `${name}-other`);
      const first = { path, training: "first", everySeconds: 0 };
      await trainWith(build(engine), { checkpoint: first });
      const other = await trainWith(build(engine), { checkpoint: { ...first, training: "second" }, seed: 3 });
      assert.deepEqual(other, await trainWith(build(engine), { seed: 3 }));
      const bytes = readFileSync(path);
      bytes[bytes.length - 5] ^= 1;
      writeFileSync(path, bytes);
      const again = await trainWith(build(engine), { checkpoint: { ...first, training: "second" }, seed: 3 });
      assert.deepEqual(again, other);
    });

    it("continues one that diverges, too", async () => {
      const diverging = () => {
        const model = build(engine);
        const settings = { learningRate: 1e6, momentum: 0.9, weightDecay: 0, steps: 12, warmupSteps: 0 };
        return { ...model, optimizer: new CosineSgd(engine, settings) };
      };
      const checkpoint = { path: join(folder, `${name}-nan`), training: "nan", everySeconds: 0 };
      const whole = await trainWith(diverging());
      assert.ok(whole.epochs.some(([, loss]) => !Number.isFinite(loss)));
      const stopped = new FinalTraining(diverging(), train, {
        ...{ ...OPTIONS, checkpoint },
        onProgress: ({ epoch }) => {
          if (epoch === 3) throw new Error("killed");
        },
      });
      await assert.rejects(stopped.run(), /killed/);
      assert.deepEqual(await trainWith(diverging(), { checkpoint }), whole);
    });

    it("classifies test images one by one", async () => {
      const model = build(engine);
      await new FinalTraining(model, train, OPTIONS).run();
      const { loss, accuracy, predictions } = await judge(model, test, 10);
      const { loss: sameLoss, predictions: same } = await judge(
        { ...model, engine: plain(engine) },
        test,
        10,
      );
      assert.deepEqual(predictions, same);
      assert.ok(Math.abs(loss - sameLoss) < 1e-4);
      const correct = predictions.filter((prediction, i) => prediction === test.labels[i]).length;
      assert.equal(accuracy, correct / test.labels.length);
      model.net.dispose();
      model.optimizer.dispose();
    });
  });
}

/** The engine without its compiled models, so that TensorFlow.js's operations run on it. */
function plain({ compile: _, onDevice: _device, ...engine }: Engine): Engine {
  return engine;
}

describe("a final training", () => {
  let engine: Engine;
  before(async () => {
    engine = await startEngine(engines[0], "float32");
    await tf.setBackend(engines[0]);
  });

  it("takes the same number of steps on a larger set, whose images come in turn", async () => {
    const seen: number[][] = [];
    const redraw: FinalTrainingOptions["redraw"] = (indices, epoch, target) => {
      seen[epoch] = [...(seen[epoch] ?? []), ...indices];
      for (const [i, index] of indices.entries()) imageAt(target, i).set(imageAt(train.images, index));
    };
    const model = build(engine);
    const training = new FinalTraining(model, train, { ...OPTIONS, epochImages: 24, epochs: 5, redraw });
    await training.run();
    assert.equal(model.optimizer.state.steps, 5 * 2);
    assert.deepEqual(
      seen.slice(1).map(({ length }) => length),
      [24, 24, 24, 24, 24],
    );
    // Two passes over 60 images in 5 epochs of 24.
    const order = seen.slice(1).flat();
    for (const pass of [order.slice(0, 60), order.slice(60)]) assert.equal(new Set(pass).size, 60);
    model.net.dispose();
    model.optimizer.dispose();
  });

  it("averages the weights at the ends of the last epochs", async () => {
    const weightsAfter = async (epochs: number) => {
      const model = build(engine);
      await new FinalTraining(model, train, { ...OPTIONS, epochs }).run();
      const values = namedWeights(model.net).map(({ variable }) => Float32Array.from(variable.dataSync()));
      model.net.dispose();
      model.optimizer.dispose();
      return values;
    };
    const ends = [await weightsAfter(2), await weightsAfter(3)];
    const model = build(engine);
    const training = new FinalTraining(model, train, { ...OPTIONS, averages: [{ from: 2, to: 3 }] });
    await training.run();
    await training.average();
    for (const [i, { variable }] of namedWeights(model.net).entries()) {
      const averaged = variable.dataSync();
      for (let k = 0; k < averaged.length; k++) {
        assert.ok(Math.abs(averaged[k] - (ends[0][i][k] + ends[1][i][k]) / 2) < 1e-7);
      }
    }
    model.net.dispose();
    model.optimizer.dispose();
  });

  it("evaluates the average of an earlier span, and trains as if it had not", async () => {
    const averages = [
      { from: 1, to: 2 },
      { from: 2, to: 3 },
    ];
    const whole = await trainWith(build(engine), { averages });
    const early = await trainWith(build(engine), { epochs: 2, averages: [averages[0]] });
    const model = build(engine);
    let found: Uint8Array | undefined;
    const training: FinalTraining = new FinalTraining(model, train, {
      ...{ ...OPTIONS, averages },
      afterEpoch: async (epoch) => {
        if (epoch !== 2) return;
        const last = await training.evaluate(test);
        found = await training.withAverage(0, () => serializeWeights(model.net));
        assert.deepEqual(await training.evaluate(test), last);
      },
    });
    await training.run();
    await training.average();
    assert.deepEqual(found, early.weights);
    assert.deepEqual(await serializeWeights(model.net), whole.weights);
    model.net.dispose();
    model.optimizer.dispose();
  });

  const finals: [string, (training: FinalTraining) => Promise<void>][] = [
    ["averaged weights", (training) => training.average()],
    ["the last weights", (training) => training.measureMoments()],
  ];
  for (const [of, finish] of finals) {
    it(`measures the moments of batch normalisation anew for ${of}`, async () => {
      const model = build(engine, "wrn_10_1");
      const averages = [{ from: 1, to: 2 }];
      const training = new FinalTraining(model, train, { ...OPTIONS, epochs: 2, averages });
      await training.run();
      await finish(training);
      // The first normalisation's input is a convolution of the images: its mean and variance can be computed directly.
      const first = model.net.layers.find((layer) => layer.getClassName() === "BatchNormalization")!;
      const [, , mean, variance] = first.getWeights().map((weight) => weight.dataSync());
      const pixels = tf.div(tf.tensor4d(Float32Array.from(train.images.data), [60, SIDE, SIDE, 3]), 255);
      const convolved = model.net.getLayer("conv").apply(pixels) as tf.Tensor;
      const { mean: trueMean, variance: trueVariance } = tf.moments(convolved, [0, 1, 2]);
      for (const [found, expected] of [
        [mean, trueMean.dataSync()],
        [variance, trueVariance.dataSync()],
      ]) {
        for (let c = 0; c < found.length; c++) {
          const close = Math.abs(found[c] - expected[c]) < 0.02 + 0.1 * Math.abs(expected[c]);
          assert.ok(close, `channel ${c}: ${found[c]}, in truth ${expected[c]}`);
        }
      }
      model.net.dispose();
      model.optimizer.dispose();
    });
  }
});

describe("the learning rate of a cosine", () => {
  it("rises linearly, and then falls to zero", () => {
    const rate = (step: number) => cosineRate({ learningRate: 0.4, steps: 104, warmupSteps: 4 }, step);
    assert.deepEqual(
      [0, 1, 3].map(rate).map((value) => Number(value.toFixed(12))),
      [0.1, 0.2, 0.4],
    );
    assert.equal(rate(4), 0.4);
    assert.ok(Math.abs(rate(54) - 0.2) < 1e-12);
    assert.ok(rate(103) < 0.001 && rate(103) > 0);
    assert.ok(Math.abs(rate(104)) < 1e-12);
  });
});
