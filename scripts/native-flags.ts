// Compiler flags for the sources in native/, both for the engine's addon and for the program that measures their loops.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { Compiler } from "./compiler.ts";

/** Flags for all sources, except the optimization level. */
export const COMMON_FLAGS: readonly string[] = [
  ...["-std=c++17", "-Wall", "-Wextra"],
  // errno is not used; without it, a square root is a single instruction.
  "-fno-math-errno",
];

const AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mfma", "-mprefer-vector-width=512"];
const AVX512_BFLOAT16 = [...AVX512, "-mavx512bf16"];
/**
 * Flags for single files, mostly those for one x86-64 instruction set, which other files must not be compiled with;
 * these files are empty on other processors. Flags that the compiler does not know are left out; a file checks with
 * `#if` for what it requires.
 */
const FLAGS: Record<string, readonly string[]> = {
  "kernels_avx2.cc": ["-mavx2", "-mfma"],
  "kernels_avx512.cc": AVX512,
  "kernels_avx512bf16.cc": AVX512_BFLOAT16,
  "kernels_amx.cc": [...AVX512_BFLOAT16, "-mamx-tile", "-mamx-bf16"],
  "kernels_emulated_tiles.cc": ["-Wno-psabi"],
};

/** Additional flags for one source; see `knownFlags` for those that the compiler supports. */
export function flagsOf(source: string, cpu: string = process.arch): readonly string[] {
  const flags = FLAGS[basename(source)] ?? [];
  return cpu === "x64" ? flags : flags.filter((flag) => !flag.startsWith("-m"));
}

/** The flags that the compiler supports. */
export async function knownFlags({ file, args }: Compiler, flags: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-flags-"));
  const check = async (flag: string, index: number) => {
    // Not only the syntax: Zig takes -fsyntax-only for a mistake.
    const made = join(folder, `${index}.o`);
    const command = [...args, "-Werror", flag, "-c", "-x", "c++", "/dev/null", "-o", made];
    await promisify(execFile)(file, command).then(
      () => known.add(flag),
      () => {}, // not supported
    );
  };
  await Promise.all([...new Set(flags)].map(check));
  rmSync(folder, { recursive: true });
  return known;
}
