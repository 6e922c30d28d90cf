// Processes the pictures of a run in worker processes, a few at a time, so that memory does not grow with their number.
// Results are taken in the order of the listing, regardless of which finished first.

import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { InterruptedError } from "../common/errors.ts";
import { temporaryName } from "../common/files.ts";
import { runItems } from "../common/item-tasks.ts";
import { WorkerDiedError, WorkerPool, type WorkerPoolOptions } from "../common/worker-pool.ts";
import { largePictures, PICTURE_LIMIT } from "../dataset/readers/decode.ts";
import { LARGE_PICTURE } from "../dataset/readers/decode-task.ts";
import { pictureSizeIn, readPictureSize } from "../image/size.ts";
import { chainsPerImage } from "../policy/policy.ts";
import type { ArrangedPicture } from "./arrangement.ts";
import { type ApplySettings, type ApplyTask, type PictureResult, removeOutputs } from "./task.ts";

/** Maximum number of pictures per task, and its approximate number of outputs and of bytes read. */
const TASK_PICTURES = 16;
const TASK_OUTPUTS = 64;
const TASK_BYTES = 1 << 20;

/** Tasks in progress per process: one slow picture does not keep the others waiting. */
const TASKS_AHEAD = 8;

/** Tasks wait while those in progress have more bytes of pictures in memory than this. */
const MOST_BYTES_AHEAD = 2 ** 28;

/**
 * A picture leaves many short-lived arrays. With V8's default they accumulate for long before they are freed, and what
 * the system's allocator keeps of them grows with every thousand pictures; with less room memory stays flat, at the
 * same speed.
 */
const NODE_OPTIONS = "--max-semi-space-size=8";

/** The results for the pictures of a task. */
export interface TaskResult {
  readonly pictures: readonly ArrangedPicture[];
  readonly results: readonly PictureResult[];
  /** The file with their records, for formats with records; the caller removes it. */
  readonly records: string;
}

export interface RunOptions {
  readonly out: string;
  readonly settings: ApplySettings;
  /** Number of training pictures. */
  readonly training: number;
  /** Number of processes; defaults to one per core. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** For tests. */
  readonly pool?: Pick<WorkerPoolOptions, "command" | "silenceLimit">;
}

export class ApplyRun {
  readonly #options: RunOptions;
  readonly #workers: number;
  readonly #pool: WorkerPool<ApplyTask, PictureResult[], number>;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#workers = options.workers ?? availableParallelism();
    this.#pool = new WorkerPool("augment", this.#workers, {
      nodeOptions: NODE_OPTIONS,
      silenceLimit: PICTURE_LIMIT,
      // What matters is in the results.
      isQuiet: true,
      runs: 1,
      ...options.pool,
    });
  }

  /**
   * Augments the pictures and passes the results to `take`, in order and one at a time.
   * @throws RunError if an output cannot be written; InterruptedError on abort; errors thrown by `take`.
   */
  async finished(
    pictures: Iterable<ArrangedPicture> | AsyncIterable<ArrangedPicture>,
    take: (result: TaskResult) => Promise<void>,
  ): Promise<void> {
    const { signal } = this.#options;
    const underWay: { readonly results: Promise<TaskResult[]>; readonly bytes: number }[] = [];
    let bytes = 0;
    const takeFirst = async () => {
      const first = underWay.shift()!;
      const results = await first.results;
      bytes -= first.bytes;
      // What has ended meanwhile is left to the resumed run.
      if (signal?.aborted) throw new InterruptedError("interrupted");
      for (const result of results) await take(result);
    };
    // One listener for all tasks: signals warn about many listeners.
    const interrupt = () => this.#pool.close();
    signal?.addEventListener("abort", interrupt);
    try {
      if (signal?.aborted) throw new InterruptedError("interrupted");
      for await (const group of inTasks(pictures, this.#options.settings)) {
        const results = isLarge(group[0])
          ? largePictures.run(() => this.#augment(group))
          : this.#augment(group);
        // A failure is reported when its turn comes; until then it must not count as "unhandled".
        results.catch(() => {});
        const own = bytesIn(group);
        underWay.push({ results, bytes: own });
        bytes += own;
        while (
          underWay.length >= TASKS_AHEAD * this.#workers ||
          (bytes > MOST_BYTES_AHEAD && underWay.length > 0)
        )
          await takeFirst();
      }
      while (underWay.length > 0) await takeFirst();
    } finally {
      signal?.removeEventListener("abort", interrupt);
      await this.#pool.close();
    }
  }

  /** Runs a task; a picture that ends its process costs only itself. */
  async #augment(pictures: readonly ArrangedPicture[]): Promise<TaskResult[]> {
    const { settings, training } = this.#options;
    const out = resolve(this.#options.out);
    const taskOf = (own: readonly ArrangedPicture[]): ApplyTask => {
      return { out, pictures: own, settings, training, records: temporaryName(join(out, "records")) };
    };
    return runItems<TaskResult>(pictures.length, {
      run: async (start, end, onProgress) => {
        const own = pictures.slice(start, end);
        const task = taskOf(own);
        try {
          return {
            pictures: own,
            results: await this.#pool.run(task, { onProgress }),
            records: task.records,
          };
        } catch (error) {
          if (error instanceof WorkerDiedError) rmSync(task.records, { force: true });
          throw error;
        }
      },
      fail: (item, reason) => {
        const task = taskOf([pictures[item]]);
        removeOutputs(task, pictures[item]);
        return { pictures: task.pictures, results: [{ reason }], records: task.records };
      },
    });
  }
}

/** The bytes of packed pictures, which are in memory. */
function bytesIn(pictures: readonly ArrangedPicture[]): number {
  const sizes = pictures.map(({ content }) =>
    "file" in content && "bytes" in content.file ? content.file.bytes.length : 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Whether a file has so many pixels that only a few such pictures are decoded at a time. */
function isLarge({ content }: ArrangedPicture): boolean {
  const size = sizeOf(content);
  return size !== undefined && size.height * size.width > LARGE_PICTURE;
}

/** Undefined if the pixels are there already, or the size cannot be read. */
function sizeOf(content: ArrangedPicture["content"]): { height: number; width: number } | undefined {
  if ("path" in content) return readPictureSize(content.path);
  if ("file" in content && "bytes" in content.file) return pictureSizeIn(content.file.bytes);
  return undefined;
}

/** Groups the pictures into tasks, in order, each of a single split; each large one is a task of its own. */
async function* inTasks(
  pictures: Iterable<ArrangedPicture> | AsyncIterable<ArrangedPicture>,
  { policies, copies }: ApplySettings,
): AsyncGenerator<ArrangedPicture[], void, void> {
  const outputs = 1 + copies * Math.max(1, ...policies.map(chainsPerImage));
  const most = Math.min(TASK_PICTURES, Math.ceil(TASK_OUTPUTS / outputs));
  let group: ArrangedPicture[] = [];
  let bytes = 0;
  let isAlone = false;
  for await (const picture of pictures) {
    const isFull = group.length >= most || bytes + picture.bytes > TASK_BYTES || isAlone;
    const isOwn = isLarge(picture);
    if (group.length > 0 && (isFull || isOwn || group[0].split !== picture.split)) {
      yield group;
      group = [];
      bytes = 0;
    }
    isAlone = isOwn;
    group.push(picture);
    bytes += picture.bytes;
  }
  if (group.length > 0) yield group;
}
