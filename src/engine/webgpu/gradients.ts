// The gradient that a shader computes in one pass, besides the common ones.

import { engine, neg, reshape, SquaredDifference, sum, type Tensor, util } from "@tensorflow/tfjs-core";
import type { Gradient } from "../gradients.ts";

/** Of (a − b)², if b is repeated along a's first axes: a variance's. */
const squaredDifference: Gradient = {
  compute(dy, [a, b]) {
    const toA = () => engine().runKernel("SquaredDifferenceGrad", { dy, a, b }) as Tensor;
    const repeated = a.shape.slice(0, a.rank - lengthOf(b).length).map((_, axis) => axis);
    return { a: toA, b: () => reshape(neg(sum(toA(), repeated)), b.shape) };
  },
  takes(dy, [a, b]) {
    const isRepeated = util.arraysEqual(lengthOf(b), a.shape.slice(a.rank - lengthOf(b).length));
    return util.arraysEqual(dy.shape, a.shape) && isRepeated;
  },
};

/** Its shape without the axes along which it is repeated. */
function lengthOf({ shape }: Tensor): number[] {
  const first = shape.findIndex((length) => length !== 1);
  return first < 0 ? [] : shape.slice(first);
}

export const gpuGradients: Record<string, Gradient> = { [SquaredDifference]: squaredDifference };
