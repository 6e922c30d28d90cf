// Elementwise kernels.

import { backend_util, ClipByValue, type ClipByValueAttrs, type TensorInfo } from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import type { Addon } from "./addon.ts";
import { kernel, type NativeKernel } from "./kernels.ts";

/**
 * Also kernels that TensorFlow.js does not have: ReluGrad, Relu6Grad, LeakyReluGrad, SquareGrad and ClipByValueGrad, of the
 * output's gradient and the input; LessMask and the like, whose results are 1 and 0 instead of true and false.
 */
export function elementwiseKernels(addon: Addon): NativeKernel[] {
  return [
    ...addon.unaryNames.map((name, code) => unary(name, code)),
    ...addon.binaryNames.map((name, code) => binary(name, code)),
    clip,
    clipGradient,
  ];
}

/** The parameter of LeakyRelu and Step, for values that are not positive. */
interface Attrs {
  alpha?: number;
}

function unary(name: string, code: number): NativeKernel {
  return kernel<{ x: TensorInfo }, Attrs>(name, (backend, { x }, { alpha }) => {
    if (!areFloats(x)) return undefined;
    const { tensor, values } = backend.makeFloats(x.shape);
    backend.addon.unary(code, alpha ?? 0, backend.floatsOf(x), values);
    return tensor;
  });
}

/** The operands are the first two inputs, by any names. */
function binary(name: string, code: number): NativeKernel {
  return kernel<Record<string, TensorInfo>, Attrs>(name, (backend, inputs, { alpha }) => {
    const [a, b] = Object.values(inputs);
    if (!areFloats(a, b)) return undefined;
    const shape = backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const { tensor, values } = backend.makeFloats(shape);
    const layout = broadcastLayout(a.shape, b.shape, shape);
    backend.addon.binary(code, layout, alpha ?? 0, backend.floatsOf(a), backend.floatsOf(b), values);
    return tensor;
  });
}

const clip = kernel<{ x: TensorInfo }, ClipByValueAttrs>(ClipByValue, (backend, { x }, attrs) => {
  if (!areFloats(x)) return undefined;
  const { tensor, values } = backend.makeFloats(x.shape);
  backend.addon.clip(attrs.clipValueMin, attrs.clipValueMax, backend.floatsOf(x), values);
  return tensor;
});

const clipGradient = kernel<{ dy: TensorInfo; x: TensorInfo }, ClipByValueAttrs>(
  "ClipByValueGrad",
  (backend, { dy, x }, { clipValueMin, clipValueMax }) => {
    const { tensor, values } = backend.makeFloats(x.shape);
    backend.addon.clipGradient(clipValueMin, clipValueMax, backend.floatsOf(dy), backend.floatsOf(x), values);
    return tensor;
  },
);

/**
 * [3, rank]: sizes of a result, outermost first, and the operands' strides along each axis, 0 if they repeat there.
 * Neighbouring axes are merged if both operands permit it, so that the innermost is long.
 */
function broadcastLayout(aShape: number[], bShape: number[], shape: number[]): Int32Array {
  const sizes: number[] = [];
  const aSteps: number[] = [];
  const bSteps: number[] = [];
  let [aStep, bStep] = [1, 1];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis];
    if (size === 1) continue;
    const aRepeats = sizeAt(aShape, axis, shape.length) === 1;
    const bRepeats = sizeAt(bShape, axis, shape.length) === 1;
    if (sizes.length > 0 && aRepeats === (aSteps[0] === 0) && bRepeats === (bSteps[0] === 0)) {
      sizes[0] *= size;
    } else {
      sizes.unshift(size);
      aSteps.unshift(aRepeats ? 0 : aStep);
      bSteps.unshift(bRepeats ? 0 : bStep);
    }
    if (!aRepeats) aStep *= size;
    if (!bRepeats) bStep *= size;
  }
  return sizes.length === 0 ? Int32Array.of(1, 1, 1) : Int32Array.of(...sizes, ...aSteps, ...bSteps);
}

/** The size of an axis of a result of this rank, in an operand that may have fewer axes. */
function sizeAt(shape: number[], axis: number, rank: number): number {
  return shape[axis - rank + shape.length] ?? 1;
}
