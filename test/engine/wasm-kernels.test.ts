// Every kernel that we bring to the wasm backend, against TensorFlow.js's cpu backend on random shapes.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import { Random } from "../../src/common/random.ts";
import { composedRmsProp } from "../../src/engine/composed.ts";
import { type Engine, startEngine } from "../../src/engine/engine.ts";

const CASES = 60;
/** Both sides sum float32 products in different orders: relative to the largest value of the result. */
const TOLERANCE = 2e-5;

let engine: Engine;
before(async () => {
  engine = await startEngine("wasm", "float32");
});

/** The values of `compute` on a backend. */
async function on(
  backend: string,
  compute: () => tf.Tensor,
): Promise<{ shape: number[]; values: Float32Array }> {
  await tf.setBackend(backend);
  const result = tf.tidy(compute);
  const values = (await result.data()) as Float32Array;
  result.dispose();
  return { shape: result.shape, values };
}

async function compare(what: string, compute: () => tf.Tensor): Promise<void> {
  const expected = await on("cpu", compute);
  const actual = await on("wasm", compute);
  assert.deepEqual(actual.shape, expected.shape, what);
  const scale = Math.max(1, ...expected.values.map(Math.abs));
  const worst = expected.values.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - actual.values[i])),
    0,
  );
  assert.ok(worst / scale <= TOLERANCE, `${what}: off by ${worst} where the largest value is ${scale}`);
}

function randomTensor(random: Random, shape: number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.uniform(-1, 1));
}

describe("wasm kernels against the cpu backend", () => {
  it("convolution gradients: random shapes, strides and pads", async () => {
    for (let i = 0; i < CASES; i++) {
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
      const dyValues = randomTensor(random, info.outShape);
      const xValues = randomTensor(random, xShape);
      const filterValues = randomTensor(random, filterShape);
      const what = `case ${i}: x ${xShape}, filter ${filterShape}, strides ${strides}, pad ${pad}`;
      const attrs = { strides, pad, dataFormat: "NHWC" };
      await compare(`input gradient, ${what}`, () => {
        const inputs = {
          dy: tf.tensor(dyValues, info.outShape),
          filter: tf.tensor(filterValues, filterShape),
        };
        return tf
          .engine()
          .runKernel("Conv2DBackpropInput", inputs, { ...attrs, inputShape: xShape }) as tf.Tensor;
      });
      await compare(`filter gradient, ${what}`, () => {
        const inputs = { x: tf.tensor(xValues, xShape), dy: tf.tensor(dyValues, info.outShape) };
        return tf.engine().runKernel("Conv2DBackpropFilter", inputs, { ...attrs, filterShape }) as tf.Tensor;
      });
    }
  });

  it("matrix products, transposed or not, of one matrix and of several", async () => {
    for (let i = 0; i < CASES; i++) {
      const random = new Random("product", i);
      const [rows, inner, columns] = [random.integer(1, 40), random.integer(1, 40), random.integer(1, 40)];
      const leading = random.chance(0.7) ? [] : [random.integer(1, 3)];
      const [transposeA, transposeB] = [random.chance(0.5), random.chance(0.5)];
      const aShape = [...leading, ...(transposeA ? [inner, rows] : [rows, inner])];
      const bShape = [...leading, ...(transposeB ? [columns, inner] : [inner, columns])];
      const [a, b] = [randomTensor(random, aShape), randomTensor(random, bShape)];
      await compare(`case ${i}: ${aShape} (${transposeA}) · ${bShape} (${transposeB})`, () =>
        tf.matMul(tf.tensor(a, aShape), tf.tensor(b, bShape), transposeA, transposeB),
      );
    }
  });

  it("max-pooling gradients: windows, strides and pads, ties too", async () => {
    for (let i = 0; i < CASES; i++) {
      const random = new Random("pooling", i);
      const xShape: [number, number, number, number] = [
        random.integer(1, 3),
        random.integer(3, 11),
        random.integer(3, 11),
        random.integer(1, 6),
      ];
      const filterSize: [number, number] = [random.integer(1, 3), random.integer(1, 3)];
      const strides: [number, number] = [random.integer(1, 3), random.integer(1, 3)];
      const pad = random.chance(0.5) ? "same" : "valid";
      // Few different values, so that many windows hold their greatest more than once.
      const x = randomTensor(random, xShape).map((value) => Math.round(value * 3));
      const outShape = tf.backend_util.computePool2DInfo(xShape, filterSize, strides, 1, pad).outShape;
      const dy = randomTensor(random, outShape);
      await compare(`case ${i}: x ${xShape}, window ${filterSize}, strides ${strides}, pad ${pad}`, () =>
        tf.grad((input) => tf.maxPool(input as tf.Tensor4D, filterSize, strides, pad))(
          tf.tensor(x, xShape),
          tf.tensor(dy, outShape),
        ),
      );
    }
  });

  it("RMSprop in one pass equals the composed one", async () => {
    await tf.setBackend("wasm");
    const random = new Random("rmsprop");
    const settings = { learningRate: 0.01, rho: 0.9, epsilon: 1e-7 };
    const start = randomTensor(random, [50]);
    const variables = [tf.variable(tf.tensor(start)), tf.variable(tf.tensor(start))];
    const squares = [tf.variable(tf.zeros([50])), tf.variable(tf.zeros([50]))];
    for (let step = 0; step < 5; step++) {
      const gradient = tf.tensor(randomTensor(random, [50]));
      engine.rmsProp(variables[0], squares[0], gradient, settings);
      composedRmsProp(variables[1], squares[1], gradient, settings);
    }
    const [onePass, composed] = variables.map((variable) => variable.dataSync());
    for (let i = 0; i < 50; i++) {
      assert.ok(Math.abs(onePass[i] - composed[i]) < 1e-5, `weight ${i}: ${onePass[i]} and ${composed[i]}`);
      assert.notEqual(onePass[i], start[i]);
    }
  });
});
