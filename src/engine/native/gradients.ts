// Gradients that TensorFlow.js composes of many passes over whole images, in one. TensorFlow.js keeps gradients for all
// backends together: on another one, and for gradients of gradients, its own still run.

import {
  ClipByValue,
  engine,
  FusedBatchNorm,
  type GradFunc,
  getBackend,
  getGradient,
  LeakyRelu,
  Maximum,
  Mean,
  type MeanAttrs,
  Minimum,
  mul,
  type NamedAttrMap,
  Relu,
  Relu6,
  registerGradient,
  reshape,
  Square,
  Sum,
  type Tensor,
  tile,
  unregisterGradient,
  util,
} from "@tensorflow/tfjs-core";

type Gradients = Record<string, () => Tensor>;
type Gradient = (dy: Tensor, saved: Tensor[], attrs: NamedAttrMap) => Gradients;

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

function byKernel(name: string): Gradient {
  return (dy, [x], attrs) => ({ x: () => engine().runKernel(name, { dy, x }, attrs) as Tensor });
}

function masked(dy: Tensor, name: string, a: Tensor, b: Tensor): () => Tensor {
  return () => mul(dy, engine().runKernel(name, { a, b }) as Tensor);
}

const GRADIENTS: Record<string, Gradient> = {
  [Relu]: byKernel("ReluGrad"),
  [Relu6]: byKernel("Relu6Grad"),
  [Square]: byKernel("SquareGrad"),
  [LeakyRelu]: byKernel("LeakyReluGrad"),
  [ClipByValue]: byKernel("ClipByValueGrad"),
  [Minimum]: (dy, [a, b]) => ({
    a: masked(dy, "LessEqualMask", a, b),
    b: masked(dy, "GreaterMask", a, b),
  }),
  [Maximum]: (dy, [a, b]) => ({
    a: masked(dy, "GreaterEqualMask", a, b),
    b: masked(dy, "LessMask", a, b),
  }),
  [Sum]: (dy, [x], attrs) => ({ x: () => spread(dy, x.shape, axesOf(x, attrs), 1) }),
  [Mean]: (dy, [x], attrs) => ({
    x: () => {
      const axes = axesOf(x, attrs);
      return spread(dy, x.shape, axes, 1 / axes.reduce((count, axis) => count * x.shape[axis], 1));
    },
  }),
  [FusedBatchNorm]: (dy, [x, mean, variance, scale], attrs) => {
    const inputs = { x, mean, variance, dy, ...(scale && { scale }) };
    const found = engine().runKernel("FusedBatchNormGrad", inputs, attrs) as unknown as Tensor[];
    return Object.fromEntries(
      ["x", "mean", "variance", "scale", "offset"].map((name, i) => [name, () => found[i]]),
    );
  },
};

/** Whether a gradient of ours takes these: the kernels are of float32, and of normalisations over the last axis. */
function takes(name: string, dy: Tensor, saved: Tensor[]): boolean {
  if ([dy, ...saved].some((tensor) => tensor && (tensor.dtype !== "float32" || tensor.size === 0)))
    return false;
  const [x, mean] = saved;
  return name !== FusedBatchNorm || (mean.rank === 1 && mean.size === x.shape[x.rank - 1]);
}

/** Puts them in the place of TensorFlow.js's where this backend is the current one. */
export function replaceGradients(backendName: string): void {
  for (const [name, ours] of Object.entries(GRADIENTS)) {
    const plain = getGradient(name);
    if (!plain) throw new Error(`TensorFlow.js has no gradient of ${name}`);
    const gradFunc = (dy: Tensor, saved: Tensor[], attrs: NamedAttrMap) => {
      // A tape that is on while gradients are computed is for gradients of gradients, which kernels of ours lack.
      const isOurs = getBackend() === backendName && !engine().isTapeOn() && takes(name, dy, saved);
      return isOurs ? ours(dy, saved, attrs) : plain.gradFunc(dy, saved, attrs);
    };
    unregisterGradient(name);
    registerGradient({ ...plain, gradFunc: gradFunc as GradFunc });
  }
}
