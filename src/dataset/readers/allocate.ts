// Memory for all images of a split.

import { RunError } from "../../common/errors.ts";
import { createBatch, type ImageBatch } from "../../image/batch.ts";

/** @throws RunError if there is too little memory. */
export function allocateImages(count: number, height: number, width: number): ImageBatch {
  try {
    return createBatch(count, height, width);
  } catch {
    const gigabytes = ((count * height * width * 3) / 1e9).toFixed(1);
    throw new RunError(
      `${count} pictures of ${height} x ${width} need ${gigabytes} GB of memory, more than is available: ` +
        "set a smaller image_size",
    );
  }
}
