// What is disturbed: a command with work that can be interrupted and resumed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Subject {
  readonly name: string;
  /** The arguments that begin the work in the folder `out` or, if it has begun, continue it. */
  args(out: string): string[];
  /** How much is done, in units of its own. */
  progress(out: string): number;
  /** What must be the same in the end: names, and the text without the times. */
  result(out: string): Record<string, string>;
}

/** A command with each setting as `--set`. */
export function argsOf(command: string, settings: object): string[] {
  return [command, ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

/** The dated folder in `out` that can be resumed; a run that is killed in its first moments leaves none. */
export function startedIn(out: string, file: string): string | undefined {
  if (!existsSync(out)) return undefined;
  return readdirSync(out)
    .map((name) => join(out, name))
    .find((folder) => existsSync(join(folder, "config.yaml")) && existsSync(join(folder, file)));
}

/** The lines of a CSV file below its header; none if there is no file yet. */
export function rowsOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(1, -1) : [];
}

/** A CSV file without its last column, the times; empty if there is none. */
export function withoutTimes(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8").replace(/,[^,\n]*$/gm, "") : "";
}
