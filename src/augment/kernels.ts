// The pixel loops, WebAssembly compiled from kernels/, and the memory that they work on. Images are copied into that
// memory once, go through all operations of a chain there, and are copied out.

import { Instance, Module, readAsset } from "../common/assets.ts";
import { RunError } from "../common/errors.ts";
import { MAX_SIDE } from "../image/batch.ts";
import type { Shape } from "./technique.ts";

/** The exports of kernels/, documented there. All parameters that name data are byte addresses. */
export interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  /** Start of the memory that the module does not use itself. */
  heapBase(): number;
  invert(source: number, target: number, size: number): void;
  add(source: number, target: number, size: number, red: number, green: number, blue: number): void;
  lookUp(source: number, target: number, size: number, table: number): void;
  keepBits(source: number, target: number, size: number, mask: number): void;
  invertFrom(source: number, target: number, size: number, least: number): void;
  enhanceFromLevel(source: number, target: number, size: number, level: number, share: number): void;
  enhanceFromGrey(source: number, target: number, pixels: number, share: number): void;
  enhanceFromSmooth(source: number, target: number, height: number, width: number, share: number): void;
  meanGrey(source: number, pixels: number): number;
  autocontrast(source: number, target: number, pixels: number, work: number): void;
  equalize(source: number, target: number, pixels: number, work: number): void;
  histogramMemory(): number;
  addToHueAndSaturation(source: number, target: number, pixels: number, added: number): void;
  flipHorizontally(source: number, target: number, height: number, width: number): void;
  flipVertically(source: number, target: number, height: number, width: number): void;
  shift(source: number, target: number, height: number, width: number, right: number, down: number): void;
  warpNearest(
    source: number,
    target: number,
    height: number,
    width: number,
    xx: number,
    xy: number,
    startX: number,
    yx: number,
    yy: number,
    startY: number,
  ): void;
  warp(
    source: number,
    target: number,
    height: number,
    width: number,
    xx: number,
    xy: number,
    yx: number,
    yy: number,
    shiftX: number,
    shiftY: number,
    work: number,
  ): void;
  warpMemory(height: number, width: number): number;
  crop(
    source: number,
    target: number,
    height: number,
    width: number,
    top: number,
    right: number,
    bottom: number,
    left: number,
    work: number,
  ): void;
  cropMemory(height: number, width: number): number;
  resizePlane(
    source: number,
    fromHeight: number,
    fromWidth: number,
    target: number,
    height: number,
    width: number,
    work: number,
  ): void;
  resizeMemory(fromHeight: number, height: number, width: number): number;
  convolve3x3(
    source: number,
    target: number,
    height: number,
    width: number,
    kernel: number,
    work: number,
  ): void;
  convolutionMemory(width: number): number;
  blur(
    source: number,
    target: number,
    height: number,
    width: number,
    kernel: number,
    taps: number,
    work: number,
  ): void;
  blurMemory(height: number, width: number, taps: number): number;
  wideBlur(
    source: number,
    target: number,
    height: number,
    width: number,
    kernel: number,
    taps: number,
    step: number,
    work: number,
  ): void;
  wideBlurMemory(height: number, width: number, taps: number, step: number): number;
  gridFilter(
    source: number,
    target: number,
    height: number,
    width: number,
    gridHigh: number,
    gridWide: number,
    kernel: number,
    gain: number,
    work: number,
  ): void;
  gridFilterMemory(height: number, width: number, gridHigh: number, gridWide: number): number;
  dropValues(source: number, target: number, size: number, limit: number, random: number): void;
  dropPixels(source: number, target: number, pixels: number, limit: number, random: number): void;
  addNoiseToValues(
    source: number,
    target: number,
    size: number,
    deviation: number,
    normal: number,
    random: number,
  ): void;
  addNoiseToPixels(
    source: number,
    target: number,
    pixels: number,
    deviation: number,
    normal: number,
    random: number,
  ): void;
  addNoiseToGrains(
    source: number,
    target: number,
    height: number,
    width: number,
    grainsHigh: number,
    grainsWide: number,
    channels: number,
    deviation: number,
    normal: number,
    random: number,
    work: number,
  ): void;
  grainMemory(width: number): number;
  drawHits(target: number, count: number, limit: number, random: number): void;
  dropCells(
    source: number,
    target: number,
    height: number,
    width: number,
    cells: number,
    cellsHigh: number,
    cellsWide: number,
    channels: number,
    work: number,
  ): void;
  saltCells(
    source: number,
    target: number,
    height: number,
    width: number,
    cells: number,
    cellsHigh: number,
    cellsWide: number,
    grains: number,
    grainsHigh: number,
    grainsWide: number,
    random: number,
    work: number,
  ): void;
  cellMemory(width: number): number;
  inverseTransform(
    data: number,
    work: number,
    apart: number,
    length: number,
    lanes: number,
    table: number,
  ): number;
  columnLanes(width: number): number;
  rowLanes(height: number): number;
  realPlane(
    half: number,
    work: number,
    apart: number,
    height: number,
    width: number,
    columnRoots: number,
    rowRoots: number,
    plane: number,
  ): void;
  drawSpectrum(
    target: number,
    apart: number,
    height: number,
    width: number,
    exponent: number,
    random: number,
  ): void;
  stretch(plane: number, size: number): void;
  blend(
    source: number,
    target: number,
    pixels: number,
    coarse: number,
    fine: number,
    mask: number,
    mean: number,
    least: number,
    factor: number,
    sparsity: number,
    density: number,
  ): void;
}

/** Bytes around each block of memory that the loops may read or write, since they run over whole vectors. */
const GUARD = 128;

/** Bytes for data kept for all images, after the module's own data. */
const KEPT = 65536 * 4;

/** Memory above this size is released after use: a rare huge image should not hold it forever. */
const LARGEST_KEPT = 128 << 20;

const PAGE = 65536;

/** An instance of the module, with views on its whole memory that are valid until it grows. */
class Loaded {
  readonly kernels: Kernels;
  /** Address of the data kept between images. */
  readonly kept: number;
  /** The table currently stored at `kept`. */
  keptOwner: unknown;
  bytes!: Uint8Array;
  words!: Uint32Array;
  floats!: Float32Array;

  constructor(module: object) {
    this.kernels = new Instance(module).exports as Kernels;
    this.kept = align(this.kernels.heapBase() + GUARD);
    this.#view();
  }

  /** @throws RunError if there is not enough memory. */
  reach(end: number, shape: Shape): void {
    const missing = end - this.bytes.length;
    if (missing <= 0) return;
    try {
      this.kernels.memory.grow(Math.ceil(missing / PAGE));
    } catch {
      const megabytes = Math.ceil(end / 1e6);
      throw new RunError(
        `an image of ${shape.height} x ${shape.width} needs ${megabytes} MB to be augmented, more than there is; ` +
          "make it smaller",
      );
    }
    this.#view();
  }

  #view(): void {
    const { buffer } = this.kernels.memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.floats = new Float32Array(buffer);
  }
}

let module: object | undefined;
let loaded: Loaded | undefined;

function load(): Loaded {
  module ??= new Module(readAsset("deepaugment/kernels/augment.wasm"));
  loaded ??= new Loaded(module);
  return loaded;
}

/** The kernels' functions, which include those for sizes of working memory. */
export function kernels(): Kernels {
  return load().kernels;
}

/** Two images of a shape and working memory, at byte addresses of the kernels' memory. */
export interface Canvas extends Shape {
  readonly kernels: Kernels;
  /** [height, width, 3], the input. */
  readonly source: number;
  /** [height, width, 3], the output; all of it must be written. */
  readonly target: number;
  /** Working memory of the size that the technique requested; its content is undefined. */
  readonly work: number;
  /** The whole memory by byte, by uint32 and by float32: `floats[address >> 2]`. */
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  /** Returns the address of `table`, which stays in memory between images until another table is kept. */
  readonly keep: (table: Float32Array) => number;
}

/**
 * Memory for two images of this shape and `workBytes` of working memory. Every call returns the same memory; its
 * previous content is lost.
 * @throws RunError if there is not enough memory, or the image has a side of more than a million pixels.
 */
export function openCanvas(shape: Shape, workBytes: number): Canvas {
  if (Math.max(shape.height, shape.width) > MAX_SIDE) {
    throw new RunError(
      `an image of ${shape.height} x ${shape.width} cannot be augmented: at most ${MAX_SIDE} pixels along a side are supported`,
    );
  }
  const current = load();
  const imageBytes = align(shape.height * shape.width * 3 + GUARD);
  const source = current.kept + align(KEPT + GUARD);
  const target = source + imageBytes;
  const work = target + imageBytes;
  current.reach(work + workBytes + GUARD, shape);
  const keep = (table: Float32Array) => {
    if (current.keptOwner !== table) {
      if (table.byteLength > KEPT) throw new RangeError(`a table of ${table.byteLength} bytes is not kept`);
      current.floats.set(table, current.kept >> 2);
      current.keptOwner = table;
    }
    return current.kept;
  };
  const { bytes, words, floats } = current;
  const { height, width } = shape;
  return { height, width, kernels: current.kernels, source, target, work, bytes, words, floats, keep };
}

/** Must be called when the canvas is no longer used. */
export function closeCanvas({ bytes }: Canvas): void {
  if (bytes.length > LARGEST_KEPT) loaded = undefined;
}

/** Rounds up to a whole number of vectors. */
export function align(size: number): number {
  return (size + 15) & ~15;
}
