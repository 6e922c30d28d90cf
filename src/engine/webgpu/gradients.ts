// Gradients that shaders of ours compute in one pass, where TensorFlow.js composes them of many.

import {
  engine,
  FusedBatchNorm,
  Mean,
  neg,
  Relu,
  Relu6,
  reshape,
  SquaredDifference,
  Sum,
  sum,
  type Tensor,
  util,
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
import { BACKEND } from "./kernel.ts";

/** Of (a − b)², where b is repeated along a's first axes: a variance's. */
const squaredDifferenceGradient: Gradient = (dy, [a, b]) => {
  const toA = () => engine().runKernel("SquaredDifferenceGrad", { dy, a, b }) as Tensor;
  const repeated = a.shape.slice(0, a.rank - lengthOf(b).length).map((_, axis) => axis);
  return { a: toA, b: () => reshape(neg(sum(toA(), repeated)), b.shape) };
};

/** Its shape without what it is repeated along. */
function lengthOf({ shape }: Tensor): number[] {
  const first = shape.findIndex((length) => length !== 1);
  return first < 0 ? [] : shape.slice(first);
}

const GRADIENTS: Record<string, Gradient> = {
  [Relu]: gradientByKernel("ReluGrad"),
  [Relu6]: gradientByKernel("Relu6Grad"),
  [Sum]: sumGradient,
  [Mean]: meanGradient,
  [SquaredDifference]: squaredDifferenceGradient,
  [FusedBatchNorm]: batchNormGradient,
};

export function replaceGpuGradients(): void {
  replaceGradients(BACKEND, GRADIENTS, (name, dy, saved) => {
    if (name === FusedBatchNorm) return isLastAxis(saved);
    if (name !== SquaredDifference) return true;
    const [a, b] = saved;
    const isRepeated = util.arraysEqual(lengthOf(b), a.shape.slice(a.rank - lengthOf(b).length));
    return util.arraysEqual(dy.shape, a.shape) && isRepeated;
  });
}
