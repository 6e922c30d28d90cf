// The machine's own C++ compiler.

import { execFileSync } from "node:child_process";

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
