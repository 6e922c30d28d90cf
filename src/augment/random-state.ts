// The state of the kernels' generators (kernels/random.ts): four xoshiro128** side by side, seeded by our own
// generator.

import { Random } from "../common/random.ts";
import type { Canvas } from "./kernels.ts";

/** Four generators of four 32-bit words. */
export const STATE_BYTES = 64;

/** Writes the state for this seed at an address, and returns the address. */
export function seedState({ words }: Canvas, address: number, noiseSeed: number): number {
  const random = new Random(noiseSeed, "noise");
  const first = address >> 2;
  for (let i = 0; i < STATE_BYTES / 4; i++) words[first + i] = random.uint32();
  return address;
}
