// Every kernel that we bring to the wasm backend, against TensorFlow.js's cpu backend on random shapes.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../src/common/random.ts";
import { composedRmsProp } from "../../src/engine/composed.ts";
import { type Engine, startEngine } from "../../src/engine/engine.ts";
import {
  compareConvolutionGradients,
  compareMatrixProducts,
  compareMaxPoolGradients,
  comparison,
  randomValues,
} from "./kernel-cases.ts";

const CASES = 60;
/** Both sides sum float32 products in different orders: relative to the largest value of the result. */
const TOLERANCE = 2e-5;

let engine: Engine;
before(async () => {
  engine = await startEngine("wasm", "float32");
});

const compare = comparison("wasm", TOLERANCE);

describe("wasm kernels against the cpu backend", () => {
  it("convolution gradients: random shapes, strides and pads", () =>
    compareConvolutionGradients(compare, CASES));

  it("matrix products, transposed or not, of one matrix and of several", () =>
    compareMatrixProducts(compare, CASES));

  it("max-pooling gradients: windows, strides and pads, ties too", () =>
    compareMaxPoolGradients(compare, CASES));

  it("RMSprop in one pass equals the composed one", async () => {
    await tf.setBackend("wasm");
    const random = new Random("rmsprop");
    const settings = { learningRate: 0.01, rho: 0.9, epsilon: 1e-7 };
    const start = randomValues(random, [50]);
    const variables = [tf.variable(tf.tensor(start)), tf.variable(tf.tensor(start))];
    const squares = [tf.variable(tf.zeros([50])), tf.variable(tf.zeros([50]))];
    for (let step = 0; step < 5; step++) {
      const gradient = tf.tensor(randomValues(random, [50]));
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
