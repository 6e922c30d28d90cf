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
import { type PackedPlaces, PlaceReader, placesFrom } from "./packed/places.ts";
import type { PackedContent } from "./picture-list.ts";

export interface DecodeTask {
  readonly paths: readonly string[];
  /** The pictures if they are not files of their own, or their places; the paths are then their names. */
  readonly contents?: readonly PackedContent[];
  readonly places?: PackedPlaces;
  /** Resizes every picture to this height and width. */
  readonly imageSize?: number;
  /** Returns only sizes, no pixels. */
  readonly sizesOnly?: boolean;
  /** Returns digests of the pixels instead of the pixels; pictures may differ in size. */
  readonly digestsOnly?: boolean;
}

/** What is wanted of the pictures. */
export type DecodeSettings = Omit<DecodeTask, "paths" | "contents" | "places">;

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

/** Pictures that are decoded as one task. */
export interface PictureBatch extends Pick<DecodeTask, "paths" | "contents" | "places"> {
  /** Their indices for the caller. */
  readonly indices: readonly number[];
}

/** Files per task: enough to be worth the message, few enough that all cores finish at about the same time. */
export const BATCH = 16;

/** Tasks in progress or waiting per process: what has been read for them is in memory. */
const TASKS_AHEAD = 4;

/** Fewer files than this are decoded in this process, which takes less time than starting others. */
const FEW = 48;

/** What this process keeps from one task to the next, if it is a "decode" worker. */
const ofWorker = new PlaceReader();

/** The work of a "decode" worker. */
export function decodeInWorker(task: DecodeTask): Promise<DecodedFile[]> {
  return decodeContents(task, ofWorker);
}

/**
 * Decodes the files of one task, in order. If pictures of a task differ in size and are not resized, no pixels are
 * returned, since the dataset will be rejected.
 * @throws UsageError if a larger file with packed pictures is damaged.
 */
export async function decodeFiles(task: DecodeTask): Promise<DecodedFile[]> {
  const reader = new PlaceReader();
  try {
    return await decodeContents(task, reader);
  } finally {
    await reader.close();
  }
}

async function decodeContents(task: DecodeTask, reader: PlaceReader): Promise<DecodedFile[]> {
  const { paths, contents, places, imageSize, sizesOnly, digestsOnly } = task;
  const files: DecodedFile[] = [];
  let first: DecodedImage | undefined;
  let isMixed = false;
  for (const [i, path] of paths.entries()) {
    const content = places ? await reader.read(places, i) : contents?.[i];
    if (content && "reason" in content) {
      files.push(content);
      continue;
    }
    try {
      const image = await decodeImage(content?.bytes ?? (await readFile(systemPath(path))), path);
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
  task: DecodeSettings,
  options: ReadOptions,
  take: (file: DecodedFile, index: number) => void,
  poolOptions: WorkerPoolOptions = {},
): Promise<void> {
  await decodeBatches(batchesOf(paths), paths.length, task, options, take, poolOptions);
}

function* batchesOf(paths: readonly string[]): Generator<PictureBatch, void, void> {
  for (let start = 0; start < paths.length; start += BATCH) {
    const own = paths.slice(start, start + BATCH);
    yield { paths: own, indices: own.map((_, i) => start + i) };
  }
}

/**
 * Like decodeAll, for pictures that come in batches; these are taken as they are needed.
 * @param total number of pictures in all batches.
 * @throws also what `batches` throws.
 */
export async function decodeBatches(
  batches: Iterable<PictureBatch> | AsyncIterable<PictureBatch>,
  total: number,
  task: DecodeSettings,
  { workers = availableParallelism(), onProgress, signal }: ReadOptions,
  take: (file: DecodedFile, index: number) => void,
  poolOptions: WorkerPoolOptions = {},
): Promise<void> {
  let done = 0;
  const takeBatch = (files: readonly DecodedFile[], { indices }: PictureBatch) => {
    for (const [i, file] of files.entries()) take(file, indices[i]);
    done += files.length;
    onProgress?.({ stage: "decoding pictures", done, total, unit: "images" });
  };
  const checkAbort = () => {
    if (signal?.aborted) throw new InterruptedError("interrupted");
  };
  if (total < FEW) {
    for await (const batch of batches) {
      checkAbort();
      takeBatch(await decodeFiles({ ...task, ...withoutIndices(batch) }), batch);
    }
    return;
  }
  const size = Math.min(workers, Math.ceil(total / BATCH));
  const pool = new WorkerPool<DecodeTask, DecodedFile[]>("decode", size, poolOptions);
  const decodeBatch = async (batch: PictureBatch): Promise<void> => {
    try {
      takeBatch(await pool.run({ ...task, ...withoutIndices(batch) }), batch);
    } catch (error) {
      if (!(error instanceof WorkerDiedError)) throw error;
      if (batch.paths.length === 1) return takeBatch([{ reason: error.message }], batch);
      const middle = Math.floor(batch.paths.length / 2);
      await Promise.all([decodeBatch(part(batch, 0, middle)), decodeBatch(part(batch, middle))]);
    }
  };
  checkAbort();
  // One listener for all tasks: signals warn about many listeners.
  const interrupt = () => pool.close();
  signal?.addEventListener("abort", interrupt);
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const checkFailures = () => {
    if (failures.length > 0) throw failures[0];
  };
  try {
    for await (const batch of batches) {
      const decoding = decodeBatch(batch)
        .catch((error) => {
          failures.push(error);
        })
        .finally(() => underWay.delete(decoding));
      underWay.add(decoding);
      if (underWay.size >= TASKS_AHEAD * size) await Promise.race(underWay);
      checkFailures();
    }
    await Promise.all(underWay);
    checkFailures();
  } finally {
    signal?.removeEventListener("abort", interrupt);
    await pool.close();
  }
}

function withoutIndices({ indices, ...rest }: PictureBatch): Omit<PictureBatch, "indices"> {
  return rest;
}

function part({ paths, contents, places, indices }: PictureBatch, start: number, end?: number): PictureBatch {
  return {
    paths: paths.slice(start, end),
    ...(contents && { contents: contents.slice(start, end) }),
    ...(places && { places: placesFrom(places, start, end) }),
    indices: indices.slice(start, end),
  };
}
