// Reads the images of an array of any type, order and layout: in pieces, so that no more is in memory than the images that
// are kept, at the size that they are resized to.

import { InterruptedError } from "../../../common/errors.ts";
import { createBatch, type ImageBatch, imageAt } from "../../../image/batch.ts";
import { resizeImage } from "../../../image/resize.ts";
import type { ReadOptions } from "../../reader.ts";
import { allocateImages } from "../allocate.ts";
import type { ImageLayout } from "./layout.ts";
import { ArrayProblem } from "./problem.ts";
import { byteLength, recordsOf, type StoredArray } from "./stored-array.ts";
import { isText, type Numbers, nameOfType, numbersIn } from "./values.ts";

/** How values become pixels from 0 to 255. */
export interface PixelScale {
  /** Whether values from 0 to 1 become 0 to 255. */
  readonly isUnit: boolean;
  /** In words; empty if bytes are pixels. */
  readonly words: string;
  /** What the user should know of it. */
  readonly note?: string;
}

type Options = Pick<ReadOptions, "imageSize" | "onProgress" | "signal">;

/** Of images that are not stored one after another, this many bytes are collected at a time. */
const AT_ONCE = 2 ** 28;

/** Floating-point pixels whose largest value is between 1 and this have a scale that nobody can know. */
const LEAST_WHITE = 64;
/** Bytes whose largest value is no more than this are nearly black. */
const MOST_BLACK = 16;

/** The range of an array's values. */
interface Range {
  readonly least: number;
  readonly most: number;
}

/**
 * Finds out how values become pixels; for other types than bytes this reads all of them.
 * @throws ArrayProblem if they are not pixels.
 */
export async function scaleOf(array: StoredArray, { signal }: Options): Promise<PixelScale> {
  const { type, isFloats = type.kind === "float" } = array;
  if (isText(type)) throw new ArrayProblem("expected images, found text");
  if (type.kind === "boolean") return { isUnit: true, words: "false is 0, true is 255" };
  if (type.kind === "unsigned" && type.size === 1 && !isFloats) return { isUnit: false, words: "" };
  if (byteLength(array) === 0) return { isUnit: false, words: "" };
  const { least, most } = await rangeOf(array, signal);
  const name = isFloats ? "floats" : nameOfType(type);
  const range = `${name} from ${short(least)} to ${short(most)}`;
  if (isFloats) return scaleOfFloats(least, most, range);
  if (least < 0 || most > 255) {
    const outside = most > 255 ? most : least;
    throw new ArrayProblem(`expected pixels from 0 to 255, found ${outside}; scale them to 0 to 255`);
  }
  return { isUnit: false, words: range };
}

/** Beyond the range by less than this part of it, values are errors of rounding. */
const ROUNDING = 0.001;

function scaleOfFloats(least: number, most: number, range: string): PixelScale {
  const needed = "images need values from 0 to 1 or from 0 to 255";
  if (least < -ROUNDING * Math.max(1, most)) {
    const fix =
      least >= -1 && most <= 1 ? "scale them, such as (x + 1) / 2" : "scale them, and undo a normalization";
    throw new ArrayProblem(`its values are ${range}; ${needed}: ${fix}`);
  }
  if (most <= 1 + ROUNDING) return { isUnit: true, words: `${range}, multiplied by 255` };
  if (most < LEAST_WHITE || most > 255 * (1 + ROUNDING))
    throw new ArrayProblem(`its values are ${range}; ${needed}: scale them`);
  return { isUnit: false, words: `${range}, rounded` };
}

function short(value: number): number {
  return Number(value.toPrecision(6));
}

async function rangeOf(array: StoredArray, signal: AbortSignal | undefined): Promise<Range> {
  let [least, most, invalid] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for await (const bytes of recordsOf(array, array.type.size)) {
    if (signal?.aborted) throw new InterruptedError("interrupted");
    for (const value of numbersIn(bytes, array.type)) {
      if (value < least) least = value;
      if (value > most) most = value;
      // Also infinite ones.
      if (value - value !== 0) invalid++;
    }
  }
  if (invalid > 0)
    throw new ArrayProblem(
      `${invalid} of its values ${invalid === 1 ? "is not a number" : "are not numbers"} (NaN or infinite): replace them`,
    );
  return { least, most };
}

/** The images of an array, and what the user should know of them. */
export interface FoundImages {
  readonly images: ImageBatch;
  readonly note?: string;
}

/**
 * The images as RGB, at the size that they are resized to.
 * @throws ArrayProblem if the file has fewer or more bytes than the array, or RunError if there is too little memory.
 */
export async function readImages(
  array: StoredArray,
  layout: ImageLayout,
  scale: PixelScale,
  options: Options,
): Promise<FoundImages> {
  const { count, height, width, channels, steps } = layout;
  // Before memory is allocated for images that the file cannot contain.
  byteLength(array);
  const side = options.imageSize;
  const images = allocateImages(count, side ?? height, side ?? width);
  if (count === 0) return { images };
  const task = { array, layout, images, isUnit: scale.isUnit, options };
  if (count === 1 || steps.n === height * width * channels) {
    await readOneByOne(task);
  } else {
    // Each piece of the file has a bit of every image.
    const isResized = images.height !== height || images.width !== width;
    const atOnce = isResized ? Math.max(1, Math.floor(AT_ONCE / (height * width * 3))) : count;
    for (let start = 0; start < count; start += atOnce)
      await readAcross(task, start, Math.min(start + atOnce, count));
  }
  const note = scale.isUnit ? undefined : noteOnBrightness(images);
  return { images, ...(note !== undefined && { note }) };
}

interface Task {
  readonly array: StoredArray;
  readonly layout: ImageLayout;
  readonly images: ImageBatch;
  readonly isUnit: boolean;
  readonly options: Options;
}

/** Reads images that are stored one after another. */
async function readOneByOne(task: Task): Promise<void> {
  const { array, layout, images, isUnit } = task;
  const { height, width, channels } = layout;
  const values = height * width * channels;
  const rgb = new Uint8Array(height * width * 3);
  let done = 0;
  for await (const bytes of recordsOf(array, values * array.type.size)) {
    const pixels = pixelsOf(numbersIn(bytes, array.type), isUnit);
    for (let place = 0; place < pixels.length; place += values, done++) {
      arrange(pixels.subarray(place, place + values), layout, rgb);
      put(rgb, layout, images, done);
    }
    report(task, done);
  }
}

/** Writes one image, in the order of the file, as RGB, row by row. */
function arrange(pixels: Uint8Array, { height, width, channels, steps }: ImageLayout, rgb: Uint8Array): void {
  const { y: down, x: right, c: deep } = steps;
  if (channels === 3 && deep === 1 && right === 3 && down === 3 * width) {
    rgb.set(pixels);
    return;
  }
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = y * down; x < width; x++, from += right, to += 3) {
      rgb[to] = pixels[from];
      rgb[to + 1] = pixels[from + deep];
      rgb[to + 2] = pixels[from + 2 * deep];
    }
  }
}

function put(rgb: Uint8Array, { height, width }: ImageLayout, images: ImageBatch, index: number): void {
  const isResized = images.height !== height || images.width !== width;
  const image = isResized ? resizeImage(rgb, height, width, images.height, images.width) : rgb;
  imageAt(images, index).set(image);
}

/** Reads images of which the file has the first pixels of all, then the second pixels, and so on: those from `start` to `end`. */
async function readAcross(task: Task, start: number, end: number): Promise<void> {
  const { array, layout, images, isUnit } = task;
  const { count, height, width, channels } = layout;
  const isWhole = end - start === count;
  const some = isWhole && images.height === height ? images : createBatch(end - start, height, width);
  const size = height * width * 3;
  const places = placesOf(layout);
  const isGrey = channels === 1;
  let position = 0;
  for await (const bytes of recordsOf(array, count * array.type.size)) {
    const pixels = pixelsOf(numbersIn(bytes, array.type), isUnit);
    const rows = pixels.length / count;
    // Image by image: memory that is close together is written together.
    for (let i = start; i < end; i++) {
      const first = (i - start) * size;
      for (let row = 0, from = i; row < rows; row++, from += count) {
        const to = first + places[position + row];
        some.data[to] = pixels[from];
        if (!isGrey) continue;
        some.data[to + 1] = pixels[from];
        some.data[to + 2] = pixels[from];
      }
    }
    position += rows;
    report(task, start + Math.floor(((end - start) * position) / places.length));
  }
  if (some === images) return;
  for (let i = start; i < end; i++) put(imageAt(some, i - start), layout, images, i);
}

/** For each position in the file, in steps of all images, its place in an image as RGB. */
function placesOf({ count, height, width, channels, steps }: ImageLayout): Uint32Array {
  const places = new Uint32Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++)
        places[(y * steps.y + x * steps.x + c * steps.c) / count] = (y * width + x) * 3 + c;
    }
  }
  return places;
}

/** Values, which are in the range of the scale, as pixels. */
function pixelsOf(values: Numbers, isUnit: boolean): Uint8Array {
  if (!isUnit) {
    if (values instanceof Uint8Array) return values;
    // Adding 0.5 rounds, and changes no whole number.
    return Uint8Array.from(values, (value) => value + 0.5);
  }
  return Uint8Array.from(values, (value) => 255 * value + 0.5);
}

/** Fewer pixels are read in a moment. */
const MANY_PIXELS = 2 ** 25;

function report({ layout, options }: Task, done: number): void {
  const { count, height, width } = layout;
  if (options.signal?.aborted) throw new InterruptedError("interrupted");
  if (count * height * width < MANY_PIXELS) return;
  options.onProgress?.({ stage: "reading images", done, total: count, unit: "images" });
}

function noteOnBrightness({ data }: ImageBatch): string | undefined {
  let most = 0;
  for (const value of data) {
    if (value > most) most = value;
    if (most > MOST_BLACK) return undefined;
  }
  return `the images are nearly black: their largest value is ${most} of 255; scale them unless they should be`;
}
