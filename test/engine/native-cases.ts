// Shared by the tests of the native kernels: the addon, if it is built, and the comparison of each instruction set of
// this processor with the cpu backend.

import type { Random } from "../../src/common/random.ts";
import type { Precision } from "../../src/config/engines.ts";
import {
  ACTIVATION,
  type Activations,
  type Addon,
  findAddon,
  OPERANDS,
} from "../../src/engine/native/addon.ts";
import { comparison } from "./kernel-cases.ts";

const found = findAddon();
/** The reason to skip the tests, or false. */
export const skip: string | false = "missing" in found && found.missing;
/** Defined unless the tests are skipped. */
export const { addon } = found as { addon: Addon };
/** Includes emulated tiles, because few processors have tiles. */
const ALL_SETS = ["portable", "avx2", "avx512", "avx512bf16", "amx", "emulated-tiles"];
export const INSTRUCTION_SETS: string[] = ALL_SETS.filter((name) => !skip && addon.choose(name));
/** Keyed by instruction set: makes the addon use it. */
export const variants: Record<string, () => void> = Object.fromEntries(
  INSTRUCTION_SETS.map((name) => [name, () => addon.choose(name)]),
);

/** Tolerance relative to the result's largest value: both sides sum float32 products in different orders. */
export const compareSums = comparison("native", 1e-5, variants);
/** Tolerance for one operation per value, rounded once or twice. */
export const compareValues = comparison("native", 3e-7, variants);

type Floats = Float32Array;

/** A convolution and its two gradients, with operands of this precision: (shape, input, other input, result). */
export function productsIn(precision: Precision) {
  const operands = OPERANDS[precision];
  return [
    (shape: Int32Array, x: Activations, filter: Floats, y: Activations) =>
      addon.convolve(shape, operands, x, filter, null, ACTIVATION.none, y),
    (shape: Int32Array, dy: Activations, filter: Floats, dx: Activations) =>
      addon.inputGradient(shape, operands, dy, filter, dx),
    (shape: Int32Array, x: Activations, dy: Activations, filter: Floats) =>
      addon.filterGradient(shape, operands, x, dy, filter),
  ] as const;
}

/** Any convolution that native/kernels/kernels.h describes, with strides, dilations and padding of each side. */
export function randomConvolutionShape(random: Random, isDepthwise: boolean, outChannels = 40): Int32Array {
  const [filterHeight, filterWidth] = [random.integer(1, 4), random.integer(1, 4)];
  const [strideHeight, strideWidth] = [random.integer(1, 3), random.integer(1, 3)];
  const [dilationHeight, dilationWidth] = [random.integer(1, 3), random.integer(1, 3)];
  const reachHeight = (filterHeight - 1) * dilationHeight + 1;
  const reachWidth = (filterWidth - 1) * dilationWidth + 1;
  const [padTop, padLeft] = [random.integer(0, reachHeight - 1), random.integer(0, reachWidth - 1)];
  const [height, width] = [random.integer(1, 10), random.integer(1, 10)];
  const out = (size: number, before: number, reach: number, stride: number) =>
    Math.floor(Math.max(0, size + before + random.integer(0, reach - 1) - reach) / stride) + 1;
  const inChannels = random.integer(1, 20);
  return Int32Array.of(
    random.integer(1, 3),
    height,
    width,
    inChannels,
    out(height, padTop, reachHeight, strideHeight),
    out(width, padLeft, reachWidth, strideWidth),
    isDepthwise ? inChannels * random.integer(1, 3) : random.integer(1, outChannels),
    filterHeight,
    filterWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
  );
}

/** Rounded to nearest, ties to even. */
export function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.slice().buffer);
  return Uint16Array.from(bits, (word, i) =>
    Number.isNaN(values[i]) ? 0x7fc0 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16,
  );
}

export function fromBfloat16(values: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(values, (bits) => bits << 16).buffer);
}
