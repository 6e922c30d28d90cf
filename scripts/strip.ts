// Removing the symbols of an executable, by binutils' strip. On Linux alone: on macOS it would break the signature.

import { execFileSync, spawnSync } from "node:child_process";

export function hasStrip(): boolean {
  return process.platform === "linux" && spawnSync("strip", ["--version"]).status === 0;
}

/** @throws Error if strip fails. */
export function strip(executable: string): void {
  execFileSync("strip", [executable], { stdio: "inherit" });
}
