// Kernels that copy values to other places.

import {
  backend_util,
  Concat,
  type ConcatAttrs,
  Multiply,
  PadV2,
  type PadV2Attrs,
  Slice,
  type SliceAttrs,
  SplitV,
  type SplitVAttrs,
  slice_util,
  type Tensor,
  type TensorInfo,
  Tile,
  type TileAttrs,
  Transpose,
  type TransposeAttrs,
  util,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { kernel, type NativeKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

interface Placed {
  readonly values: Float32Array;
  /** Index of the first value. */
  readonly first: number;
}

interface Axis {
  readonly size: number;
  /** The strides in the source and in the target. */
  readonly from: number;
  readonly to: number;
}

/** Of the addon's loop. */
const MOST_AXES = 6;

/** The stride of each axis of an array of this shape. */
function stepsOf(shape: readonly number[]): number[] {
  const steps = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1] * shape[axis + 1];
  return steps;
}

function axesOf(sizes: readonly number[], from: readonly number[], to: readonly number[]): Axis[] {
  return mergeAxes(sizes.map((size, axis) => ({ size, from: from[axis], to: to[axis] })));
}

/** Merges neighbouring axes if the outer one continues at the end of the inner one, in both arrays. */
function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    const outer = merged.at(-1);
    if (axis.size === 1) continue;
    if (outer && outer.from === axis.from * axis.size && outer.to === axis.to * axis.size) {
      merged[merged.length - 1] = { ...axis, size: outer.size * axis.size };
    } else merged.push(axis);
  }
  return merged.length > 0 ? merged : [{ size: 1, from: 1, to: 1 }];
}

function move(backend: NativeBackend, axes: readonly Axis[], source: Placed, target: Placed): void {
  const layout = Int32Array.of(
    ...axes.map(({ size }) => size),
    ...axes.map(({ from }) => from),
    ...axes.map(({ to }) => to),
  );
  backend.addon.move(layout, source.values, source.first, target.values, target.first);
}

/** Whether the loop takes this many axes; all kernels below, except tile, move at most one for each axis of the tensor. */
function isMovable(...tensors: TensorInfo[]): boolean {
  return areFloats(...tensors) && tensors[0].shape.length <= MOST_AXES;
}

const transpose = kernel<{ x: TensorInfo }, TransposeAttrs>(Transpose, (backend, { x }, { perm }) => {
  if (!isMovable(x)) return undefined;
  const shape = perm.map((axis) => x.shape[axis]);
  const { tensor, values } = backend.makeFloats(shape);
  const steps = stepsOf(x.shape);
  const from = perm.map((axis) => steps[axis]);
  move(
    backend,
    axesOf(shape, from, stepsOf(shape)),
    { values: backend.floatsOf(x), first: 0 },
    { values, first: 0 },
  );
  return tensor;
});

function cut(backend: NativeBackend, x: TensorInfo, begin: number[], size: number[]): TensorInfo {
  const { tensor, values } = backend.makeFloats(size);
  const steps = stepsOf(x.shape);
  const first = begin.reduce((sum, start, axis) => sum + start * steps[axis], 0);
  const axes = axesOf(size, steps, stepsOf(size));
  move(backend, axes, { values: backend.floatsOf(x), first }, { values, first: 0 });
  return tensor;
}

const slice = kernel<{ x: TensorInfo }, SliceAttrs>(Slice, (backend, { x }, attrs) => {
  if (!isMovable(x)) return undefined;
  const [begin, size] = slice_util.parseSliceParams(x as Tensor, attrs.begin, attrs.size);
  // The cpu backend slices contiguous values without copying them.
  if (size.includes(0) || slice_util.isSliceContinous(x.shape, begin, size)) return undefined;
  slice_util.assertParamsValid(x as Tensor, begin, size);
  return cut(backend, x, begin, size);
});

const split = kernel<{ x: TensorInfo }, SplitVAttrs>(SplitV, (backend, { x }, { numOrSizeSplits, axis }) => {
  if (!isMovable(x)) return undefined;
  const [splitAxis] = util.parseAxisParam(axis, x.shape);
  const sizes = backend_util.prepareSplitSize(x as Tensor, numOrSizeSplits, splitAxis);
  if (sizes.includes(0)) return undefined;
  let start = 0;
  return sizes.map((length) => {
    const begin = x.shape.map((_, each) => (each === splitAxis ? start : 0));
    const size = x.shape.map((whole, each) => (each === splitAxis ? length : whole));
    start += length;
    return cut(backend, x, begin, size);
  });
});

const pad = kernel<{ x: TensorInfo }, PadV2Attrs>(PadV2, (backend, { x }, { paddings, constantValue }) => {
  if (!isMovable(x)) return undefined;
  const shape = x.shape.map((size, axis) => paddings[axis][0] + size + paddings[axis][1]);
  const { tensor, values } = backend.makeFloats(shape);
  values.fill(constantValue);
  const steps = stepsOf(shape);
  const first = paddings.reduce((sum, [before], axis) => sum + before * steps[axis], 0);
  const axes = axesOf(x.shape, stepsOf(x.shape), steps);
  move(backend, axes, { values: backend.floatsOf(x), first: 0 }, { values, first });
  return tensor;
});

const concat = kernel<Record<string, TensorInfo>, ConcatAttrs>(Concat, (backend, inputs, attrs) => {
  const tensors = Object.values(inputs);
  if (!isMovable(...tensors)) return undefined;
  const [axis] = util.parseAxisParam(attrs.axis, tensors[0].shape);
  const shapes = tensors.map(({ shape }) => shape);
  backend_util.assertParamsConsistent(shapes, axis);
  const { tensor, values } = backend.makeFloats(backend_util.computeOutShape(shapes, axis));
  const steps = stepsOf(tensor.shape);
  let first = 0;
  for (const part of tensors) {
    const axes = axesOf(part.shape, stepsOf(part.shape), steps);
    move(backend, axes, { values: backend.floatsOf(part), first: 0 }, { values, first });
    first += part.shape[axis] * steps[axis];
  }
  return tensor;
});

const tile = kernel<{ x: TensorInfo }, TileAttrs>(Tile, (backend, { x }, { reps }) => {
  if (!areFloats(x) || reps.includes(0)) return undefined;
  const shape = x.shape.map((size, axis) => size * reps[axis]);
  const from = stepsOf(x.shape);
  const to = stepsOf(shape);
  // Each axis becomes two: the repetitions, and the values of each.
  const axes = mergeAxes(
    x.shape.flatMap((size, axis) => [
      { size: reps[axis], from: 0, to: size * to[axis] },
      { size, from: from[axis], to: to[axis] },
    ]),
  );
  // A product with 1 repeats values fast, if the innermost ones are contiguous or a single one.
  if (axes.length > MOST_AXES || (axes.at(-1)?.from ?? 0) > 1) return undefined;
  const { tensor, values } = backend.makeFloats(shape);
  const layout = Int32Array.of(
    ...axes.map(({ size }) => size),
    ...axes.map(({ from }) => from),
    ...axes.map(() => 0),
  );
  const multiply = backend.addon.binaryNames.indexOf(Multiply);
  backend.addon.binary(multiply, layout, 0, backend.floatsOf(x), Float32Array.of(1), values);
  return tensor;
});

export const moveKernels: NativeKernel[] = [transpose, slice, split, pad, concat, tile];
