// How long it takes to draw an image anew, measured on images of the data: what it goes through decides the time.

import { type RedrawnStep, redrawInto } from "../augment/redraw.ts";
import type { JudgedShape } from "../augment/scale.ts";
import { createBatch, type ImageBatch } from "../image/batch.ts";

/** Images that are drawn between two looks at the clock. */
const IMAGES = 16;
const WARM_UP_MILLISECONDS = 30;
const MILLISECONDS = 60;

/** Seconds for an image, after some that compile the code; 0 if there are no steps. */
export function redrawSeconds(
  images: ImageBatch,
  steps: readonly RedrawnStep[],
  judgedShape?: JudgedShape,
): number {
  if (steps.length === 0) return 0;
  const target = createBatch(IMAGES, images.height, images.width, images.channels);
  let next = 0;
  const secondsFor = (milliseconds: number) => {
    const begin = performance.now();
    let drawn = 0;
    do {
      const indices = Array.from({ length: IMAGES }, (_, i) => (next + i) % images.count);
      redrawInto(target, images, indices, steps, next, judgedShape);
      next += IMAGES;
      drawn += IMAGES;
    } while (performance.now() - begin < milliseconds);
    return (performance.now() - begin) / 1000 / drawn;
  };
  secondsFor(WARM_UP_MILLISECONDS);
  return secondsFor(MILLISECONDS);
}
