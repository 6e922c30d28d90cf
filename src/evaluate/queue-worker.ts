// A worker of a queue with all kinds of trainings: those of searches and those of evaluations.

import type { FinalProgress } from "../child/final-trainer.ts";
import type { EngineChoice } from "../config/engines.ts";
import { probeEngine, resolveEngine } from "../engine/choose.ts";
import { ProcessExecutor } from "../search/executors/processes.ts";
import { BlobCache } from "../search/executors/queue/blob-cache.ts";
import { type ConnectOptions, QueueConnection } from "../search/executors/queue/connection.ts";
import { describePlatform, platformOf } from "../search/executors/queue/platform.ts";
import { createRunner } from "../search/executors/queue/runner.ts";
import { TRAINING_KIND } from "../search/executors/queue/training-kind.ts";
import { QueueWorker } from "../search/executors/queue/worker.ts";
import { suitedWorkers } from "../search/settle/engine.ts";
import type { FinalResult, FinalTask } from "./final-task.ts";
import { EVALUATION_KIND } from "./queued-kind.ts";

export interface StartOptions extends ConnectOptions {
  /** How many trainings run at the same time; as many as suit the machine unless given. */
  readonly workers?: number;
  readonly threads: number;
  readonly engine: EngineChoice;
  /** In milliseconds. */
  readonly lostAfter: number;
  readonly cacheBytes: number;
  /** Called as trainings begin and end, one line each. */
  readonly onTraining: (line: string) => void;
}

export interface StartedWorker {
  readonly queueWorker: QueueWorker;
  /** In words. */
  readonly engine: string;
  readonly slots: number;
  close(): Promise<void>;
}

/** @throws UsageError if the engine is not available; what `QueueConnection.open` throws. */
export async function startWorker(options: StartOptions): Promise<StartedWorker> {
  const { threads, engine: choice, lostAfter, cacheBytes, onTraining } = options;
  const { identity, found } = await resolveEngine(choice, "auto", probeEngine);
  const slots = options.workers ?? suitedWorkers(identity.name, found, threads);
  const engine = describePlatform(await platformOf(identity));
  const connection = await QueueConnection.open(options);
  const searching = new ProcessExecutor(slots);
  const evaluating = new ProcessExecutor<FinalTask, FinalResult, FinalProgress>(slots, { kind: "evaluate" });
  const queueWorker = new QueueWorker({
    ...{
      connection,
      cache: new BlobCache(cacheBytes),
      slots,
      threads,
      engine: choice,
      lostAfter,
      onTraining,
    },
    shownEngine: engine,
    runners: [createRunner(TRAINING_KIND, searching), createRunner(EVALUATION_KIND, evaluating)],
  });
  return {
    ...{ queueWorker, engine, slots },
    close: async () => {
      await Promise.all([searching.close(), evaluating.close()]);
      connection.close();
    },
  };
}
