// What the tests of the native kernels share: the addon, where it is built, and each instruction set that this processor
// has against the cpu backend.

import { type Addon, findAddon } from "../../src/engine/native/addon.ts";
import { comparison } from "./kernel-cases.ts";

const found = findAddon();
/** Why there is nothing to test, or false. */
export const skip: string | false = "missing" in found && found.missing;
/** Only where nothing is skipped. */
export const { addon } = found as { addon: Addon };
export const INSTRUCTION_SETS: string[] = ["portable", "avx2", "avx512"].filter(
  (name) => !skip && addon.choose(name),
);
/** By name: makes the addon run on this instruction set. */
export const variants: Record<string, () => void> = Object.fromEntries(
  INSTRUCTION_SETS.map((name) => [name, () => addon.choose(name)]),
);

/** Both sides sum float32 products in different orders: relative to the largest value of the result. */
export const compareSums = comparison("native", 1e-5, variants);
/** One operation a value, rounded once or twice. */
export const compareValues = comparison("native", 3e-7, variants);
