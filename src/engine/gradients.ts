// Gradients that an engine computes in one pass each, in place of those that TensorFlow.js composes of many passes over
// whole images. TensorFlow.js registers gradients for all backends together: on other backends, and for gradients of
// gradients, its own still run.

import {
  engine,
  FusedBatchNorm,
  type GradFunc,
  getBackend,
  getGradient,
  Mean,
  type MeanAttrs,
  mul,
  type NamedAttrMap,
  Relu,
  Relu6,
  registerGradient,
  reshape,
  Sum,
  type Tensor,
  tile,
  unregisterGradient,
  util,
} from "@tensorflow/tfjs-core";
import { areFloats } from "./kernels.ts";

type Gradients = Record<string, () => Tensor>;

export interface Gradient {
  readonly compute: (dy: Tensor, saved: Tensor[], attrs: NamedAttrMap) => Gradients;
  /** Whether it takes these tensors, all of which are float32 and none empty; left out if it takes all such. */
  readonly takes?: (dy: Tensor, saved: Tensor[]) => boolean;
}

/** dy over the axes that were summed up, times `factor`. */
function spread(dy: Tensor, shape: number[], axes: number[], factor: number): Tensor {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const scaled = factor === 1 ? dy : mul(dy, factor);
  return tile(
    reshape(scaled, kept),
    shape.map((size, axis) => (axes.includes(axis) ? size : 1)),
  );
}

function axesOf(x: Tensor, attrs: NamedAttrMap): number[] {
  return util.parseAxisParam((attrs as unknown as MeanAttrs).axis, x.shape);
}

const sumGradient: Gradient = {
  compute: (dy, [x], attrs) => ({ x: () => spread(dy, x.shape, axesOf(x, attrs), 1) }),
};

const meanGradient: Gradient = {
  compute: (dy, [x], attrs) => ({
    x: () => {
      const axes = axesOf(x, attrs);
      return spread(dy, x.shape, axes, 1 / axes.reduce((count, axis) => count * x.shape[axis], 1));
    },
  }),
};

/** The gradient of x by a kernel of dy and x. */
export function gradientByKernel(name: string): Gradient {
  return {
    compute: (dy, [x], attrs) => ({ x: () => engine().runKernel(name, { dy, x }, attrs) as Tensor }),
  };
}

/** Those of a batch normalisation over the last axis by one kernel, FusedBatchNormGrad. */
const batchNormGradient: Gradient = {
  compute(dy, [x, mean, variance, scale], attrs) {
    const inputs = { x, mean, variance, dy, ...(scale && { scale }) };
    const found = engine().runKernel("FusedBatchNormGrad", inputs, attrs) as unknown as Tensor[];
    return Object.fromEntries(
      ["x", "mean", "variance", "scale", "offset"].map((name, i) => [name, () => found[i]]),
    );
  },
  takes: (_, [x, mean]) => mean.rank === 1 && mean.size === x.shape[x.rank - 1],
};

/** For a backend that has the kernels ReluGrad, Relu6Grad and FusedBatchNormGrad. */
const COMMON_GRADIENTS: Record<string, Gradient> = {
  [Relu]: gradientByKernel("ReluGrad"),
  [Relu6]: gradientByKernel("Relu6Grad"),
  [Sum]: sumGradient,
  [Mean]: meanGradient,
  [FusedBatchNorm]: batchNormGradient,
};

/** Replaces TensorFlow.js's gradients, while this backend is the current one, by the common ones and these. */
export function replaceGradients(backendName: string, gradients: Record<string, Gradient>): void {
  for (const [name, { compute, takes }] of Object.entries({ ...COMMON_GRADIENTS, ...gradients })) {
    const original = getGradient(name);
    if (!original) throw new Error(`TensorFlow.js has no gradient of ${name}`);
    const gradFunc = (dy: Tensor, saved: Tensor[], attrs: NamedAttrMap) => {
      // A tape that is on while gradients are computed is for gradients of gradients, which our kernels lack.
      const isOurs =
        getBackend() === backendName &&
        !engine().isTapeOn() &&
        areFloats(dy, ...saved) &&
        (takes?.(dy, saved) ?? true);
      return isOurs ? compute(dy, saved, attrs) : original.gradFunc(dy, saved, attrs);
    };
    unregisterGradient(name);
    registerGradient({ ...original, gradFunc: gradFunc as GradFunc });
  }
}
