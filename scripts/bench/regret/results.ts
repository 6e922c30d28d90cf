// One line per search: its regrets at each mark. They are kept in a file, so that a long comparison may be made in
// pieces; searches that are there already are not made again.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { UsageError } from "../../../src/common/errors.ts";
import { standardErrorOf } from "../../../src/common/mean.ts";

/** The regrets of one search. */
export interface SearchResult {
  readonly objective: string;
  /** Of the objective's data. */
  readonly digest: string;
  readonly method: string;
  readonly title: string;
  readonly seed: number;
  /** How many trials are being judged while one is requested. */
  readonly lag: number;
  readonly marks: readonly Mark[];
}

/** Regrets after this many trials: the greatest possible true reward minus that of a policy. */
export interface Mark {
  readonly trials: number;
  /** Of the best trial so far. */
  readonly simple: number;
  /** Of the trial that the method would recommend. */
  readonly recommended: number;
}

/** @throws UsageError naming the line that is not a result. */
export function readResults(file: string | undefined): SearchResult[] {
  if (file === undefined || !existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, index) => {
    if (line === "") return [];
    try {
      return [JSON.parse(line) as SearchResult];
    } catch {
      throw new UsageError(`${file}, line ${index + 1}: not JSON; delete the line to repeat its search`);
    }
  });
}

export function appendResult(file: string, result: SearchResult): void {
  appendFileSync(file, `${JSON.stringify(result)}\n`);
}

/** A mean with its standard error. */
export interface Summary {
  readonly count: number;
  readonly mean: number;
  readonly standardError: number;
}

export function summarize(values: readonly number[]): Summary {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  return { count, mean, standardError: standardErrorOf(values, mean) };
}
