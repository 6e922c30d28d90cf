// A dataset of images that a program has in memory already.

import { UsageError } from "../common/errors.ts";
import { type ImageBatch, imageSize } from "../image/batch.ts";
import type { Dataset } from "./dataset.ts";
import { toDataset } from "./load.ts";
import { numberedClasses } from "./reader.ts";

/** What such a dataset is called, in files and messages. */
export const IN_MEMORY = "images in memory";

/** Values with their shape, [count, height, width, 3], row by row, as arrays of other libraries have them. */
export interface ShapedImages {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly shape: readonly number[];
}

/**
 * Images in the form that all of this program takes; their memory is shared, not copied.
 * @throws UsageError, one line, where the shape is not [count, height, width, 3] or there are more or fewer values.
 */
export function toImageBatch(images: ImageBatch | ShapedImages): ImageBatch {
  const { data } = images ?? {};
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw new UsageError(
      `images.data: expected a Uint8Array of pixels, received ${data === undefined ? "nothing" : (data as object).constructor.name}`,
    );
  }
  const shape =
    "shape" in images ? images.shape : [images.count, images.height, images.width, images.channels];
  const isShape =
    shape.length === 4 && shape.every((size) => Number.isSafeInteger(size) && size >= 1) && shape[3] === 3;
  if (!isShape) {
    throw new UsageError(
      `images: expected the shape [count, height, width, 3], received [${shape.join(", ")}]; grey pictures take three equal channels`,
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
 * The images as a dataset whose classes are called by their numbers. Subsets for the search are drawn from all of them.
 * @param labels one whole number from 0 upwards per image, each class with an image.
 * @throws UsageError, one line, where images or labels are not like that.
 */
export function datasetInMemory(
  images: ImageBatch | ShapedImages,
  labels: ArrayLike<number>,
  imageSize?: number,
): Dataset {
  const batch = toImageBatch(images);
  if (labels?.length !== batch.count) {
    const received = labels?.length ?? "nothing";
    throw new UsageError(`labels: expected one per image, ${batch.count}, received ${received}`);
  }
  for (let i = 0; i < batch.count; i++) {
    // What an Int32Array holds.
    if (labels[i] >= 0 && (labels[i] | 0) === labels[i]) continue;
    throw new UsageError(`labels[${i}]: expected a whole number from 0 upwards, received ${labels[i]}`);
  }
  const numbers = Int32Array.from(labels);
  const content = {
    classNames: numberedClasses(numbers, IN_MEMORY),
    train: { images: batch, labels: numbers },
    skipped: [],
  };
  return toDataset(content, IN_MEMORY, imageSize);
}
