// Parsers for the values of command-line options; each throws a UsageError if a value is not valid. What values they take
// is known to the completions of shells.

import { mismatch, UsageError } from "../common/errors.ts";
import { expandHome } from "../common/home.ts";
import { DATASET_NAMES } from "../config/datasets.ts";

/** A set of configuration keys. */
export type KeySetName = "search" | "evaluation" | "data";

/** What a shell may complete a value with. */
export interface Suggestions {
  readonly names?: readonly string[];
  /** Whether it may be the path of a file or a folder. */
  readonly isPath?: boolean;
  /** Of `key=value`. */
  readonly keys?: KeySetName;
}

/** Parses whole numbers from `low` to `high`, for commander; `name` is the option with its hyphens. */
export function wholeNumber(name: string, low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new UsageError(mismatch(name, `a whole number from ${low} to ${high}`, text));
  };
}

/** Parses a list of whole numbers from `low` to `high`, separated by commas. */
export function wholeNumbers(name: string, low: number, high: number): (text: string) => number[] {
  return (text) => {
    const values = text.split(",").map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
    if (values.every((value) => value >= low && value <= high)) return values;
    throw new UsageError(mismatch(name, `whole numbers from ${low} to ${high}, separated by commas`, text));
  };
}

/** Parses `on` or `off`. */
export function onOff(name: string): ((text: string) => boolean) & Suggestions {
  const parse = oneOf(name, ["on", "off"]);
  return Object.assign((text: string) => parse(text) === "on", { names: parse.names });
}

/** Parses one of the given words, in any case. */
export function oneOf<T extends string>(
  name: string,
  words: readonly T[],
): ((text: string) => T) & Suggestions {
  const parse = (text: string) => {
    const word = words.find((candidate) => candidate === text.toLowerCase());
    if (word) return word;
    throw new UsageError(mismatch(name, words.join(", "), text));
  };
  return Object.assign(parse, { names: words });
}

/** Parses numbers in [0, 1]. */
export function share(name: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (value >= 0 && value <= 1) return value;
    throw new UsageError(mismatch(name, "a number from 0 to 1", text));
  };
}

/** Parses numbers in (0, 1). */
export function innerShare(name: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value < 1) return value;
    throw new UsageError(mismatch(name, "a number between 0 and 1", text));
  };
}

/** Parses numbers in (0, high]. */
export function numberAbove0(name: string, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value > 0 && value <= high) return value;
    throw new UsageError(mismatch(name, `a number above 0 and at most ${high}`, text));
  };
}

/** Accepts any text but an empty one; `what` describes it in the error. */
export function someText(name: string, what: string): (text: string) => string {
  return (text) => {
    if (text !== "") return text;
    throw new UsageError(mismatch(name, what, text));
  };
}

/**
 * Accepts a path, in which `~/` is the user's home folder: not every shell replaces it in `--data=~/photos`.
 * @param names what else it may be.
 */
export function somePath(
  name: string,
  what: string,
  names: readonly string[] = [],
): ((text: string) => string) & Suggestions {
  const parse = someText(name, what);
  return Object.assign((text: string) => expandHome(parse(text)), { isPath: true, names });
}

/** Accepts the path of data, or a dataset's name. */
export function dataPath(name: string) {
  return somePath(name, "a path or a name", DATASET_NAMES);
}

/** Collects `key=value` for `--set`. */
export function settings(keys: KeySetName): ((text: string, all?: string[]) => string[]) & Suggestions {
  return Object.assign((text: string, all: string[] = []) => [...all, text], { keys });
}
