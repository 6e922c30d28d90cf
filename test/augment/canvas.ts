// Calls kernels directly, without a technique.

import { type Canvas, openCanvas } from "../../src/augment/kernels.ts";
import type { Shape } from "../../src/augment/technique.ts";

/** The output of `render` for an image [height, width, 3], with `workBytes` bytes of working memory. */
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
