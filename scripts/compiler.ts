// Finds the machine's C++ compiler and shortens its errors.

import { execFileSync } from "node:child_process";
import { messageOf } from "../src/common/errors.ts";

/** An executable and the arguments that precede all others. */
export interface Compiler {
  readonly file: string;
  readonly args: readonly string[];
  /** Output of --version. */
  readonly version: string;
}

/**
 * $CXX if set (CXX=none: no compiler), otherwise the first of c++, g++ and clang++ that runs; undefined if none does.
 */
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
      // Missing or not working: try the next one.
    }
  }
  return undefined;
}

/** What a failed compiler printed, or why it could not run. */
export function complaintOf(error: unknown): string {
  const printed = error instanceof Error && "stderr" in error ? String(error.stderr).trimEnd() : "";
  return printed || messageOf(error);
}

/** `count` lines of a compiler's output, from the first error on. */
export function firstErrors(complaint: string, count: number): string {
  const lines = complaint.split("\n");
  const start = Math.max(
    0,
    lines.findIndex((line) => /error/i.test(line)),
  );
  return lines.slice(start, start + count).join("\n");
}

/** How Zig may be started. Its compiler, Clang, brings what other platforms need: their C and C++ libraries. */
const ZIGS = ["zig", "python3 -m ziglang", "python -m ziglang"];

/**
 * Zig as a C++ compiler for one of its targets: $ZIG if set, otherwise one of the path, or of Python's package `ziglang`.
 * Undefined if there is none.
 */
export function findZig(target: string): Compiler | undefined {
  const { ZIG } = process.env;
  for (const command of ZIG ? [ZIG] : ZIGS) {
    const [file, ...args] = command.trim().split(/\s+/);
    try {
      const version = execFileSync(file, [...args, "version"], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      return { file, args: [...args, "c++", "-target", target], version };
    } catch {
      // Missing or not working: try the next one.
    }
  }
  return undefined;
}
