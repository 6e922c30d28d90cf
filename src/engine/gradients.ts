// Gradients of an engine's own in the place of those that TensorFlow.js composes of many passes over whole images.
// TensorFlow.js keeps gradients for all backends together: on another one, and for gradients of gradients, its own still run.

import {
  engine,
  type GradFunc,
  getBackend,
  getGradient,
  type MeanAttrs,
  mul,
  type NamedAttrMap,
  registerGradient,
  reshape,
  type Tensor,
  tile,
  unregisterGradient,
  util,
} from "@tensorflow/tfjs-core";

type Gradients = Record<string, () => Tensor>;
export type Gradient = (dy: Tensor, saved: Tensor[], attrs: NamedAttrMap) => Gradients;

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

export const sumGradient: Gradient = (dy, [x], attrs) => ({
  x: () => spread(dy, x.shape, axesOf(x, attrs), 1),
});

export const meanGradient: Gradient = (dy, [x], attrs) => ({
  x: () => {
    const axes = axesOf(x, attrs);
    return spread(dy, x.shape, axes, 1 / axes.reduce((count, axis) => count * x.shape[axis], 1));
  },
});

/** The gradient of x by a kernel of dy and x. */
export function gradientByKernel(name: string): Gradient {
  return (dy, [x], attrs) => ({ x: () => engine().runKernel(name, { dy, x }, attrs) as Tensor });
}

/** Those of a batch normalisation by one kernel, FusedBatchNormGrad. */
export const batchNormGradient: Gradient = (dy, [x, mean, variance, scale], attrs) => {
  const inputs = { x, mean, variance, dy, ...(scale && { scale }) };
  const found = engine().runKernel("FusedBatchNormGrad", inputs, attrs) as unknown as Tensor[];
  return Object.fromEntries(
    ["x", "mean", "variance", "scale", "offset"].map((name, i) => [name, () => found[i]]),
  );
};

/** Whether what was normalised is the last axis. */
export function isLastAxis([x, mean]: Tensor[]): boolean {
  return mean.rank === 1 && mean.size === x.shape[x.rank - 1];
}

/**
 * Puts them in the place of TensorFlow.js's where this backend is the current one.
 * @param takes whether ours takes these tensors; asked where all of them are float32, and none is empty.
 */
export function replaceGradients(
  backendName: string,
  gradients: Record<string, Gradient>,
  takes: (name: string, dy: Tensor, saved: Tensor[]) => boolean,
): void {
  for (const [name, ours] of Object.entries(gradients)) {
    const plain = getGradient(name);
    if (!plain) throw new Error(`TensorFlow.js has no gradient of ${name}`);
    const gradFunc = (dy: Tensor, saved: Tensor[], attrs: NamedAttrMap) => {
      const areFloats = [dy, ...saved].every(
        (tensor) => !tensor || (tensor.dtype === "float32" && tensor.size > 0),
      );
      // A tape that is on while gradients are computed is for gradients of gradients, which kernels of ours lack.
      const isOurs =
        getBackend() === backendName && !engine().isTapeOn() && areFloats && takes(name, dy, saved);
      return isOurs ? ours(dy, saved, attrs) : plain.gradFunc(dy, saved, attrs);
    };
    unregisterGradient(name);
    registerGradient({ ...plain, gradFunc: gradFunc as GradFunc });
  }
}
