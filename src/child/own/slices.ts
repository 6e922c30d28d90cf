// Parts of tensors, as Python's `x[:, 1:, ..., ::-1]` takes them.

import { isObject } from "./json.ts";

/** What is taken along an axis. All counts may be negative, for positions from the end. */
export interface Cut {
  /** Of the tensor with its batch; negative from the last one. */
  readonly axis: number;
  readonly start?: number | null;
  readonly stop?: number | null;
  readonly step?: number | null;
  /** One position, whose axis vanishes. */
  readonly index?: number;
  /** Part i of n equal ones. */
  readonly section?: readonly [i: number, n: number];
}

/** The positions that a cut takes along an axis of this size. */
export interface Taken {
  /** The first one, counted from the end that `isReversed` gives. */
  readonly start: number;
  readonly length: number;
  /** From 1. */
  readonly step: number;
  readonly isReversed: boolean;
}

/** What the key of `x[key]` takes, without the axes that stay whole; undefined if it is not supported. */
export function cutsOf(key: unknown): Cut[] | undefined {
  const items = Array.isArray(key) ? key : [key];
  const gap = items.findIndex((item) => isObject(item) && item.class_name === "__ellipsis__");
  const cuts: Cut[] = [];
  for (const [i, item] of items.entries()) {
    if (i === gap) continue;
    const axis = gap >= 0 && i > gap ? i - items.length : i;
    if (Number.isInteger(item)) {
      cuts.push({ axis, index: item as number });
      continue;
    }
    // Keras 3 writes {class_name: "__slice__", config}, Keras 2 the slice alone.
    const slice = isObject(item) && isObject(item.config) ? item.config : item;
    if (!isObject(slice) || !("start" in slice && "stop" in slice)) return undefined;
    const { start, stop, step } = slice;
    if (![start, stop, step].every((each) => each == null || Number.isInteger(each))) return undefined;
    const isWhole = start == null && stop == null && (step == null || step === 1);
    if (!isWhole) cuts.push({ axis, start, stop, step } as Cut);
  }
  return cuts;
}

/** @throws Error if there is nothing at these positions. */
export function takenOf({ start, stop, step, index, section }: Cut, size: number): Taken {
  if (section) {
    const [i, n] = section;
    const length = size / n;
    if (!Number.isInteger(length)) throw new Error(`${size} cannot be split into ${n} equal parts`);
    return { start: i * length, length, step: 1, isReversed: false };
  }
  if (index !== undefined) {
    const at = index < 0 ? index + size : index;
    if (at < 0 || at >= size) throw new Error(`there is no position ${index} among ${size}`);
    return { start: at, length: 1, step: 1, isReversed: false };
  }
  const stride = step ?? 1;
  const isReversed = stride < 0;
  const least = isReversed ? -1 : 0;
  const most = isReversed ? size - 1 : size;
  const within = (at: number | null | undefined, whenMissing: number) => {
    if (at == null) return whenMissing;
    return Math.min(Math.max(at < 0 ? at + size : at, least), most);
  };
  const from = within(start, isReversed ? most : least);
  const to = within(stop, isReversed ? least : most);
  const width = Math.abs(stride);
  const length = Math.max(0, Math.ceil((isReversed ? from - to : to - from) / width));
  if (length === 0) throw new Error("no position is taken");
  return { start: isReversed ? size - 1 - from : from, length, step: width, isReversed };
}
