// Gradients that the native kernels compute in one pass, besides the common ones.

import {
  ClipByValue,
  engine,
  LeakyRelu,
  Maximum,
  Minimum,
  mul,
  Square,
  type Tensor,
} from "@tensorflow/tfjs-core";
import { type Gradient, gradientByKernel } from "../gradients.ts";

/** Of a minimum or a maximum of a and b: dy times the result of a kernel, 1 or 0, for each of the two. */
function masked(aMask: string, bMask: string): Gradient {
  const mask = (name: string, a: Tensor, b: Tensor) => engine().runKernel(name, { a, b }) as Tensor;
  return {
    compute: (dy, [a, b]) => ({ a: () => mul(dy, mask(aMask, a, b)), b: () => mul(dy, mask(bMask, a, b)) }),
  };
}

export const nativeGradients: Record<string, Gradient> = {
  [Square]: gradientByKernel("SquareGrad"),
  [LeakyRelu]: gradientByKernel("LeakyReluGrad"),
  [ClipByValue]: gradientByKernel("ClipByValueGrad"),
  [Minimum]: masked("LessEqualMask", "GreaterMask"),
  [Maximum]: masked("GreaterEqualMask", "LessMask"),
};
