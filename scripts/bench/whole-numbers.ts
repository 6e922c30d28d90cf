// Options of benchmarks that are lists of whole numbers.

import { UsageError } from "../../src/common/errors.ts";

/** "0-49", or numbers with commas between. */
export function readSeeds(text: string): number[] {
  const range = /^(\d+)-(\d+)$/.exec(text);
  if (!range) return wholeNumbers(text, "seeds", 0);
  const [low, high] = [Number(range[1]), Number(range[2])];
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

/** Numbers with commas between. */
export function wholeNumbers(text: string, option: string, least = 1): number[] {
  return text.split(",").map((part) => {
    const value = Number(part);
    if (!Number.isInteger(value) || value < least) {
      throw new UsageError(`--${option}: "${part}" is not a whole number of at least ${least}`);
    }
    return value;
  });
}
