// Kernels by themselves, without a technique around them.

import { type Canvas, openCanvas } from "../../src/augment/kernels.ts";
import type { Shape } from "../../src/augment/technique.ts";

/** What `render` makes of an image [height, width, 3], with so much working memory. */
export function renderOnCanvas(
  image: Uint8Array,
  shape: Shape,
  workBytes: number,
  render: (canvas: Canvas) => void,
): Uint8Array {
  const canvas = openCanvas(shape, workBytes);
  canvas.bytes.set(image, canvas.source);
  render(canvas);
  return canvas.bytes.slice(canvas.target, canvas.target + image.length);
}
