// How the sources of native/ are compiled, whether into the engine's addon or into a program that measures their loops.

import { execFile } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import type { Compiler } from "./compiler.ts";

/** Of all sources, besides how much is optimized. */
export const COMMON_FLAGS: readonly string[] = [
  ...["-std=c++17", "-Wall", "-Wextra"],
  // Nobody reads errno: without it, a square root is one instruction.
  "-fno-math-errno",
];

const AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mavx512dq", "-mfma", "-mprefer-vector-width=512"];
const AVX512_BFLOAT16 = [...AVX512, "-mavx512bf16"];
/**
 * Flags of single files, mostly those that are made for one instruction set of x86-64, which others must not be compiled
 * with; elsewhere these files are empty. A flag that the compiler does not know is left out: what a file cannot do
 * without, it asks for by `#if`.
 */
const FLAGS: Record<string, readonly string[]> = {
  "kernels_avx2.cc": ["-mavx2", "-mfma"],
  "kernels_avx512.cc": AVX512,
  "kernels_avx512bf16.cc": AVX512_BFLOAT16,
  "kernels_amx.cc": [...AVX512_BFLOAT16, "-mamx-tile", "-mamx-bf16"],
  "kernels_emulated_tiles.cc": ["-Wno-psabi"],
};

/** Flags for one source besides those that all have; for those that the compiler knows, see `knownFlags`. */
export function flagsOf(source: string): readonly string[] {
  const flags = FLAGS[basename(source)] ?? [];
  return process.arch === "x64" ? flags : flags.filter((flag) => !flag.startsWith("-m"));
}

/** Which of the flags the compiler knows. */
export async function knownFlags({ file, args }: Compiler, flags: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>();
  const check = async (flag: string) => {
    const command = [...args, "-Werror", flag, "-fsyntax-only", "-x", "c++", "/dev/null"];
    await promisify(execFile)(file, command).then(
      () => known.add(flag),
      () => {}, // not known
    );
  };
  await Promise.all([...new Set(flags)].map(check));
  return known;
}
