// Shared by the tests of the backends: the comparison of a computation with TensorFlow.js's cpu backend, and random
// cases for the kernels that all our backends have.

import assert from "node:assert/strict";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import { Random } from "../../src/common/random.ts";
import { composedOptimizers } from "../../src/engine/composed.ts";
import type { AdamVariable, Optimizers } from "../../src/engine/optimizers.ts";
import type { Engine } from "../../src/engine/types.ts";

/** Compares the results of a computation on two backends. */
export type Compare = (what: string, compute: () => tf.Tensor) => Promise<void>;

interface Result {
  readonly shape: number[];
  readonly values: Float32Array;
}

async function on(backend: string, compute: () => tf.Tensor): Promise<Result> {
  await tf.setBackend(backend);
  const result = tf.tidy(compute);
  const values = (await result.data()) as Float32Array;
  result.dispose();
  return { shape: result.shape, values };
}

/**
 * Compares results on `backend` with those on the cpu backend: equal up to `tolerance`, relative to the largest finite
 * value; values that are not finite must be the same. `variants` are ways to run the backend, all of which are
 * compared.
 */
export function comparison(
  backend: string,
  tolerance: number,
  variants: Record<string, () => void> = { "": () => {} },
): Compare {
  return async (what, compute) => {
    const expected = await on("cpu", compute);
    const scale = expected.values.reduce(
      (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
      1,
    );
    for (const [variant, prepare] of Object.entries(variants)) {
      prepare();
      const actual = await on(backend, compute);
      const where = `${variant} ${what}`;
      assert.deepEqual(actual.shape, expected.shape, where);
      expected.values.forEach((value, i) => {
        const found = actual.values[i];
        const isClose = Number.isFinite(value) && Math.abs(found - value) <= tolerance * scale;
        if (!isClose && !Object.is(found, value)) {
          assert.fail(`${where}: value ${i} is ${found} and not ${value}; the largest is ${scale}`);
        }
      });
    }
  };
}

export function randomValues(random: Random, shape: number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform(-1, 1));
}

/** Random values, some of them replaced by NaN, infinities, zeros and other special values. */
export function specialValues(random: Random, shape: number[]): Float32Array {
  const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 6, 1e30];
  return randomValues(random, shape).map((value) =>
    random.chance(0.2) ? special[random.integer(0, special.length - 1)] : 8 * value,
  );
}

/** Runs a kernel of the current backend by name. */
export function run(name: string, inputs: Record<string, tf.Tensor>, attrs: object): tf.Tensor {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor;
}

export async function compareConvolutionGradients(compare: Compare, cases: number): Promise<void> {
  for (let i = 0; i < cases; i++) {
    const random = new Random("convolution", i);
    const filterShape: tf.backend_util.Conv2DInfo["filterShape"] = [
      random.integer(1, 5),
      random.integer(1, 5),
      random.integer(1, 9),
      random.integer(1, 9),
    ];
    const strides: [number, number] = [random.integer(1, 3), random.integer(1, 3)];
    const xShape: [number, number, number, number] = [
      random.integer(1, 5),
      random.integer(filterShape[0], 13),
      random.integer(filterShape[1], 13),
      filterShape[2],
    ];
    const pad = random.chance(0.5) ? "same" : "valid";
    const info = tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, 1, pad);
    const dyValues = randomValues(random, info.outShape);
    const xValues = randomValues(random, xShape);
    const filterValues = randomValues(random, filterShape);
    const what = `case ${i}: x ${xShape}, filter ${filterShape}, strides ${strides}, pad ${pad}`;
    const attrs = { strides, pad, dataFormat: "NHWC" };
    await compare(`input gradient, ${what}`, () => {
      const inputs = { dy: tf.tensor(dyValues, info.outShape), filter: tf.tensor(filterValues, filterShape) };
      return run("Conv2DBackpropInput", inputs, { ...attrs, inputShape: xShape });
    });
    await compare(`filter gradient, ${what}`, () => {
      const inputs = { x: tf.tensor(xValues, xShape), dy: tf.tensor(dyValues, info.outShape) };
      return run("Conv2DBackpropFilter", inputs, { ...attrs, filterShape });
    });
  }
}

export async function compareDepthwiseGradients(compare: Compare, cases: number): Promise<void> {
  for (let i = 0; i < cases; i++) {
    const random = new Random("depthwise", i);
    const filterShape: [number, number, number, number] = [
      random.integer(1, 4),
      random.integer(1, 4),
      random.integer(1, 9),
      random.integer(1, 3),
    ];
    const strides = random.integer(1, 3);
    const inputShape: [number, number, number, number] = [
      random.integer(1, 3),
      random.integer(filterShape[0], 11),
      random.integer(filterShape[1], 11),
      filterShape[2],
    ];
    const pad = random.chance(0.5) ? "same" : "valid";
    const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, undefined, true);
    const x = randomValues(random, inputShape);
    const dy = randomValues(random, info.outShape);
    const filter = randomValues(random, filterShape);
    const what = `case ${i}: x ${inputShape}, filter ${filterShape}, strides ${strides}, pad ${pad}`;
    const attrs = { strides, pad, dilations: [1, 1] };
    await compare(`input gradient, ${what}`, () => {
      const inputs = { dy: tf.tensor(dy, info.outShape), filter: tf.tensor(filter, filterShape) };
      return run("DepthwiseConv2dNativeBackpropInput", inputs, { ...attrs, inputShape });
    });
    await compare(`filter gradient, ${what}`, () => {
      const inputs = { x: tf.tensor(x, inputShape), dy: tf.tensor(dy, info.outShape) };
      return run("DepthwiseConv2dNativeBackpropFilter", inputs, { ...attrs, filterShape });
    });
  }
}

export async function compareMatrixProducts(compare: Compare, cases: number): Promise<void> {
  for (let i = 0; i < cases; i++) {
    const random = new Random("product", i);
    const [rows, inner, columns] = [random.integer(1, 40), random.integer(1, 40), random.integer(1, 40)];
    const leading = random.chance(0.7) ? [] : [random.integer(1, 3)];
    const [transposeA, transposeB] = [random.chance(0.5), random.chance(0.5)];
    const aShape = [...leading, ...(transposeA ? [inner, rows] : [rows, inner])];
    const bShape = [...leading, ...(transposeB ? [columns, inner] : [inner, columns])];
    const [a, b] = [randomValues(random, aShape), randomValues(random, bShape)];
    await compare(`case ${i}: ${aShape} (${transposeA}) · ${bShape} (${transposeB})`, () =>
      tf.matMul(tf.tensor(a, aShape), tf.tensor(b, bShape), transposeA, transposeB),
    );
  }
}

interface Pooling {
  readonly what: string;
  readonly xShape: [number, number, number, number];
  readonly filterSize: [number, number];
  readonly strides: [number, number];
  readonly pad: "same" | "valid";
  readonly x: Float32Array;
  /** Shape of the output. */
  readonly outShape: number[];
  readonly dy: Float32Array;
}

/** Few different values, so that many windows have ties for their maximum. */
function randomPooling(i: number): Pooling {
  const random = new Random("pooling", i);
  const xShape: Pooling["xShape"] = [
    random.integer(1, 3),
    random.integer(3, 11),
    random.integer(3, 11),
    random.integer(1, 6),
  ];
  const filterSize: [number, number] = [random.integer(1, 3), random.integer(1, 3)];
  const strides: [number, number] = [random.integer(1, 3), random.integer(1, 3)];
  const pad = random.chance(0.5) ? "same" : "valid";
  const x = randomValues(random, xShape).map((value) => Math.round(value * 3));
  const { outShape } = tf.backend_util.computePool2DInfo(xShape, filterSize, strides, 1, pad);
  const dy = randomValues(random, outShape);
  const what = `case ${i}: x ${xShape}, window ${filterSize}, strides ${strides}, pad ${pad}`;
  return { what, xShape, filterSize, strides, pad, x, outShape, dy };
}

export async function compareMaxPoolGradients(compare: Compare, cases: number): Promise<void> {
  for (let i = 0; i < cases; i++) {
    const { what, xShape, filterSize, strides, pad, x, outShape, dy } = randomPooling(i);
    await compare(what, () =>
      tf.grad((input) => tf.maxPool(input as tf.Tensor4D, filterSize, strides, pad))(
        tf.tensor(x, xShape),
        tf.tensor(dy, outShape),
      ),
    );
  }
}

export async function comparePoolings(compare: Compare, cases: number): Promise<void> {
  for (let i = 0; i < cases; i++) {
    const { what, xShape, filterSize, strides, pad, x, outShape, dy } = randomPooling(i);
    await compare(`greatest, ${what}`, () => tf.maxPool(tf.tensor4d(x, xShape), filterSize, strides, pad));
    await compare(`mean, ${what}`, () => tf.avgPool(tf.tensor4d(x, xShape), filterSize, strides, pad));
    await compare(`gradient of the mean, ${what}`, () =>
      tf.grad((input) => tf.avgPool(input as tf.Tensor4D, filterSize, strides, pad))(
        tf.tensor(x, xShape),
        tf.tensor(dy, outShape),
      ),
    );
  }
}

/**
 * Compares an engine's SGD with the composed one on the cpu backend: without momentum, with it, and with Nesterov's.
 */
export async function checkSgd({ name, optimizers }: Engine): Promise<void> {
  for (const [momentum, isNesterov] of [
    [0, false],
    [0.9, false],
    [0.9, true],
  ] as const) {
    const settings = { learningRate: 0.01, momentum, isNesterov };
    const step = (optimizers: Optimizers) => (trained: readonly AdamVariable[]) => {
      optimizers.sgd(
        trained.map(({ variable, gradient, mean }) => ({
          ...{ variable, gradient, velocity: momentum > 0 ? mean : undefined },
        })),
        settings,
      );
    };
    await checkOptimizer(name, step(composedOptimizers), step(optimizers));
  }
}

/** Compares an engine's RMSprop with the composed one on the cpu backend. */
export function checkRmsProp({ name, optimizers }: Engine): Promise<void> {
  const settings = { learningRate: 0.01, rho: 0.9, epsilon: 1e-7 };
  return checkOptimizer(
    name,
    (trained) => composedOptimizers.rmsProp(trained, settings),
    (trained) => optimizers.rmsProp(trained, settings),
  );
}

/** Compares an engine's Adam with the composed one on the cpu backend. */
export function checkAdam({ name, optimizers }: Engine): Promise<void> {
  const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, clipNorm: 1 };
  return checkOptimizer(
    name,
    (trained) => composedOptimizers.adam(trained, settings),
    (trained) => optimizers.adam(trained, settings),
  );
}

type OptimizerStep = (trained: readonly AdamVariable[]) => void;

const VARIABLES = [[50], [3, 7], [1]];
/** Scales of the gradients, for norms of about 0.05 to 500; then an infinite gradient and one with NaN. */
const SCALES = [0.01, 1, 0.1, 100, 0.01, Number.POSITIVE_INFINITY, Number.NaN];

/** Tolerance: both sides round each value a few times per step. */
const OPTIMIZER_TOLERANCE = 5e-7;

async function checkOptimizer(
  backend: string,
  composed: OptimizerStep,
  onePass: OptimizerStep,
): Promise<void> {
  const expected = await stepsOn("cpu", composed);
  const actual = await stepsOn(backend, onePass);
  const start = expected[0];
  for (const [step, values] of expected.entries()) {
    for (const [i, value] of values.entries()) {
      const found = actual[step][i];
      const isClose = Math.abs(found - value) <= OPTIMIZER_TOLERANCE;
      assert.ok(isClose || Object.is(found, value), `step ${step}, value ${i}: ${found} and not ${value}`);
      if (step > 0) assert.notEqual(found, start[i], `step ${step}, value ${i}`);
    }
  }
}

/** The values of all variables, concatenated, at the start and after each step. */
async function stepsOn(backend: string, step: OptimizerStep): Promise<number[][]> {
  await tf.setBackend(backend);
  const random = new Random("optimizer");
  const given = VARIABLES.map((shape) => randomValues(random, shape));
  const start = given.map((values) => values.slice());
  const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape)));
  const variables = VARIABLES.map((shape, i) => ({
    variable: tf.variable(tf.tensor(given[i], shape)),
    mean: zeros(shape),
    meanSquare: zeros(shape),
  }));
  const valuesNow = async () => {
    const values = await Promise.all(variables.map(({ variable }) => variable.data()));
    return values.flatMap((each) => [...each]);
  };
  const results = [await valuesNow()];
  const seen: { clone: tf.Tensor; values: Float32Array }[] = [];
  for (const [index, scale] of SCALES.entries()) {
    const slopes = VARIABLES.map((shape) => {
      const values = randomValues(random, shape);
      return Number.isFinite(scale) ? values.map((value) => value * scale) : values;
    });
    if (!Number.isFinite(scale)) slopes[1][2] = scale;
    const gradients = slopes.map((values, i) => tf.tensor(values.slice(), VARIABLES[i]));
    // Clones exist only in every other step; without them, the step may update the variables in place.
    if (index % 2 === 0) {
      for (const { variable, mean, meanSquare } of variables) {
        for (const each of [variable, mean, meanSquare]) {
          const clone = each.clone();
          seen.push({ clone, values: (await clone.data()).slice() as Float32Array });
        }
      }
    }
    step(variables.map((each, i) => ({ ...each, gradient: gradients[i] })));
    results.push(await valuesNow());
    for (const [i, gradient] of gradients.entries())
      assert.deepEqual(await gradient.data(), slopes[i], "a gradient stays unchanged");
    tf.dispose(gradients);
  }
  for (const { clone, values } of seen)
    assert.deepEqual(await clone.data(), values, "a clone of a variable stays unchanged");
  assert.deepEqual(given, start, "the arrays from which the variables were created stay unchanged");
  return results;
}
