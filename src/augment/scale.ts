// The scale of an image, relative to the images on which a policy was judged. Techniques that count in pixels draw their
// parameters for it, so that an image of any size looks as if it had been augmented at the judged size and enlarged: blur
// of 1 pixel at 32 x 32 is blur of 15 at 480 x 480.

import type { DrawShape, Shape } from "./technique.ts";

/** The image's shape with its scale: the geometric mean of its sides' ratios to the judged [height, width]. */
export function scaledTo({ height, width }: Shape, [judgedHeight, judgedWidth]: JudgedShape): DrawShape {
  return { height, width, scale: Math.sqrt((height * width) / (judgedHeight * judgedWidth)) };
}

/** [height, width] of the images on which a policy was judged, and possibly more; `imageShape` of policy files. */
export type JudgedShape = readonly [height: number, width: number, ...rest: number[]];

/** The side of the judged image, in its pixels, that corresponds to `side`: a whole number of at least 1. */
export function judgedSide(side: number, { scale = 1 }: DrawShape): number {
  return Math.max(1, Math.round(side / scale));
}

/** The parameter `grain` if grains are larger than a pixel; else nothing, since a grain is at least one pixel. */
export function drawGrain({ scale = 1 }: DrawShape): GrainParameter {
  return scale > 1 ? { grain: scale } : {};
}

/** The side of a grain in pixels, above 1; 1 if missing. */
export type GrainParameter = { grain?: number };

/** The number of grains, or of cells as large, along the image's sides. */
export function grainsOf({ height, width }: Shape, grain: number): { high: number; wide: number } {
  return { high: Math.max(1, Math.round(height / grain)), wide: Math.max(1, Math.round(width / grain)) };
}
