// The executor of a run whose trainings go through a queue; this machine may train, too.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { quoteCell } from "../../../common/csv.ts";
import { appendWhole } from "../../../common/files.ts";
import type { ChosenEngine } from "../../../engine/types.ts";
import type { RunFacts } from "../../../experiment/experiment.ts";
import type { Executor } from "../executor.ts";
import { ProcessExecutor } from "../processes.ts";
import { BlobCache } from "./blob-cache.ts";
import { QueueConnection, type QueuePlace } from "./connection.ts";
import { QueueExecutor } from "./executor.ts";
import type { TaskKind } from "./kind.ts";
import type { Place } from "./messages.ts";
import { describePlatform, platformOf } from "./platform.ts";
import { createRunner } from "./runner.ts";
import { QueueWorker } from "./worker.ts";

export interface QueueRun {
  readonly place: QueuePlace;
  /** What the run records of how it began: it names the run. */
  readonly facts: RunFacts;
  readonly engine: ChosenEngine;
  readonly isMixed: boolean;
  /** How many trainings may be under way. */
  readonly inFlight: number;
  /** How many of them may run in processes of this machine. */
  readonly workers: number;
  /** Of each of these, on engine native. */
  readonly threads: number;
  /** The file that lists what each training ran on. */
  readonly placesPath: string;
  /** Takes what the user should know, a line each. */
  readonly onNote: (line: string) => void;
}

/** @throws UsageError or RunError as `QueueConnection.open`. */
export async function openQueue<
  Task extends object,
  Result extends { readonly weights?: Uint8Array },
  Report,
>(
  kind: TaskKind<Task, Result, Report>,
  { place, facts, engine, isMixed, inFlight, workers, threads, placesPath, onNote }: QueueRun,
): Promise<Executor<Task, Result, Report>> {
  const run = runIdOf(facts);
  const platform = await platformOf(engine);
  const executor = await QueueExecutor.open(kind, {
    ...place,
    ...{ run, platform, isMixed, inFlight, onNote },
    onPlace: (training, where) => recordPlace(placesPath, training, where),
  });
  if (workers === 0) return executor;
  const processes = new ProcessExecutor<Task, Result, Report>(workers, { kind: kind.name });
  const connection = await QueueConnection.open({ ...place, onNote: () => {} }); // the executor says the same
  const worker = new QueueWorker({
    ...{ connection, cache: new BlobCache(), runners: [createRunner(kind, processes)] },
    ...{ slots: workers, threads, engine: engine.name },
    ...{ shownEngine: describePlatform(platform), onlyRun: run },
  });
  const stop = new AbortController();
  const serving = worker.serve(stop.signal, stop.signal).catch((error) => onNote(String(error)));
  return {
    workers: executor.workers,
    train: (task, options) => executor.train(task, options),
    close: async () => {
      stop.abort();
      await serving;
      await processes.close();
      connection.close();
      await executor.close();
    },
  };
}

/** Before anything is written: whether there is a server. @throws UsageError or RunError as `QueueConnection.open`. */
export async function checkQueue(place: QueuePlace): Promise<void> {
  const connection = await QueueConnection.open({ ...place, onNote: () => {} }); // it is over before anything can happen
  connection.close();
}

/** The name of a run: the same on any machine that resumes it. */
function runIdOf({ startedAt, seed, dataset }: RunFacts): string {
  const text = JSON.stringify([startedAt, seed, dataset.digest]);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function recordPlace(path: string, training: string, place: Place): void {
  const { host, engine, precision, kernels, device } = place;
  const line = (cells: readonly (string | null)[]) =>
    `${cells.map((cell) => quoteCell(cell ?? "")).join(",")}\n`;
  if (!existsSync(path))
    appendWhole(path, "training,host,engine,precision,kernels,device\n", { flush: false });
  appendWhole(path, line([training, host, engine, precision, kernels, device]), { flush: false });
}
