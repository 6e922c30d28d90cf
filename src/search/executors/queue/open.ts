// The executor of a run whose trainings go through a queue; this machine may train, too.

import { createHash } from "node:crypto";
import type { ChosenEngine } from "../../../engine/types.ts";
import type { RunFacts } from "../../../experiment/experiment.ts";
import { appendPlace, readPlaces } from "../../../experiment/machines.ts";
import type { Executor } from "../executor.ts";
import { ProcessExecutor } from "../processes.ts";
import { BlobCache } from "./blob-cache.ts";
import { QueueConnection, type QueuePlace } from "./connection.ts";
import { QueueExecutor } from "./executor.ts";
import type { TaskKind } from "./kind.ts";
import { type Machine, machinesOf } from "./machines.ts";
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
  /** Takes the machines that train, every few seconds. */
  readonly onMachines?: (machines: readonly Machine[]) => void;
}

/** @throws UsageError or RunError as `QueueConnection.open`. */
export async function openQueue<
  Task extends object,
  Result extends { readonly weights?: Uint8Array },
  Report,
>(
  kind: TaskKind<Task, Result, Report>,
  { place, facts, engine, isMixed, inFlight, workers, threads, placesPath, onNote, onMachines }: QueueRun,
): Promise<Executor<Task, Result, Report>> {
  const run = runIdOf(facts);
  const platform = await platformOf(engine);
  const places = readPlaces(placesPath);
  const hosts = new Map([...places].map(([training, { host }]) => [training, host]));
  const executor = await QueueExecutor.open(kind, {
    ...place,
    ...{ run, platform, isMixed, inFlight, onNote },
    onPlace: (training, where) => {
      appendPlace(placesPath, training, where);
      hosts.set(training, where.host);
    },
    ...(onMachines && { onWorkers: (all) => onMachines(machinesOf(all, hosts.values())) }),
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
