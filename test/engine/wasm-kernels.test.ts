// Compares every kernel that we add to the wasm backend with TensorFlow.js's cpu backend on random shapes.

import { before, describe, it } from "node:test";
import { startEngine } from "../../src/engine/choose.ts";
import type { Engine } from "../../src/engine/types.ts";
import {
  checkAdam,
  checkRmsProp,
  checkSgd,
  compareConvolutionGradients,
  compareDepthwiseGradients,
  compareMatrixProducts,
  compareMaxPoolGradients,
  comparison,
} from "./kernel-cases.ts";

const CASES = 60;
/** Tolerance relative to the result's largest value: both sides sum float32 products in different orders. */
const TOLERANCE = 2e-5;

let engine: Engine;
before(async () => {
  engine = await startEngine("wasm", "float32");
});

const compare = comparison("wasm", TOLERANCE);

describe("wasm kernels against the cpu backend", () => {
  it("convolution gradients: random shapes, strides and pads", () =>
    compareConvolutionGradients(compare, CASES));

  it("depthwise convolution gradients: multipliers, strides and pads", () =>
    compareDepthwiseGradients(compare, CASES));

  it("matrix products, transposed or not, single and batched", () => compareMatrixProducts(compare, CASES));

  it("max-pooling gradients: windows, strides, pads and ties", () => compareMaxPoolGradients(compare, CASES));

  it("RMSprop in one pass equals the composed RMSprop", () => checkRmsProp(engine));

  it("SGD composed of operations equals that on the cpu backend", () => checkSgd(engine));

  it("Adam composed of operations equals that on the cpu backend", () => checkAdam(engine));
});
