// What the tests of the backends share: a computation on a backend against TensorFlow.js's cpu backend, and random cases
// of the kernels that every backend of ours brings.

import assert from "node:assert/strict";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import { Random } from "../../src/common/random.ts";
import { composedRmsProp } from "../../src/engine/composed.ts";
import type { Engine } from "../../src/engine/engine.ts";

/** Compares what a computation gives on two backends. */
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
 * Results on `backend` against those on the cpu backend, equal up to `tolerance`, relative to the largest finite value;
 * what is not finite is the same. `variants` are ways to run the backend, each of which is compared.
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

/** The same with values that are no numbers among them, and both infinities and zeros. */
export function specialValues(random: Random, shape: number[]): Float32Array {
  const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 6, 1e30];
  return randomValues(random, shape).map((value) =>
    random.chance(0.2) ? special[random.integer(0, special.length - 1)] : 8 * value,
  );
}

/** Runs a kernel of the current backend by its name. */
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
  /** Of the output. */
  readonly outShape: number[];
  readonly dy: Float32Array;
}

/** Few different values, so that many windows hold their greatest more than once. */
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

/** An engine's RMSprop against the composed one; its backend is the current one. */
export function checkRmsProp(engine: Engine): void {
  const random = new Random("rmsprop");
  const settings = { learningRate: 0.01, rho: 0.9, epsilon: 1e-7 };
  const start = randomValues(random, [50]);
  const given = start.slice();
  const variables = [tf.variable(tf.tensor(given)), tf.variable(tf.tensor(given))];
  const squares = [tf.variable(tf.zeros([50])), tf.variable(tf.zeros([50]))];
  const seen: tf.Tensor[] = [];
  for (let step = 0; step < 5; step++) {
    const gradient = tf.tensor(randomValues(random, [50]));
    seen.push(variables[0].clone());
    const before = variables[0].dataSync();
    engine.rmsProp(variables[0], squares[0], gradient, settings);
    composedRmsProp(variables[1], squares[1], gradient, settings);
    assert.deepEqual(seen[step].dataSync(), before, "a clone of the weights stays as it was");
    if (step % 2 === 0) seen[step].dispose();
  }
  assert.deepEqual(given, start, "the array that the weights were made of stays as it was");
  const [onePass, composed] = variables.map((variable) => variable.dataSync());
  for (let i = 0; i < 50; i++) {
    assert.ok(Math.abs(onePass[i] - composed[i]) < 1e-5, `weight ${i}: ${onePass[i]} and ${composed[i]}`);
    assert.notEqual(onePass[i], start[i]);
  }
}
