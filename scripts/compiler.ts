// The machine's own C++ compiler.

import { execFileSync } from "node:child_process";
import { messageOf } from "../src/common/errors.ts";

/** A program and the arguments that come before all others. */
export interface Compiler {
  readonly file: string;
  readonly args: readonly string[];
  /** What it says of itself. */
  readonly version: string;
}

/** $CXX where it is set (CXX=none: no compiler), else c++, g++ or clang++; undefined where none of them runs. */
export function findCompiler(): Compiler | undefined {
  const { CXX } = process.env;
  for (const command of CXX ? [CXX] : ["c++", "g++", "clang++"]) {
    const [file, ...args] = command.trim().split(/\s+/);
    try {
      const version = execFileSync(file, [...args, "--version"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      return { file, args, version };
    } catch {
      // Not there, or none that works here: the next.
    }
  }
  return undefined;
}

/** What a compiler that failed printed, or why it could not run. */
export function complaintOf(error: unknown): string {
  const printed = error instanceof Error && "stderr" in error ? String(error.stderr).trimEnd() : "";
  return printed || messageOf(error);
}

/** So many lines of a complaint, from the first error on. */
export function firstErrors(complaint: string, count: number): string {
  const lines = complaint.split("\n");
  const start = Math.max(
    0,
    lines.findIndex((line) => /error/i.test(line)),
  );
  return lines.slice(start, start + count).join("\n");
}
