// Numbers in words.

import type { Measured } from "../src/report/contents.ts";

/** A share in percent, without the sign: `46.3`. */
export function percent(share: number): string {
  return (100 * share).toFixed(1);
}

/** A difference of shares in points, with its sign. */
export function points(difference: number): string {
  return `${difference < 0 ? "−" : "+"}${Math.abs(100 * difference).toFixed(1)}`;
}

export function interval({ low, high }: Pick<Measured, "low" | "high">): string {
  return low === null || high === null ? "–" : `${points(low)} to ${points(high)}`;
}

/** `12s`, `3m 05s` or `2h 07m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
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
