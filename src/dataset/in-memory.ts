// A dataset from images that are already in memory.

import { mismatch, UsageError } from "../common/errors.ts";
import { type ImageBatch, imageSize } from "../image/batch.ts";
import type { Dataset } from "./dataset.ts";
import { toDataset } from "./load.ts";
import { numberedClasses } from "./reader.ts";

/** The name of such a dataset in files and messages. */
export const IN_MEMORY = "images in memory";

/** Row-major values with their shape, [count, height, width, 3], like the arrays of other libraries. */
export interface ShapedImages {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly shape: readonly number[];
}

/**
 * Converts images to the form used throughout the program; the memory is shared, not copied.
 * @throws UsageError, one line, if the shape is not [count, height, width, 3] or does not match the number of values.
 */
export function toImageBatch(images: ImageBatch | ShapedImages): ImageBatch {
  const { data } = images ?? {};
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new UsageError(mismatch("images.data", "a Uint8Array of pixels", data));
  }
  const shape =
    "shape" in images ? images.shape : [images.count, images.height, images.width, images.channels];
  const isShape =
    shape.length === 4 && shape.every((size) => Number.isSafeInteger(size) && size >= 1) && shape[3] === 3;
  if (!isShape) {
    throw new UsageError(
      `${mismatch("images", "the shape [count, height, width, 3]", shape)}; grey images need three equal channels`,
    );
  }
  const [count, height, width, channels] = shape;
  const length = count * imageSize({ height, width, channels });
  if (data.length !== length) {
    throw new UsageError(
      `images: ${count} × ${height} × ${width} × 3 are ${length} values, but images.data has ${data.length}`,
    );
  }
  const values = new Uint8Array(data.buffer, data.byteOffset, data.length);
  return { data: values, count, height, width, channels };
}

/**
 * The images as a dataset whose class names are their numbers. Subsets for the search are drawn from all images.
 * @param labels one whole number from 0 upwards per image; every class must have an image.
 * @throws UsageError, one line, if images or labels are invalid.
 */
export function datasetInMemory(
  images: ImageBatch | ShapedImages,
  labels: ArrayLike<number>,
  imageSize?: number,
): Dataset {
  const batch = toImageBatch(images);
  if (labels?.length !== batch.count) {
    throw new UsageError(mismatch("labels", `one per image, ${batch.count}`, labels?.length));
  }
  for (let i = 0; i < batch.count; i++) {
    // Range of an Int32Array.
    if (labels[i] >= 0 && (labels[i] | 0) === labels[i]) continue;
    throw new UsageError(mismatch(`labels[${i}]`, "a whole number from 0 upwards", labels[i]));
  }
  const numbers = Int32Array.from(labels);
  const content = {
    classNames: numberedClasses(numbers, IN_MEMORY),
    train: { images: batch, labels: numbers },
    skipped: [],
  };
  return toDataset(content, IN_MEMORY, imageSize);
}
