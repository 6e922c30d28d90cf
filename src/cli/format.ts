// How numbers, times, tables and commands look on a terminal.

import { programName, quoteForShell } from "../common/program-name.ts";

export { count } from "../common/count.ts";
export { formatDuration } from "../common/duration.ts";
export { formatPoints, formatSignedPoints } from "../common/points.ts";
export { programName, quoteForShell };

/** A share in [0, 1], such as a reward or an accuracy, with three digits. */
export function formatShare(value: number): string {
  return value.toFixed(3);
}

/** A difference of shares, with its sign. */
export function formatGain(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

/** The command that continues an experiment, to paste. */
export function resumeCommand(folder: string): string {
  return `${programName()} optimize --resume ${quoteForShell(folder)}`;
}

/** A rate, such as images per second: three significant digits below 100, else whole. */
export function formatRate(rate: number): string {
  return rate < 100 ? String(Number(rate.toPrecision(3))) : Math.round(rate).toLocaleString("en");
}

/** Rows under a header in aligned columns. `right`: whether each column is right-aligned, as numbers are. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (right[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)].join("\n");
}
