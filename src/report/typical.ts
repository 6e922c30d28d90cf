// The effect of a technique on a picture, and which of its draws shows it best.

import { drawForImage, renderChain } from "../augment/chain.ts";
import { type JudgedShape, scaledTo } from "../augment/scale.ts";
import { EXTENDED_TECHNIQUES, type TechniqueName } from "../config/techniques.ts";
import type { Pixels } from "../image/batch.ts";
import type { Operation } from "../policy/policy.ts";
import { fitPicture } from "./fit.ts";

/** An odd number, so that there is a median. */
export const DRAWS_TRIED = 9;
const TRIED_SIZE = 64;

/**
 * The picture after draw number `draw` of an operation: the same stream at every magnitude.
 * @param judgedShape that of the images of a search, to which techniques that count in pixels scale.
 */
export function augment(
  operation: Operation,
  picture: Pixels,
  seed: number,
  draw: number,
  judgedShape: JudgedShape | null = null,
): Pixels {
  const { data, height, width } = picture;
  const key = { seed, imageIndex: draw, chainIndex: EXTENDED_TECHNIQUES.indexOf(operation.type) };
  const shape = judgedShape === null ? picture : scaledTo(picture, judgedShape);
  return { data: renderChain(data, picture, drawForImage([operation], shape, key)), height, width };
}

/**
 * The draw of median strength among a few, since any single draw may happen to change almost nothing, or everything.
 * The strength is the mean change of the pixels over these magnitudes, on a reduced picture.
 */
export function typicalDraw(
  type: TechniqueName,
  picture: Pixels,
  seed: number,
  magnitudes: readonly number[],
): number {
  const small =
    Math.max(picture.height, picture.width) > TRIED_SIZE ? fitPicture(picture, TRIED_SIZE) : picture;
  const tried = Array.from({ length: DRAWS_TRIED }, (_, draw) => {
    const changes = magnitudes.map((magnitude) =>
      meanChange(small, augment({ type, magnitude }, small, seed, draw)),
    );
    return { draw, strength: changes.reduce((sum, change) => sum + change, 0) };
  });
  tried.sort((a, b) => a.strength - b.strength || a.draw - b.draw);
  return tried[(DRAWS_TRIED - 1) / 2].draw;
}

function meanChange(before: Pixels, after: Pixels): number {
  let sum = 0;
  for (let i = 0; i < before.data.length; i++) sum += Math.abs(after.data[i] - before.data[i]);
  return sum / before.data.length;
}
