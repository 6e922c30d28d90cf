// Gradients that the native kernels compute in one pass, where TensorFlow.js composes them of many.

import {
  ClipByValue,
  engine,
  FusedBatchNorm,
  LeakyRelu,
  Maximum,
  Mean,
  Minimum,
  mul,
  Relu,
  Relu6,
  Square,
  Sum,
  type Tensor,
} from "@tensorflow/tfjs-core";
import {
  batchNormGradient,
  type Gradient,
  gradientByKernel,
  isLastAxis,
  meanGradient,
  replaceGradients,
  sumGradient,
} from "../gradients.ts";

function masked(dy: Tensor, name: string, a: Tensor, b: Tensor): () => Tensor {
  return () => mul(dy, engine().runKernel(name, { a, b }) as Tensor);
}

const GRADIENTS: Record<string, Gradient> = {
  [Relu]: gradientByKernel("ReluGrad"),
  [Relu6]: gradientByKernel("Relu6Grad"),
  [Square]: gradientByKernel("SquareGrad"),
  [LeakyRelu]: gradientByKernel("LeakyReluGrad"),
  [ClipByValue]: gradientByKernel("ClipByValueGrad"),
  [Minimum]: (dy, [a, b]) => ({
    a: masked(dy, "LessEqualMask", a, b),
    b: masked(dy, "GreaterMask", a, b),
  }),
  [Maximum]: (dy, [a, b]) => ({
    a: masked(dy, "GreaterEqualMask", a, b),
    b: masked(dy, "LessMask", a, b),
  }),
  [Sum]: sumGradient,
  [Mean]: meanGradient,
  [FusedBatchNorm]: batchNormGradient,
};

/** Puts them in the place of TensorFlow.js's where this backend is the current one. */
export function replaceNativeGradients(backendName: string): void {
  replaceGradients(backendName, GRADIENTS, (name, _, saved) => name !== FusedBatchNorm || isLastAxis(saved));
}
