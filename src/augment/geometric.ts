// Crop and flips: pixels change their position, and nothing new enters the image.

import type { Random } from "../common/random.ts";
import { kernels } from "./kernels.ts";
import type { Technique, TechniqueSet } from "./technique.ts";

/** Whole pixels removed from each side. */
type CropParameters = { top: number; right: number; bottom: number; left: number };

export const crop: Technique<CropParameters> = {
  name: "crop",
  family: "geometric",
  meaning:
    "each side loses a whole number of pixels from 0 to m × the side's length; the rest is enlarged back (cubic)",
  draw(magnitude, { height, width }, random) {
    const [top, bottom] = drawLosses(magnitude, height, random);
    const [left, right] = drawLosses(magnitude, width, random);
    return { top, right, bottom, left };
  },
  isIdentity: ({ top, right, bottom, left }) => top + right + bottom + left === 0,
  workBytes: ({ height, width }) => kernels().cropMemory(height, width),
  render(canvas, { top, right, bottom, left }) {
    const { source, target, height, width, work } = canvas;
    canvas.kernels.crop(source, target, height, width, top, right, bottom, left, work);
  },
};

/**
 * Pixels removed from two opposite sides. If nothing would be left, both give back half of the excess, so that one
 * pixel remains.
 */
function drawLosses(magnitude: number, length: number, random: Random): [number, number] {
  const largest = Math.floor(magnitude * length);
  const first = random.integer(0, largest);
  const second = random.integer(0, largest);
  const excess = Math.max(0, first + second - (length - 1));
  const back = Math.max(excess - second, Math.min(first, Math.ceil(excess / 2)));
  return [first - back, second - (excess - back)];
}

type FlipParameters = { flipped: boolean };

export const horizontalFlip: Technique<FlipParameters> = {
  name: "horizontal-flip",
  family: "geometric",
  meaning: "mirrored left to right with probability m",
  draw: (magnitude, _shape, random) => ({ flipped: random.chance(magnitude) }),
  isIdentity: ({ flipped }) => !flipped,
  render({ kernels, source, target, height, width }) {
    kernels.flipHorizontally(source, target, height, width);
  },
};

export const verticalFlip: Technique<FlipParameters> = {
  name: "vertical-flip",
  family: "geometric",
  meaning: "mirrored top to bottom with probability m",
  draw: (magnitude, _shape, random) => ({ flipped: random.chance(magnitude) }),
  isIdentity: ({ flipped }) => !flipped,
  render({ kernels, source, target, height, width }) {
    kernels.flipVertically(source, target, height, width);
  },
};

export const geometricTechniques = {
  crop,
  "horizontal-flip": horizontalFlip,
  "vertical-flip": verticalFlip,
} satisfies TechniqueSet;
