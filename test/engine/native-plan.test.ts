// Plans, which run a model's step as one native call: loss and gradients compared with TensorFlow.js's cpu backend, on
// every instruction set and in both precisions; the same bits on every run and with any number of threads; memory.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { Random } from "../../src/common/random.ts";
import "../../src/engine/average-pool-gradient.ts";
import type { Precision } from "../../src/config/engines.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { OPERANDS } from "../../src/engine/native/addon.ts";
import { compileModel } from "../../src/engine/native/compiled.ts";
import { describePlan } from "../../src/engine/native/describe-plan.ts";
import type { NativeBackend } from "../../src/engine/native/storage.ts";
import type { LabelledPixels, StepResult } from "../../src/engine/types.ts";
import { addon, INSTRUCTION_SETS, skip } from "./native-cases.ts";
import { CLASSES, createPlanModel, PLAN_MODELS, SIDE } from "./plan-models.ts";

/** Largest number of images per training step. */
const CAPACITY = 13;

function randomBatch(images: number, key: string): LabelledPixels {
  const random = new Random("plan", key, images);
  return {
    pixels: Uint8Array.from({ length: images * SIDE * SIDE * 3 }, () => random.integer(0, 255)),
    labels: Int32Array.from({ length: images }, () => random.integer(0, CLASSES - 1)),
  };
}

interface Step extends StepResult {
  readonly gradients: Map<string, Float32Array>;
  /** The values of all weights, including moving moments, after the step. */
  readonly weights: Float32Array[];
  /** The result of evaluating the same images after the step. */
  readonly evaluated: StepResult;
}

const valuesOf = (tensor: tf.Tensor) => tensor.dataSync().slice() as Float32Array;
const trainedOf = (net: tfl.LayersModel) =>
  net.trainableWeights.map((weight) => weight.read() as tf.Variable);

/** A new model's first step with TensorFlow.js. */
function tensorStep(name: string, { pixels, labels }: LabelledPixels): Step {
  const net = createPlanModel(name);
  const images = tf.tensor4d(
    Float32Array.from(pixels, (level) => level / 255),
    [labels.length, SIDE, SIDE, 3],
  );
  const truth = tf.tensor1d(labels, "int32");
  const resultOf = (logits: tf.Tensor2D) => ({
    loss: tf.losses.softmaxCrossEntropy(tf.oneHot(truth, CLASSES), logits) as tf.Scalar,
    correct: tf.sum(tf.equal(tf.argMax(logits, 1), truth)).dataSync()[0],
  });
  let correct = 0;
  const { value, grads } = tf.variableGrads(() => {
    const result = resultOf(net.apply(images, { training: true }) as tf.Tensor2D);
    correct = result.correct;
    return result.loss;
  }, trainedOf(net));
  const evaluated = resultOf(net.apply(images, { training: false }) as tf.Tensor2D);
  const step = {
    loss: value.dataSync()[0],
    correct,
    gradients: new Map(trainedOf(net).map(({ name: weight }, i) => [String(i), valuesOf(grads[weight])])),
    weights: net.getWeights().map(valuesOf),
    evaluated: { loss: evaluated.loss.dataSync()[0], correct: evaluated.correct },
  };
  net.dispose();
  return step;
}

/** The same step with a plan. */
function planStep(name: string, batch: LabelledPixels, precision: Precision): Step {
  const net = createPlanModel(name);
  const compiled = compileModel(net, {
    batchSize: CAPACITY,
    precision,
    backend: tf.backend() as NativeBackend,
  });
  assert.ok(compiled, name);
  const result = compiled.train(batch);
  const step = {
    ...result,
    gradients: new Map(
      trainedOf(net).map(({ name: weight }, i) => [String(i), valuesOf(compiled.gradients[weight])]),
    ),
    weights: net.getWeights().map(valuesOf),
    evaluated: compiled.evaluate(batch),
  };
  compiled.dispose();
  net.dispose();
  return step;
}

const norm = (values: Iterable<number>) => Math.hypot(...values);

/** The distance of all gradients together, relative to their length. */
function distance(actual: Step, expected: Step): number {
  const flat = ({ gradients }: Step) => [...gradients.values()].flatMap((values) => [...values]);
  const [found, wanted] = [flat(actual), flat(expected)];
  assert.equal(found.length, wanted.length);
  return norm(found.map((value, i) => value - wanted[i])) / norm(wanted);
}

function assertNear(actual: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} and not ${expected}`);
}

describe("plans", { skip }, () => {
  before(async () => {
    await startEngine("native", "float32");
  });
  after(() => {
    addon.choose();
    addon.setThreads(1);
  });

  /** Steps of each model on 1, 5 and 13 images, with TensorFlow.js. */
  const CASES = Object.keys(PLAN_MODELS).flatMap((name) =>
    [1, 5, CAPACITY].map((images) => ({ name, images })),
  );
  const expectedSteps = new Map<string, Step>();
  before(async () => {
    await tf.setBackend("cpu");
    for (const { name, images } of CASES) {
      expectedSteps.set(`${name} ${images}`, tensorStep(name, randomBatch(images, name)));
    }
    await tf.setBackend("native");
  });
  const expected = (name: string, images: number) => expectedSteps.get(`${name} ${images}`) as Step;

  for (const set of INSTRUCTION_SETS) {
    it(`in float32 agree with TensorFlow.js's losses, gradients, moments and evaluations (${set})`, () => {
      addon.choose(set);
      const distances: number[] = [];
      for (const { name, images } of CASES) {
        const what = `${name}, ${images} images`;
        const wanted = expected(name, images);
        const found = planStep(name, randomBatch(images, name), "float32");
        assertNear(found.loss, wanted.loss, 1e-5, `loss of ${what}`);
        assert.equal(found.correct, wanted.correct, what);
        assertNear(found.evaluated.loss, wanted.evaluated.loss, 2e-5, `evaluated loss of ${what}`);
        assert.equal(found.evaluated.correct, wanted.evaluated.correct, what);
        distances.push(distance(found, wanted));
        for (const [i, weights] of wanted.weights.entries()) {
          for (const [k, value] of weights.entries()) {
            assertNear(found.weights[i][k], value, 1e-5, `weight ${i}, value ${k} of ${what}`);
          }
        }
      }
      // Rounding may open a relu with an input near 0 on one side and close it on the other: a rare and small
      // difference.
      distances.sort((a, b) => a - b);
      const rare = Math.ceil(distances.length / 10);
      assert.ok(
        distances[distances.length - 1 - rare] < 2e-5 && distances[distances.length - 1] < 0.02,
        `${distances}`,
      );
    });

    it(`in bfloat16 are close to them (${set})`, () => {
      addon.choose(set);
      for (const { name, images } of CASES) {
        if (images === 1) continue; // moments of few pixels magnify rounding errors
        const what = `${name}, ${images} images`;
        const wanted = expected(name, images);
        const found = planStep(name, randomBatch(images, name), "bfloat16");
        assertNear(found.loss, wanted.loss, 0.02, `loss of ${what}`);
        // Most of the difference comes from relus and maxima that rounding decides differently.
        assert.ok(distance(found, wanted) < 0.3, `${what}: gradients are ${distance(found, wanted)} apart`);
      }
    });
  }

  it("have gradients that agree with differences of their loss", () => {
    addon.choose();
    const batch = randomBatch(7, "differences");
    const net = createPlanModel("plain");
    const backend = tf.backend() as NativeBackend;
    const { weights, ...plan } = describePlan(net) as Exclude<ReturnType<typeof describePlan>, string>;
    const sizes = weights.map(({ size }) => size);
    const native = new addon.Plan({ ...plan, type: OPERANDS.float32, capacity: 7, weightSizes: sizes });
    const values = weights.map((weight) => backend.floatsOf(weight).slice());
    const gradients = sizes.map((size) => new Float32Array(size));
    // Always the same step, so that the dropout masks are the same.
    const loss = () => native.train(7, batch.pixels, batch.labels, values, gradients, 3)[0];
    loss();
    for (const [i, gradient] of gradients.map((each) => each.slice()).entries()) {
      const start = values[i].slice();
      const length = norm(gradient);
      const lossAt = (step: number) => {
        values[i].set(start.map((value, k) => value + (step * gradient[k]) / length));
        return loss();
      };
      // As small a difference as float32 allows, because the loss has a kink wherever a relu or a maximum switches.
      const step = 2e-3;
      const slope = (lossAt(step) - lossAt(-step)) / (2 * step);
      lossAt(0);
      assertNear(slope, length, 0.02 * length + 1e-3, `${weights[i].name}`);
    }
    native.dispose();
    net.dispose();
  });

  it("give the same bits on every run and with any number of threads", () => {
    addon.choose();
    for (const name of Object.keys(PLAN_MODELS)) {
      for (const precision of ["float32", "bfloat16"] as const) {
        const batch = randomBatch(CAPACITY, "threads");
        addon.setThreads(1);
        const first = planStep(name, batch, precision);
        for (const threads of [1, 2, 3, 8]) {
          addon.setThreads(threads);
          assert.deepEqual(
            planStep(name, batch, precision),
            first,
            `${name}, ${precision}, ${threads} threads`,
          );
        }
      }
    }
    addon.setThreads(1);
  });

  it("normalize without scale and center, which TensorFlow.js cannot do, as with 1 and 0", () => {
    addon.choose();
    const results = [true, false].map((isScaled) => {
      const net = tfl.sequential();
      net.add(
        tfl.layers.batchNormalization({ scale: isScaled, center: isScaled, inputShape: [SIDE, SIDE, 3] }),
      );
      net.add(tfl.layers.flatten());
      net.add(
        tfl.layers.dense({
          units: CLASSES,
          kernelInitializer: tfl.initializers.glorotUniform({ seed: 1 }),
          name: `dense_${isScaled}`,
        }),
      );
      const backend = tf.backend() as NativeBackend;
      const compiled = compileModel(net, { batchSize: CAPACITY, precision: "float32", backend });
      assert.ok(compiled);
      const result = compiled.train(randomBatch(CAPACITY, "scale"));
      const [filter] = trainedOf(net).slice(-2);
      const gradient = valuesOf(compiled.gradients[filter.name]);
      compiled.dispose();
      return { ...result, gradient };
    });
    assert.deepEqual(results[1], results[0]);
  });

  it("do not change clones of weights or the arrays that weights were created from", () => {
    addon.choose();
    const net = createPlanModel("residual");
    const given = net.getWeights().map((weight) => valuesOf(weight).fill(0.5));
    net.setWeights(given.map((values, i) => tf.tensor(values, net.getWeights()[i].shape)));
    const clones = net.getWeights().map((weight) => weight.clone());
    const backend = tf.backend() as NativeBackend;
    const compiled = compileModel(net, { batchSize: CAPACITY, precision: "float32", backend });
    compiled?.train(randomBatch(CAPACITY, "clones"));
    const isHalf = (value: number) => value === 0.5;
    assert.ok(given.every((values) => values.every(isHalf)));
    assert.ok(clones.every((clone) => valuesOf(clone).every(isHalf)));
    assert.ok(!net.getWeights().every((weight) => valuesOf(weight).every(isHalf)));
    compiled?.dispose();
    tf.dispose(clones);
    net.dispose();
  });

  it("evaluate any number of images with any batch size", () => {
    addon.choose();
    const net = createPlanModel("plain");
    const backend = tf.backend() as NativeBackend;
    const batch = randomBatch(40, "evaluation");
    const results = [1, 7, 40, 64].map((batchSize) => {
      const compiled = compileModel(net, { batchSize, precision: "float32", backend });
      const result = compiled?.evaluate(batch);
      compiled?.dispose();
      return result;
    });
    for (const result of results) {
      assert.equal(result?.correct, results[0]?.correct);
      assertNear(result?.loss as number, results[0]?.loss as number, 1e-6, "loss");
    }
    net.dispose();
  });

  it("propagate NaN", () => {
    addon.choose();
    for (const precision of ["float32", "bfloat16"] as const) {
      const net = createPlanModel("plain");
      const [filter] = trainedOf(net);
      const values = valuesOf(filter);
      values[5] = Number.NaN;
      filter.assign(tf.tensor(values, filter.shape));
      const backend = tf.backend() as NativeBackend;
      const compiled = compileModel(net, { batchSize: 4, precision, backend });
      const { loss } = compiled?.train(randomBatch(4, "nan")) as StepResult;
      assert.ok(Number.isNaN(loss), `${precision}: ${loss}`);
      assert.ok(valuesOf(compiled?.gradients[filter.name] as tf.Tensor).some(Number.isNaN));
      compiled?.dispose();
      net.dispose();
    }
  });

  it("use no more memory in a thousand steps than in the first ones", () => {
    addon.choose();
    const net = createPlanModel("residual");
    const backend = tf.backend() as NativeBackend;
    const compiled = compileModel(net, { batchSize: CAPACITY, precision: "float32", backend });
    assert.ok(compiled);
    const batch = randomBatch(CAPACITY, "memory");
    const steps = (count: number) => {
      for (let i = 0; i < count; i++) compiled.train(batch);
      return process.memoryUsage().rss;
    };
    const { numTensors } = tf.memory();
    const before = steps(200);
    const grown = steps(1000) - before;
    assert.ok(grown < 8e6, `${grown / 1e6} MB more`);
    assert.equal(tf.memory().numTensors, numTensors);
    compiled.dispose();
    net.dispose();
  });

  it("free their memory when disposed of, and cannot be used afterwards", () => {
    addon.choose();
    const net = createPlanModel("plain");
    const backend = tf.backend() as NativeBackend;
    const batch = randomBatch(CAPACITY, "disposal");
    let resident = 0;
    for (let i = 0; i < 60; i++) {
      const compiled = compileModel(net, { batchSize: 2000, precision: "float32", backend });
      compiled?.train(batch);
      compiled?.dispose();
      if (i === 10) resident = process.memoryUsage().rss;
      assert.throws(() => compiled?.train(batch));
    }
    const grown = process.memoryUsage().rss - resident;
    assert.ok(grown < 30e6, `${grown / 1e6} MB more`);
    net.dispose();
  });

  it("are not made for a model with an unsupported layer, which is named", () => {
    const { layers } = tfl;
    const withLayer = (layer: tfl.layers.Layer) => {
      const net = tfl.sequential();
      net.add(layers.inputLayer({ inputShape: [8, 8, 3] }));
      net.add(layer);
      net.add(layers.flatten());
      net.add(layers.dense({ units: 3 }));
      return net;
    };
    const unknown: [tfl.layers.Layer, RegExp][] = [
      [layers.conv2d({ filters: 2, kernelSize: 3, activation: "elu", name: "smooth" }), /layer smooth .*elu/],
      [
        layers.separableConv2d({ filters: 2, kernelSize: 3, name: "apart" }),
        /layer apart is a SeparableConv2D/,
      ],
      [layers.dropout({ rate: 0.5, name: "drop" }), /layer drop is a Dropout/],
    ];
    for (const [layer, message] of unknown) assert.match(describePlan(withLayer(layer)) as string, message);
    const padded = (padding: number, behind: tfl.layers.Layer) =>
      tfl.sequential({
        layers: [
          layers.zeroPadding2d({ padding: [padding, padding], inputShape: [8, 8, 3], name: "around" }),
          ...[behind, layers.flatten(), layers.dense({ units: 3 })],
        ],
      });
    assert.match(describePlan(padded(1, layers.maxPooling2d({}))) as string, /layer around pads/);
    const far = padded(3, layers.conv2d({ filters: 2, kernelSize: 3, name: "far" }));
    assert.match(describePlan(far) as string, /layer far has more padding/);
    const softmax = tfl.sequential();
    softmax.add(layers.flatten({ inputShape: [8, 8, 3] }));
    softmax.add(layers.dense({ units: 3, activation: "softmax" }));
    assert.match(describePlan(softmax) as string, /softmax/);
  });

  it("reject an inconsistent description, and arrays that do not fit it", () => {
    const net = createPlanModel("plain");
    const { weights, ...plan } = describePlan(net) as Exclude<ReturnType<typeof describePlan>, string>;
    const sizes = weights.map(({ size }) => size);
    const whole = { ...plan, type: 0, capacity: 4, weightSizes: sizes };
    const wrong: object[] = [
      {},
      { ...whole, logits: 99 },
      { ...whole, capacity: 0 },
      { ...whole, weightSizes: sizes.map((size) => size - 1) },
      { ...whole, valueSizes: plan.valueSizes.map((size) => size + 1) },
      { ...whole, operations: plan.operations.map((operation) => ({ ...operation, kind: "unknown" })) },
      { ...whole, operations: plan.operations.map((operation) => ({ ...operation, inputs: [1000] })) },
      { ...whole, operations: plan.operations.map((operation) => ({ ...operation, shape: [1, 2] })) },
    ];
    const joined = describePlan(createPlanModel("inception")) as Exclude<
      ReturnType<typeof describePlan>,
      string
    >;
    const changed = (kind: string, change: object) => ({
      ...{ ...joined, type: 0, capacity: 4, weightSizes: joined.weights.map(({ size }) => size) },
      operations: joined.operations.map((operation) =>
        operation.kind === kind ? { ...operation, ...change } : operation,
      ),
    });
    new addon.Plan(changed("", {})).dispose();
    wrong.push(changed("concatenation", { places: 0 }), changed("concatenation", { places: 7 }));
    wrong.push(changed("concatenation", { inputs: [1] }), changed("convolution", { kind: "depthwise" }));
    for (const [i, description] of wrong.entries()) {
      assert.throws(() => new addon.Plan(description), TypeError, `description ${i}`);
    }
    const native = new addon.Plan(whole);
    const { pixels, labels } = randomBatch(4, "refused");
    const arrays = sizes.map((size) => new Float32Array(size));
    assert.throws(() => native.train(4, pixels.subarray(1), labels, arrays, arrays, 0), /pixels/);
    assert.throws(
      () =>
        native.train(
          4,
          pixels,
          labels.map(() => CLASSES),
          arrays,
          arrays,
          0,
        ),
      /labels/,
    );
    assert.throws(() => native.train(4, pixels, labels, arrays.slice(1), arrays, 0), /weights/);
    assert.throws(
      () =>
        native.train(
          4,
          pixels,
          labels,
          arrays,
          arrays.map(() => new Float32Array(1)),
          0,
        ),
      /gradients/,
    );
    const more = randomBatch(5, "refused");
    assert.throws(() => native.train(5, more.pixels, more.labels, arrays, arrays, 0), /at most 4/);
    native.dispose();
    net.dispose();
  });
});
