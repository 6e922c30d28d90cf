// Runs trainings of one kind that came as messages, and gives back messages.

import { trainImagesIn } from "../../../dataset/subset-file.ts";
import type { ContentRef } from "../../content.ts";
import type { Executor } from "../executor.ts";
import type { BlobCache } from "./blob-cache.ts";
import { putBytes } from "./blobs.ts";
import type { QueueConnection } from "./connection.ts";
import { type TaskKind, unpackTask } from "./kind.ts";
import { formatMessage, type KINDS, type Place, type Platform } from "./messages.ts";

interface RunnerContext {
  readonly connection: QueueConnection;
  readonly cache: BlobCache;
  /** On what it runs. */
  readonly platform: Platform;
  readonly place: Place;
  /** Of a training on engine native. */
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Called with the training's name once its message has been read. */
  readonly onNamed: (name: string) => void;
  /** Called after each epoch, or part of one, with the number of images since the last call. */
  readonly onReport: (report: string, images: number) => void;
}

export interface TrainingRunner {
  readonly kind: (typeof KINDS)[number];
  /**
   * Runs the training in a message, and gives the message with its result.
   * @throws MessageError if it is no training of this kind; what the cache and the executor throw.
   */
  run(text: string, context: RunnerContext): Promise<string>;
}

/** A runner whose trainings run on an executor. */
export function createRunner<Task extends object, Result extends { readonly weights?: Uint8Array }, Report>(
  kind: TaskKind<Task, Result, Report>,
  executor: Executor<Task, Result, Report>,
): TrainingRunner {
  const run = async (text: string, context: RunnerContext): Promise<string> => {
    const { connection, cache, platform, place, threads, signal, onNamed, onReport } = context;
    const used: ContentRef[] = [];
    try {
      const unpacked = await unpackTask(kind, text, async (digest) => {
        const path = await cache.locate(connection, digest);
        used.push({ digest, path });
        return path;
      });
      const { engine, precision } = platform;
      const task = { ...unpacked, engine, precision, threads };
      onNamed(kind.nameOf(task));
      const perEpoch = kind.imagesPerEpoch(task, trainImagesIn(kind.imagesOf(task).path));
      let epochs = 0;
      const { weights, ...result } = await executor.train(task, {
        signal,
        onEpoch: (report) => {
          const now = kind.epochsIn(report);
          onReport(formatMessage(report), Math.max(0, now - epochs) * perEpoch);
          epochs = now;
        },
      });
      const digest = weights && (await putBytes(connection, weights));
      return formatMessage({ result, ...(digest && { weights: { digest } }), place });
    } finally {
      for (const { digest } of used) cache.release(digest);
    }
  };
  return { kind: kind.name, run };
}
