// Every kernel that we bring to the wasm backend, against TensorFlow.js's cpu backend on random shapes.

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

  it("depthwise convolution gradients: multipliers, strides and pads", () =>
    compareDepthwiseGradients(compare, CASES));

  it("matrix products, transposed or not, of one matrix and of several", () =>
    compareMatrixProducts(compare, CASES));

  it("max-pooling gradients: windows, strides and pads, ties too", () =>
    compareMaxPoolGradients(compare, CASES));

  it("RMSprop in one pass equals the composed one", () => checkRmsProp(engine));

  it("SGD composed of operations equals that on the cpu backend", () => checkSgd(engine));

  it("Adam composed of operations equals that on the cpu backend", () => checkAdam(engine));
});
