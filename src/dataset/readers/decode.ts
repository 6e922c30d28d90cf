// Decodes many picture files on all cores: the work of a "decode" worker process, and its distribution.

import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { InterruptedError, systemReason } from "../../common/errors.ts";
import { systemPath } from "../../common/path-bytes.ts";
import { WorkerDiedError, WorkerPool, type WorkerPoolOptions } from "../../common/worker-pool.ts";
import { type DecodedImage, decodeImage, ImageError } from "../../image/codec.ts";
import { toSquare } from "../../image/resize.ts";
import { pixelDigest } from "../identical.ts";
import type { ReadOptions } from "../reader.ts";

export interface DecodeTask {
  readonly paths: readonly string[];
  /** Resizes every picture to this height and width. */
  readonly imageSize?: number;
  /** Returns only sizes, no pixels. */
  readonly sizesOnly?: boolean;
  /** Returns digests of the pixels instead of the pixels; pictures may differ in size. */
  readonly digestsOnly?: boolean;
}

/** The result for one file: a picture, [height, width, 3], or the reason why there is none. */
export type DecodedFile =
  | {
      readonly height: number;
      readonly width: number;
      readonly data?: Uint8Array;
      /** See `pixelDigest`. */
      readonly digest?: string;
    }
  | { readonly reason: string };

/** Files per task: enough to be worth the message, few enough that all cores finish at about the same time. */
const BATCH = 16;

/** Fewer files than this are decoded in this process, which takes less time than starting others. */
const FEW = 48;

/**
 * Decodes the files of one task, in order. If pictures of a task differ in size and are not resized, no pixels are
 * returned, since the dataset will be rejected.
 */
export async function decodeFiles(task: DecodeTask): Promise<DecodedFile[]> {
  const { paths, imageSize, sizesOnly, digestsOnly } = task;
  const files: DecodedFile[] = [];
  let first: DecodedImage | undefined;
  let isMixed = false;
  for (const path of paths) {
    try {
      const image = await decodeImage(await readFile(systemPath(path)), path);
      if (digestsOnly) {
        files.push({ height: image.height, width: image.width, digest: pixelDigest(image.data) });
        continue;
      }
      first ??= image;
      isMixed ||= !imageSize && (image.height !== first.height || image.width !== first.width);
      files.push(
        sizesOnly || isMixed ? { height: image.height, width: image.width } : toSquare(image, imageSize),
      );
    } catch (error) {
      files.push({ reason: error instanceof ImageError ? error.reason : systemReason(error) });
    }
  }
  return files;
}

/**
 * Decodes all files on `workers` processes and passes each result to `take` with its index, in any order. A file that
 * kills the process decoding it counts as one that cannot be decoded.
 * @throws InterruptedError on abort; errors thrown by `take`, which end the work.
 */
export async function decodeAll(
  paths: readonly string[],
  task: Omit<DecodeTask, "paths">,
  { workers = availableParallelism(), onProgress, signal }: ReadOptions,
  take: (file: DecodedFile, index: number) => void,
  poolOptions: WorkerPoolOptions = {},
): Promise<void> {
  let done = 0;
  const takeBatch = (files: readonly DecodedFile[], start: number) => {
    for (const [i, file] of files.entries()) take(file, start + i);
    done += files.length;
    onProgress?.({ stage: "decoding pictures", done, total: paths.length, unit: "images" });
  };
  if (paths.length < FEW) {
    takeBatch(await decodeFiles({ ...task, paths }), 0);
    return;
  }
  const size = Math.min(workers, Math.ceil(paths.length / BATCH));
  const pool = new WorkerPool<DecodeTask, DecodedFile[]>("decode", size, poolOptions);
  const decodeBatch = async (start: number, end: number): Promise<void> => {
    try {
      takeBatch(await pool.run({ ...task, paths: paths.slice(start, end) }), start);
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      if (end - start === 1) return takeBatch([{ reason: error.message }], start);
      const middle = Math.floor((start + end) / 2);
      await Promise.all([decodeBatch(start, middle), decodeBatch(middle, end)]);
    }
  };
  if (signal?.aborted) throw new InterruptedError("interrupted");
  // One listener for all tasks: signals warn about many listeners.
  const interrupt = () => pool.close();
  signal?.addEventListener("abort", interrupt);
  try {
    const starts = Array.from({ length: Math.ceil(paths.length / BATCH) }, (_, i) => i * BATCH);
    await Promise.all(starts.map((start) => decodeBatch(start, Math.min(start + BATCH, paths.length))));
  } finally {
    signal?.removeEventListener("abort", interrupt);
    await pool.close();
  }
}
