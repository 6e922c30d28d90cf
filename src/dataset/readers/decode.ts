// Decodes picture files in worker processes: no picture is decoded by the program itself, so that one on which a decoder hangs,
// crashes or takes too much memory costs only itself, and Ctrl-C ends the program at any time.

import { availableParallelism } from "node:os";
import { InterruptedError } from "../../common/errors.ts";
import { runItems } from "../../common/item-tasks.ts";
import { Limiter } from "../../common/limiter.ts";
import { memoryLimit } from "../../common/memory.ts";

import { WorkerPool, type WorkerPoolOptions } from "../../common/worker-pool.ts";
import type { Pixels } from "../../image/batch.ts";
import type { ReadOptions } from "../reader.ts";
import type { DecodedFile, DecodeTask, LargeFile } from "./decode-task.ts";
import { placesFrom } from "./packed/places.ts";

/** What is wanted of the pictures. */
export type DecodeSettings = Omit<DecodeTask, "paths" | "contents" | "places" | "withLarge">;

/** Pictures that are decoded as one task. */
export interface PictureBatch extends Pick<DecodeTask, "paths" | "contents" | "places"> {
  /** Their indices for the caller. */
  readonly indices: readonly number[];
}

type TakePicture = (file: DecodedFile, index: number) => void;

type DecodePool = WorkerPool<DecodeTask, (DecodedFile | LargeFile)[], number>;

/** Files per task: enough to be worth the message, few enough that all cores finish at about the same time. */
export const BATCH = 16;

/** Tasks in progress or waiting per process: what has been read for them is in memory. */
const TASKS_AHEAD = 4;

/** Tasks wait while those in progress have more bytes of pictures than this. */
const MOST_BYTES_AHEAD = 2 ** 28;

/** Memory that the decoding of one large picture may take, in bytes. */
const LARGE_MEMORY = 2 * 2 ** 30;

/** Large pictures are decoded by as many processes at a time as half of the memory allows. */
export const largePictures = new Limiter(Math.max(1, Math.floor(memoryLimit() / 2 / LARGE_MEMORY)));

/** Fewer files than this are decoded by one process, since the start of others takes longer. */
const FEW = 48;

/** For how long the process for few files waits for others, in milliseconds. */
const KEPT_FOR = 5000;

/** How long reading and decoding one picture may take, in milliseconds. */
export const PICTURE_LIMIT = 60_000;

function openPool(size: number, options: WorkerPoolOptions = {}): DecodePool {
  // Libraries print warnings, and Node the reason of its end; what matters is in the results.
  return new WorkerPool("decode", size, { silenceLimit: PICTURE_LIMIT, isQuiet: true, ...options, runs: 1 });
}

interface KeptPool {
  readonly pool: DecodePool;
  /** The folder to which its paths are relative. */
  readonly folder: string;
  /** Calls that use it. */
  users: number;
  timer?: NodeJS.Timeout;
}

/** The process for few files. */
let kept: KeptPool | undefined;

async function withKeptPool<T>(work: (pool: DecodePool) => Promise<T>): Promise<T> {
  const folder = process.cwd();
  if (kept?.folder !== folder) kept = { pool: openPool(1), folder, users: 0 };
  const own = kept;
  clearTimeout(own.timer);
  own.users++;
  try {
    return await work(own.pool);
  } finally {
    if (--own.users === 0) {
      own.timer = setTimeout(() => {
        if (kept === own) kept = undefined;
        own.pool.close();
      }, KEPT_FOR);
      own.timer.unref();
    }
  }
}

/**
 * Decodes all files on `workers` processes and passes each result to `take` with its index, in any order. A file that ends the
 * process decoding it, or keeps it busy for too long, counts as one that cannot be decoded.
 * @throws InterruptedError on abort; errors thrown by `take`, which end the work.
 */
export async function decodeAll(
  paths: readonly string[],
  task: DecodeSettings,
  options: ReadOptions,
  take: TakePicture,
  poolOptions?: WorkerPoolOptions,
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
  take: TakePicture,
  poolOptions?: WorkerPoolOptions,
): Promise<void> {
  let done = 0;
  const takeBatch: Decoding["takeBatch"] = (files, { indices }) => {
    for (const [i, file] of files.entries()) take(file, indices[i]);
    done += files.length;
    onProgress?.({ stage: "decoding pictures", done, total, unit: "images" });
  };
  if (signal?.aborted) throw new InterruptedError("interrupted");
  if (total < FEW && !poolOptions) {
    await withKeptPool((pool) => decodeOn(pool, 1, batches, { task, takeBatch, signal }));
    return;
  }
  const size = Math.min(workers, Math.ceil(total / BATCH));
  const pool = openPool(size, poolOptions);
  // One listener for all tasks: signals warn about many listeners.
  const interrupt = () => pool.close();
  signal?.addEventListener("abort", interrupt);
  try {
    await decodeOn(pool, size, batches, { task, takeBatch });
  } finally {
    signal?.removeEventListener("abort", interrupt);
    await pool.close();
  }
}

interface Decoding {
  readonly task: DecodeSettings;
  readonly takeBatch: (files: readonly DecodedFile[], batch: Pick<PictureBatch, "indices">) => void;
  /** Abort ends the tasks, not the pool. */
  readonly signal?: AbortSignal;
}

async function decodeOn(
  pool: DecodePool,
  size: number,
  batches: Iterable<PictureBatch> | AsyncIterable<PictureBatch>,
  { task, takeBatch, signal }: Decoding,
): Promise<void> {
  const decodeBatch = async (batch: PictureBatch, isLarge = false): Promise<void> => {
    const large: number[] = [];
    await runItems(batch.paths.length, {
      run: async (start, end, onProgress) => {
        const { indices, ...pictures } = part(batch, start, end);
        const files = await pool.run(
          { ...task, ...pictures, withLarge: isLarge },
          { onProgress, isNext: isLarge, ...(signal && { signal }) },
        );
        takeBatch(files.filter(isDecoded), { indices: indices.filter((_, i) => isDecoded(files[i])) });
        for (const [i, file] of files.entries()) if (!isDecoded(file)) large.push(start + i);
      },
      fail: (item, reason) => takeBatch([{ reason }], part(batch, item, item + 1)),
    });
    await Promise.all(
      large.map((item) => largePictures.run(() => decodeBatch(part(batch, item, item + 1), true))),
    );
  };
  const underWay = new Set<Promise<void>>();
  let bytes = 0;
  const failures: unknown[] = [];
  const checkFailures = () => {
    if (failures.length > 0) throw failures[0];
  };
  for await (const batch of batches) {
    const own = bytesIn(batch);
    bytes += own;
    const decoding = decodeBatch(batch)
      .catch((error) => {
        failures.push(error);
      })
      .finally(() => {
        bytes -= own;
        underWay.delete(decoding);
      });
    underWay.add(decoding);
    while (underWay.size >= TASKS_AHEAD * size || (bytes > MOST_BYTES_AHEAD && underWay.size > 0))
      await Promise.race(underWay);
    checkFailures();
  }
  await Promise.all(underWay);
  checkFailures();
}

function isDecoded(file: DecodedFile | LargeFile): file is DecodedFile {
  return !("isLarge" in file);
}

function bytesIn({ contents = [] }: PictureBatch): number {
  return contents.reduce((sum, content) => sum + ("bytes" in content ? content.bytes.length : 0), 0);
}

function part({ paths, contents, places, indices }: PictureBatch, start: number, end: number): PictureBatch {
  return {
    paths: paths.slice(start, end),
    ...(contents && { contents: contents.slice(start, end) }),
    ...(places && { places: placesFrom(places, start, end) }),
    indices: indices.slice(start, end),
  };
}

/** Decodes one picture. @throws InterruptedError on abort; UsageError if a larger file is damaged. */
export async function decodePicture(
  path: string,
  settings: Pick<DecodeTask, "contents" | "imageSize"> = {},
  { signal }: Pick<ReadOptions, "signal"> = {},
): Promise<Pixels | { readonly reason: string }> {
  const { contents, ...task } = settings;
  let result: DecodedFile | undefined;
  const take = (file: DecodedFile) => {
    result = file;
  };
  const batch = { paths: [path], indices: [0], ...(contents && { contents }) };
  await decodeBatches([batch], 1, task, { ...(signal && { signal }) }, take);
  if (!result) throw new Error(`${path} has not been decoded`);
  if ("reason" in result) return result;
  return { data: result.data!, height: result.height, width: result.width };
}
