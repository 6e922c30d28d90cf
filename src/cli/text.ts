// Text that fits a width in terminal columns. A letter may be two columns wide.

import cliTruncate from "cli-truncate";
import stringWidth from "string-width";
import wrapAnsi from "wrap-ansi";
import type { Paint } from "./paint.ts";

/** The width of a text without its styles, in columns. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** The text in at most `width` columns, with an ellipsis if something is cut off. */
export function fit(text: string, width: number): string {
  return width < 1 ? "" : cliTruncate(text, width);
}

/** The text in exactly `width` columns. */
export function pad(text: string, width: number, isRight = false): string {
  const fitted = fit(text, width);
  const space = " ".repeat(Math.max(0, width - widthOf(fitted)));
  return isRight ? space + fitted : fitted + space;
}

const NO_BREAK_SPACE = "\u00a0";

/** The text in lines of at most `width` columns, broken at spaces; a number stays with the word before it. */
export function wrap(text: string, width: number): string[] {
  const bound = text.replace(/ (?=\d)/g, NO_BREAK_SPACE);
  return wrapAnsi(bound, Math.max(1, width), { hard: true })
    .split("\n")
    .map((line) => line.replaceAll(NO_BREAK_SPACE, " ").trimEnd());
}

/** A bar of `width` columns of which a share in [0, 1] is filled. */
export function barOf(share: number, width: number, paint: Paint): string {
  const filled = Math.round(Math.min(Math.max(share, 0), 1) * width);
  return paint("green", "█".repeat(filled)) + paint("dim", "░".repeat(Math.max(0, width - filled)));
}
