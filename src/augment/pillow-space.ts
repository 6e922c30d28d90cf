// The operations of torchvision's TrivialAugmentWide and RandAugment, with their magnitudes in 31 bins.

import type { Random } from "../common/random.ts";
import type { DrawnOperation } from "./chain.ts";
import type { Shape } from "./technique.ts";

/** torchvision's names of its 14 operations, in its order. */
export const PILLOW_OPERATIONS = [
  "Identity",
  "ShearX",
  "ShearY",
  "TranslateX",
  "TranslateY",
  "Rotate",
  "Brightness",
  "Color",
  "Contrast",
  "Sharpness",
  "Posterize",
  "Solarize",
  "AutoContrast",
  "Equalize",
] as const;

export type PillowOperation = (typeof PILLOW_OPERATIONS)[number];

export const MAGNITUDE_BINS = 31;

/** The magnitudes in the last bin. */
export interface MagnitudeLimits {
  /** Tangent of the angle. */
  readonly shear: number;
  /** Pixels, for a side of this many. */
  readonly translation: (side: number) => number;
  readonly degrees: number;
  /** Difference of the enhancers' factor from 1. */
  readonly enhancement: number;
  readonly bitsLost: number;
}

export const TRIVIAL_AUGMENT: MagnitudeLimits = {
  shear: 0.99,
  translation: () => 32,
  degrees: 135,
  enhancement: 0.99,
  bitsLost: 6,
};

export const RAND_AUGMENT: MagnitudeLimits = {
  shear: 0.3,
  translation: (side) => (150 / 331) * side,
  degrees: 30,
  enhancement: 0.9,
  bitsLost: 4,
};

/** One of the 14 operations, in the given bin or in any, with either sign; the identity is no operation at all. */
export function drawPillowOperation(
  limits: MagnitudeLimits,
  shape: Shape,
  random: Random,
  bin?: number,
): DrawnOperation[] {
  const name = PILLOW_OPERATIONS[random.integer(0, PILLOW_OPERATIONS.length - 1)];
  const drawnBin = bin ?? random.integer(0, MAGNITUDE_BINS - 1);
  return pillowOperation(name, limits, shape, drawnBin, random.chance(0.5) ? -1 : 1);
}

/**
 * An operation with the magnitude of a bin, 0 to 30. The sign applies to those that work in both directions; the last two
 * have no magnitude either.
 */
export function pillowOperation(
  name: PillowOperation,
  limits: MagnitudeLimits,
  { height, width }: Shape,
  bin: number,
  sign: 1 | -1,
): DrawnOperation[] {
  // Adding 0 turns -0, which JSON does not keep, into 0.
  const signed = (limit: number) => sign * magnitudeOf(0, limit, bin) + 0;
  const pixels = (side: number) => Math.trunc(signed(limits.translation(side))) + 0;
  const factor = () => 1 + signed(limits.enhancement);
  switch (name) {
    case "Identity":
      return [];
    case "ShearX":
      return [{ type: "pillow-shear-x", parameters: { factor: signed(limits.shear) } }];
    case "ShearY":
      return [{ type: "pillow-shear-y", parameters: { factor: signed(limits.shear) } }];
    case "TranslateX":
      return [{ type: "pillow-translate-x", parameters: { pixels: pixels(width) } }];
    case "TranslateY":
      return [{ type: "pillow-translate-y", parameters: { pixels: pixels(height) } }];
    case "Rotate":
      return [{ type: "pillow-rotate", parameters: { degrees: signed(limits.degrees) } }];
    case "Brightness":
      return [{ type: "pillow-brightness", parameters: { factor: factor() } }];
    case "Color":
      return [{ type: "pillow-color", parameters: { factor: factor() } }];
    case "Contrast":
      return [{ type: "pillow-contrast", parameters: { factor: factor() } }];
    case "Sharpness":
      return [{ type: "pillow-sharpness", parameters: { factor: factor() } }];
    case "Posterize":
      return [{ type: "pillow-posterize", parameters: { bits: bitsOf(limits.bitsLost, bin) } }];
    case "Solarize":
      return [{ type: "pillow-solarize", parameters: { threshold: magnitudeOf(255, 0, bin) } }];
    case "AutoContrast":
      return [{ type: "pillow-autocontrast", parameters: {} }];
    case "Equalize":
      return [{ type: "pillow-equalize", parameters: {} }];
  }
}

/**
 * The bin's magnitude as torch.linspace computes it, in float32 with fused multiplication and addition: from the start in
 * the first half of the bins, from the end in the second. Exactness matters: the 16th bin of 0 to 32 pixels is just below
 * 16, which torchvision truncates to 15.
 */
function magnitudeOf(start: number, end: number, bin: number): number {
  const [from, to] = [Math.fround(start), Math.fround(end)];
  const last = MAGNITUDE_BINS - 1;
  const step = Math.fround(Math.fround(to - from) / last);
  return Math.fround(bin < Math.floor(MAGNITUDE_BINS / 2) ? from + step * bin : to - step * (last - bin));
}

/** Bits kept: torch.round in float32, halves to even. */
function bitsOf(lost: number, bin: number): number {
  const share = Math.fround(bin / Math.fround((MAGNITUDE_BINS - 1) / lost));
  const floor = Math.floor(share);
  const isUp = share - floor > 0.5 || (share - floor === 0.5 && floor % 2 === 1);
  return 8 - (isUp ? floor + 1 : floor);
}
