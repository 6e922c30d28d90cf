// Removing the symbols of an executable, by binutils' strip. On Linux and for Linux alone: on macOS it would break the signature.

import { execFileSync, spawnSync } from "node:child_process";

const CPUS: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };

/** The command for executables of a platform, as in process.platform and process.arch; undefined if there is none here. */
export function findStrip(os: string = process.platform, cpu: string = process.arch): string | undefined {
  if (process.platform !== "linux" || os !== "linux") return undefined;
  const command = cpu === process.arch ? "strip" : `${CPUS[cpu]}-linux-gnu-strip`;
  return spawnSync(command, ["--version"]).status === 0 ? command : undefined;
}

/** @throws Error if the command fails. */
export function strip(command: string, executable: string): void {
  execFileSync(command, [executable], { stdio: "inherit" });
}
