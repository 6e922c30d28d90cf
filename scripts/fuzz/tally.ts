// The table of the fuzzer: what became of the inputs of each class.

import type { FuzzClass } from "../../test/fuzz/input.ts";
import type { Death } from "./reader.ts";
import type { Report } from "./worker.ts";

interface Line {
  inputs: number;
  read: number;
  refused: number;
  failures: number;
  /** Milliseconds. */
  slowest: number;
  /** Bytes. */
  memory: number;
}

const COLUMNS = ["inputs", "read", "refused", "failures", "slowest", "most memory"];

export class Tally {
  readonly #lines: Map<string, Line>;

  constructor(classes: readonly FuzzClass[]) {
    const empty = { inputs: 0, read: 0, refused: 0, failures: 0, slowest: 0, memory: 0 };
    this.#lines = new Map(classes.map(({ name }) => [name, { ...empty }]));
  }

  add(name: string, { kind, took, memory }: Report | Death): void {
    const line = this.#lines.get(name)!;
    line.inputs++;
    line[kind === "read" || kind === "refused" ? kind : "failures"]++;
    line.slowest = Math.max(line.slowest, took);
    line.memory = Math.max(line.memory, memory);
  }

  /** One line per class, and one for all. */
  table(): string {
    const all = [...this.#lines.values()];
    const sum = (key: "inputs" | "read" | "refused" | "failures") =>
      all.reduce((total, line) => total + line[key], 0);
    const most = (key: "slowest" | "memory") => Math.max(...all.map((line) => line[key]));
    const total = {
      ...{ inputs: sum("inputs"), read: sum("read"), refused: sum("refused"), failures: sum("failures") },
      ...{ slowest: most("slowest"), memory: most("memory") },
    };
    const rows = [...this.#lines, ["all", total] as const].map(([name, line]) => [name, ...cellsOf(line)]);
    return aligned([["class", ...COLUMNS], ...rows]);
  }
}

function cellsOf({ inputs, read, refused, failures, slowest, memory }: Line): string[] {
  const counts = [inputs, read, refused, failures].map((count) => count.toLocaleString("en"));
  return [...counts, `${(slowest / 1000).toFixed(1)} s`, `${Math.round(memory / 2 ** 20)} MB`];
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "),
    )
    .join("\n");
}
