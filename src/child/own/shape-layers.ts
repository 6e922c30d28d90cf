// Layers that move values to other places.

import {
  concat,
  pad,
  reshape,
  reverse,
  serialization,
  slice,
  type Tensor,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { axisWithin, onlyOf, product, type Shape } from "./keras-layers.ts";
import { type Cut, type Taken, takenOf } from "./slices.ts";

/** A layer that gives the values of its input another shape. */
abstract class ReshapingLayer extends layers.Layer {
  override call(inputs: Tensor | Tensor[]): Tensor {
    const input = onlyOf(inputs);
    return reshape(input, this.computeOutputShape(input.shape) as number[]);
  }
}

export interface ReshapeConfig {
  name: string;
  /** Shape per image; −1 is inferred from the other dimensions. */
  targetShape: number[];
}

/** [batch, ...] → [batch, ...targetShape]. The layer of TensorFlow.js infers −1 only when it is given values. */
export class Reshape extends ReshapingLayer {
  static readonly className = "InferredReshape";
  readonly #config: ReshapeConfig;

  constructor(config: ReshapeConfig) {
    super(config);
    this.#config = config;
  }

  override computeOutputShape([batch, ...sides]: Shape): Shape {
    const { targetShape } = this.#config;
    const size = product(sides.map(Number));
    const rest = size / product(targetShape.filter((side) => side >= 0));
    if (!Number.isInteger(rest) || (!targetShape.includes(-1) && rest !== 1)) {
      throw new Error(`${size} numbers cannot be reshaped to [${targetShape.join(", ")}]`);
    }
    return [batch, ...targetShape.map((side) => (side < 0 ? rest : side))];
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), targetShape: this.#config.targetShape };
  }
}

export interface ExpandDimsConfig {
  name: string;
  /** Of the output with its batch. */
  axis: number;
}

/** Inserts an axis of size 1. */
export class ExpandDims extends ReshapingLayer {
  static readonly className = "ExpandDims";
  readonly #axis: number;

  constructor({ name, axis }: ExpandDimsConfig) {
    super({ name });
    this.#axis = axis;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return inputShape.toSpliced(axisWithin(this.#axis, inputShape.length + 1), 0, 1);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), axis: this.#axis };
  }
}

export interface SqueezeConfig {
  name: string;
  axes: number[];
}

/** Removes axes of size 1. */
export class Squeeze extends ReshapingLayer {
  static readonly className = "Squeeze";
  readonly #axes: number[];

  constructor({ name, axes }: SqueezeConfig) {
    super({ name });
    this.#axes = axes;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const axes = this.#axes.map((axis) => axisWithin(axis, inputShape.length));
    const long = axes.find((axis) => inputShape[axis] !== 1);
    if (long !== undefined) throw new Error(`axis ${long} has ${inputShape[long]} positions instead of 1`);
    return inputShape.filter((_, axis) => !axes.includes(axis));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), axes: this.#axes };
  }
}

export interface MoveAxisConfig {
  name: string;
  from: number;
  to: number;
  /** The two axes change places; otherwise those between them move by one. */
  isSwap: boolean;
}

export class MoveAxis extends layers.Layer {
  static readonly className = "MoveAxis";
  readonly #config: MoveAxisConfig;

  constructor(config: MoveAxisConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    return this.#order(inputShape.length).map((axis) => inputShape[axis]);
  }

  override getConfig(): serialization.ConfigDict {
    const { from, to, isSwap } = this.#config;
    return { ...super.getConfig(), from, to, isSwap };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    const input = onlyOf(inputs);
    return transpose(input, this.#order(input.rank));
  }

  #order(rank: number): number[] {
    const [from, to] = [axisWithin(this.#config.from, rank), axisWithin(this.#config.to, rank)];
    const axes = Array.from({ length: rank }, (_, axis) => axis);
    if (this.#config.isSwap) return axes.with(from, to).with(to, from);
    return axes.toSpliced(from, 1).toSpliced(to, 0, from);
  }
}

export interface StackConfig {
  name: string;
  /** Of the output with its batch. */
  axis: number;
}

/** Inputs of the same shape, along a new axis. */
export class Stack extends layers.Layer {
  static readonly className = "Stack";
  readonly #axis: number;

  constructor({ name, axis }: StackConfig) {
    super({ name });
    this.#axis = axis;
  }

  /** A layer with one input is given that alone, without a list. */
  override computeOutputShape(inputShapes: Shape | Shape[]): Shape {
    const shapes = Array.isArray(inputShapes[0]) ? (inputShapes as Shape[]) : [inputShapes as Shape];
    const [first] = shapes;
    if (shapes.some((shape) => shape.join() !== first.join())) throw new Error("its inputs differ");
    return first.toSpliced(axisWithin(this.#axis, first.length + 1), 0, shapes.length);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), axis: this.#axis };
  }

  override call(input: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const inputs = Array.isArray(input) ? input : [input];
      const [{ shape }] = inputs;
      const axis = axisWithin(this.#axis, shape.length + 1);
      const sides = [product(shape.slice(0, axis)), product(shape.slice(axis))];
      const joined = concat(
        inputs.map((each) => reshape(each, sides)),
        1,
      );
      return reshape(joined, shape.toSpliced(axis, 0, inputs.length));
    });
  }
}

export interface SliceConfig {
  name: string;
  cuts: readonly Cut[];
}

/** A part of the input, as of `x[:, 1:, ::-1]`. */
export class Slice extends layers.Layer {
  static readonly className = "SlicedPart";
  readonly #cuts: readonly Cut[];

  constructor({ name, cuts }: SliceConfig) {
    super({ name });
    this.#cuts = cuts;
  }

  override computeOutputShape(inputShape: Shape): Shape {
    const shape = [...inputShape];
    for (const { axis, length } of this.#takenOf(inputShape)) shape[axis] = length;
    return shape.filter((_, axis) => !this.#isIndexed(axis, shape.length));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), cuts: JSON.stringify(this.#cuts) };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const input = onlyOf(inputs);
      const taken = this.#takenOf(input.shape);
      const part = taken.reduce((values, each) => takeAlong(values, each), input);
      return reshape(part, this.computeOutputShape(input.shape) as number[]);
    });
  }

  #takenOf(shape: Shape): (Taken & { axis: number })[] {
    return this.#cuts.map((cut) => {
      const axis = axisWithin(cut.axis, shape.length);
      return { ...takenOf(cut, shape[axis] as number), axis };
    });
  }

  #isIndexed(axis: number, rank: number): boolean {
    return this.#cuts.some((cut) => cut.index !== undefined && axisWithin(cut.axis, rank) === axis);
  }
}

/**
 * Of operations that have gradients on every engine: TensorFlow.js's stridedSlice has none, and its engine webgpu pads at most
 * four dimensions, so the axes before and after are merged.
 */
function takeAlong(
  values: Tensor,
  { axis, start, length, step, isReversed }: Taken & { axis: number },
): Tensor {
  const { shape } = values;
  const [before, after] = [product(shape.slice(0, axis)), product(shape.slice(axis + 1))];
  const merged = reshape(values, [before, shape[axis], after]);
  const turned = isReversed ? reverse(merged, 1) : merged;
  return reshape(taken(turned, { start, length, step }), shape.with(axis, length));
}

/** Of [before, size, after]. */
function taken(values: Tensor, { start, length, step }: Omit<Taken, "isReversed">): Tensor {
  const [before, size, after] = values.shape;
  if (step === 1) return slice(values, [0, start, 0], [before, length, after]);
  // Each position becomes the first of a row of `step` positions.
  const span = length * step;
  const missing = Math.max(0, start + span - size);
  const padded =
    missing === 0
      ? values
      : pad(values, [
          [0, 0],
          [0, missing],
          [0, 0],
        ]);
  const rows = slice(padded, [0, start, 0], [before, span, after]);
  return slice(reshape(rows, [before, length, step, after]), [0, 0, 0, 0], [before, length, 1, after]);
}

for (const layer of [Reshape, ExpandDims, Squeeze, MoveAxis, Stack, Slice])
  serialization.registerClass(layer);
