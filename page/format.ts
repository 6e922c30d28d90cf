// Numbers in words.

import { formatSignedPoints as points } from "../src/common/points.ts";
import type { Measured } from "../src/report/contents.ts";

export { formatDuration as duration } from "../src/common/duration.ts";
export { points };

/** A share in percent, without the sign: `46.3`. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}

export function interval({ low, high }: Pick<Measured, "low" | "high">): string {
  return low === null || high === null ? "–" : `${points(low)} to ${points(high)}`;
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

const LONGEST = 90;

/** Shortened in the middle of a label; the whole text is in the table. */
export function short(text: string, longest = LONGEST): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/** Broken between words, for a tip. */
export function broken(text: string, width = 44): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(short(word, width));
  }
  return lines.slice(0, 8).join("\n");
}
