// Gradients that the native kernels compute in one pass, besides those that all engines' own kernels compute so.

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

/** Of the smaller or the greater of a and b: dy where the kernel of this name gives 1. */
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
