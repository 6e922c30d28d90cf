// Which axis of an array is which: images, rows, columns, channels. It follows from the shape and the number of labels; if two
// readings are possible, the setting `channels` decides.

import type { ArraySettings } from "../../reader.ts";
import { ArrayProblem } from "./problem.ts";
import type { StoredArray } from "./stored-array.ts";
import { countOf, shapeText } from "./values.ts";

export interface ImageLayout {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  /** Distances in the file between neighbours along each axis, in values; 0 if there is no such axis. */
  readonly steps: Readonly<Record<Role, number>>;
  /** Whether each image is a row of values, without axes of its own. */
  readonly isFlat: boolean;
  /** In words, such as "channels first". */
  readonly words: string;
  /** What the user should know of it: that there was another possible reading. */
  readonly note?: string;
}

/** Images, rows, columns, channels. */
type Role = "n" | "y" | "x" | "c";

/** An axis: its length, and the distance between neighbours along it. */
interface Axis {
  readonly length: number;
  readonly step: number;
}

/** A picture has at least this many pixels a side, if its channels are to be recognised by the shape alone. */
const LEAST_SIDE = 4;
/** Nobody has pictures as small as this with another order of the channels than the usual one. */
const TINY_SIDE = 8;
/** As for pictures. */
const MOST_PIXELS = 100_000_000;
/** Rows of at least this many values may be images. */
const LEAST_FLAT = 49;

const EXPECTED = "expected images of the shape [N, H, W], [N, H, W, 1], [N, 3, H, W] or [N, H, W, 3]";

/** Whether an array can be images, by its shape alone. */
export function canBeImages(shape: readonly number[]): boolean {
  if (shape.length === 3 || shape.length === 4) return true;
  return shape.length === 2 && (isFlat(shape[1]) || isFlat(shape[0]));
}

function isFlat(length: number): boolean {
  return length >= LEAST_FLAT && (isSquare(length) || isSquare(length / 3));
}

function isSquare(number: number): boolean {
  return Number.isInteger(Math.sqrt(number));
}

/** The numbers of images that an array may have: along its first axis, or its last one if the others are those of an image. */
export function possibleCounts(shape: readonly number[]): number[] {
  if (shape.length < 2) return [];
  return shape.length === 2 || hasImageBeforeLast(shape) ? [shape[0], shape[shape.length - 1]] : [shape[0]];
}

/** Whether the axes before the last one can be those of an image. */
function hasImageBeforeLast(shape: readonly number[]): boolean {
  return shape.slice(0, -1).filter((side) => side >= LEAST_SIDE).length >= 2;
}

/**
 * @param labels the number of labels.
 * @throws ArrayProblem if the shape is not that of images, or several readings are possible.
 */
export function layoutOf(
  array: Pick<StoredArray, "shape" | "isColumnMajor" | "origin" | "isTransposed" | "isByColumns">,
  labels: number,
  channels: ArraySettings["channels"] = "auto",
): ImageLayout {
  const { shape } = array;
  if (!canBeImages(shape) || shape.some((side) => side > 2 ** 31))
    throw new ArrayProblem(`${EXPECTED}, found ${shapeText(shape)}`);
  const axes = axesOf(array);
  const last = axes.length - 1;
  const isEither = shape[0] === labels && shape[last] === labels;
  const isByMatlab = isEither && isUsualInMatlab(array);
  const isLast = isEither ? isByMatlab || isAlongLast(shape) : shape[last] === labels;
  const [images, rest] = isLast ? [axes[last], axes.slice(0, last)] : [axes[0], axes.slice(1)];
  const found = readingOf(rest, { ...array, channels, isLast });
  const layout = array.isTransposed ? transposed(found) : found;
  if (layout.height === 0 || layout.width === 0)
    throw new ArrayProblem(`its images have no pixels (shape ${shapeText(shape)})`);
  if (layout.height * layout.width > MOST_PIXELS)
    throw new ArrayProblem(`its images are too large (${layout.height} × ${layout.width} pixels)`);
  const words = [layout.words, ...(isLast ? ["images along the last axis"] : [])];
  return {
    ...layout,
    count: images.length,
    steps: { ...layout.steps, n: images.step },
    isFlat: rest.length === 1,
    words: words.filter(Boolean).join(", "),
    ...(isByMatlab && { note: AS_IN_MATLAB }),
  };
}

const AS_IN_MATLAB =
  "its first and last axes are both as long as the labels; images are read along the last one, as is usual in MATLAB: permute " +
  "the array if they are along the first one";

/** Whether images are along the last axis in MATLAB, though the first one is as long: [H, W, N]. */
function isUsualInMatlab({ shape, origin }: Pick<StoredArray, "shape" | "origin">): boolean {
  return origin === "matlab" && shape.length === 3 && hasImageBeforeLast(shape);
}

/** Whether only the last axis can be that of the images, if both are as long: the first ones would have no channels. */
function isAlongLast(shape: readonly number[]): boolean {
  const hasChannels = (axes: readonly number[]) => [axes[0], axes[2]].some(isChannels);
  return shape.length === 4 && !hasChannels(shape.slice(1)) && hasChannels(shape.slice(0, 3));
}

function isChannels(length: number): boolean {
  return length === 1 || length === 3;
}

function axesOf({ shape, isColumnMajor }: Pick<StoredArray, "shape" | "isColumnMajor">): Axis[] {
  return shape.map((length, i) => {
    return { length, step: countOf(isColumnMajor ? shape.slice(0, i) : shape.slice(i + 1)) };
  });
}

type Reading = Omit<ImageLayout, "count" | "isFlat">;

interface Question extends Pick<StoredArray, "shape" | "isByColumns"> {
  readonly channels: ArraySettings["channels"];
  readonly isLast: boolean;
}

/** One image, whose axes these are. */
function readingOf(axes: readonly Axis[], question: Question): Reading {
  if (axes.length === 1) return flatReading(axes[0], question);
  if (axes.length === 2) return greyReading(axes, question);
  return colourReading(axes, question);
}

function colourReading(axes: readonly Axis[], { shape, channels, isLast }: Question): Reading {
  const [first, second, third] = axes;
  const asLast = () => reading(first, second, third, third.length === 1 ? "grey" : "channels last");
  const asFirst = () =>
    reading(second, third, first, first.length === 1 ? "grey, channels first" : "channels first");
  const found = `found ${shapeText(shape)}`;
  if (channels !== "auto") {
    const axis = channels === "first" ? first : third;
    if (isChannels(axis.length)) return channels === "first" ? asFirst() : asLast();
    throw new ArrayProblem(
      `channels: ${channels} does not fit the shape ${shapeText(shape)}: expected 1 or 3 channels`,
    );
  }
  if (!isChannels(first.length) && !isChannels(third.length)) {
    const most = Math.min(first.length, third.length);
    const fix = most <= 16 ? `; of ${most} channels, keep three` : "";
    throw new ArrayProblem(`${EXPECTED}, ${found}${fix}`);
  }
  if (!isChannels(first.length)) return asLast();
  const isPicture = Math.min(second.length, third.length) >= LEAST_SIDE;
  if (!isChannels(third.length)) {
    if (isPicture) return asFirst();
    throw new ArrayProblem(`${EXPECTED}, ${found}; ${HOW_TO_SAY}`);
  }
  if (axes.every(({ length }) => length < TINY_SIDE) && !isLast) return asLast();
  throw new ArrayProblem(
    `channels may be the first or the last axis of each image in ${shapeText(shape)}: ${HOW_TO_SAY}`,
  );
}

const HOW_TO_SAY = "set channels to first or last, such as --set channels=first";

function greyReading(axes: readonly Axis[], { shape }: Question): Reading {
  const [rows, columns] = axes;
  const [least, most] = [rows.length, columns.length].sort((a, b) => a - b);
  if (least < LEAST_SIDE && most >= 16 && isSquare(most)) {
    throw new ArrayProblem(
      `each image in ${shapeText(shape)} has its rows in one axis: reshape the array to [N, H, W] or [N, H, W, 3]`,
    );
  }
  return reading(rows, columns, undefined, "grey");
}

function flatReading(axis: Axis, { shape, channels, isByColumns }: Question): Reading {
  const { length, step } = axis;
  if (!isFlat(length)) throw new ArrayProblem(`${EXPECTED}, found ${shapeText(shape)}`);
  if (isSquare(length)) {
    const side = Math.sqrt(length);
    const [rows, columns] = [
      { length: side, step: side * step },
      { length: side, step },
    ];
    return reading(
      rows,
      columns,
      undefined,
      `grey, each row of ${length} values is an image of ${side} × ${side}`,
    );
  }
  const side = Math.sqrt(length / 3);
  const planes = { length: 3, step: side * side * step };
  const [outer, inner] = [
    { length: side, step: side * step },
    { length: side, step },
  ];
  if (isByColumns) return reading(inner, outer, planes, "planes, column by column");
  const what = `each row of ${length} values is an image of ${side} × ${side}`;
  if (channels === "first") return reading(outer, inner, planes, `channels first, ${what}`);
  const [rows, columns] = [
    { length: side, step: 3 * side * step },
    { length: side, step: 3 * step },
  ];
  if (channels === "last") return reading(rows, columns, { length: 3, step }, `channels last, ${what}`);
  throw new ArrayProblem(
    `each row of ${length} values may be three planes or RGB pixels of ${side} × ${side}: ${HOW_TO_SAY} ` +
      "(CIFAR's rows have channels first)",
  );
}

function reading(rows: Axis, columns: Axis, channels: Axis | undefined, words: string): Reading {
  return {
    height: rows.length,
    width: columns.length,
    channels: channels?.length === 3 ? 3 : 1,
    steps: { n: 0, y: rows.step, x: columns.step, c: channels?.length === 3 ? channels.step : 0 },
    words,
  };
}

function transposed(layout: Reading): Reading {
  const { height, width, steps, words } = layout;
  return {
    ...layout,
    ...{ height: width, width: height, steps: { ...steps, y: steps.x, x: steps.y } },
    words: `${words}, rows and columns swapped`,
  };
}
