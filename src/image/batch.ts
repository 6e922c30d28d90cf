// Images in memory: a batch is one typed array.

/** One picture: RGB, uint8, [height, width, 3], row by row. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** A batch of images, [count, height, width, channels], uint8 from 0 to 255, row by row, RGB interleaved. */
export interface ImageBatch {
  readonly data: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Always 3 inside the program; readers convert grey pictures to three equal channels. */
  readonly channels: number;
}

/** Pixels along a side at most: all that is computed for the rows or columns of an image then fits into 32 bits. */
export const MAX_SIDE = 1_000_000;

/** An empty (black) batch, [count, height, width, channels]. */
export function createBatch(count: number, height: number, width: number, channels = 3): ImageBatch {
  return { data: new Uint8Array(count * height * width * channels), count, height, width, channels };
}

/** Number of values in one image: height × width × channels. */
export function imageSize(batch: Pick<ImageBatch, "height" | "width" | "channels">): number {
  return batch.height * batch.width * batch.channels;
}

/** The values of image `index`, as a view on the batch's memory. */
export function imageAt(batch: ImageBatch, index: number): Uint8Array {
  const size = imageSize(batch);
  return batch.data.subarray(index * size, (index + 1) * size);
}

/** Copies of the images at `indices`, in that order: [indices.length, height, width, channels]. */
export function selectImages(batch: ImageBatch, indices: ArrayLike<number>): ImageBatch {
  const selected = createBatch(indices.length, batch.height, batch.width, batch.channels);
  const size = imageSize(batch);
  for (let i = 0; i < indices.length; i++) selected.data.set(imageAt(batch, indices[i]), i * size);
  return selected;
}
