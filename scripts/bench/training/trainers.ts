// Our side of the benchmark: processes of one engine that train at the same time, as a search's workers do.

import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RunError } from "../../../src/common/errors.ts";
import { fromPlainError, type WorkerMessage } from "../../../src/common/worker-process.ts";
import type { EngineChoice, EngineIdentity, PrecisionChoice } from "../../../src/engine/engine.ts";
import type { Contender, Measurement, Setup } from "./measurement.ts";
import type { Rate, TrainedChild, WorkerTask } from "./worker.ts";

export interface TrainerOptions {
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  /** The instruction set that engine native is made to take; "auto": the best of this machine. */
  readonly kernels: string;
  readonly model: string;
  readonly batch: number;
  readonly threads: number;
}

/** Processes with the engine started in each. */
export class Trainers {
  readonly #processes: readonly ChildProcess[];
  readonly #options: TrainerOptions;
  readonly identity: EngineIdentity;

  private constructor(processes: readonly ChildProcess[], options: TrainerOptions, identity: EngineIdentity) {
    this.#processes = processes;
    this.#options = options;
    this.identity = identity;
  }

  /** @throws UsageError where the engine, the precision or the instruction set is not to be had. */
  static async start(options: TrainerOptions, count: number): Promise<Trainers> {
    const { kernels, ...task } = options;
    const { DEEPAUGMENT_NATIVE_KERNELS: _, ...env } = process.env;
    if (kernels !== "auto") env.DEEPAUGMENT_NATIVE_KERNELS = kernels;
    const worker = fileURLToPath(new URL("worker.ts", import.meta.url));
    const processes = Array.from({ length: count }, () => fork(worker, { env }));
    try {
      const [identity] = await Promise.all(
        processes.map((child) => ask<EngineIdentity>(child, { type: "start", ...task })),
      );
      return new Trainers(processes, options, identity);
    } catch (error) {
      for (const child of processes) child.kill();
      throw error;
    }
  }

  /** Measures `processes` of them; the others are idle meanwhile. */
  contender(processes: number): Contender {
    const { model, batch, threads, kernels, engine } = this.#options;
    const setup: Setup = {
      side: "deepaugment",
      ...this.identity,
      model,
      variant: kernels === "auto" || engine !== "native" ? "" : kernels,
      processes,
      threads,
      batch,
    };
    return { setup, measure: (seconds) => this.#measure(processes, seconds) };
  }

  /** As many children as there are processes, trained at the same time from different seeds. */
  trainChildren(subsetsPath: string, epochs: number, firstSeed: number): Promise<TrainedChild[]> {
    return Promise.all(
      this.#processes.map((child, index) =>
        ask<TrainedChild>(child, { type: "child", subsetsPath, epochs, seed: firstSeed + index }),
      ),
    );
  }

  close(): void {
    for (const child of this.#processes) if (child.connected) child.disconnect();
  }

  async #measure(processes: number, seconds: number): Promise<Measurement> {
    const children = this.#processes.slice(0, processes);
    const all = <Result>(task: WorkerTask) => Promise.all(children.map((child) => ask<Result>(child, task)));
    await all({ type: "prepare" });
    // All have answered, so none begins before the last one is ready.
    const training = await all<Rate>({ type: "train", seconds });
    const validation = await all<Rate>({ type: "validate", seconds: seconds / 3 });
    for (const rates of [training, validation]) checkTogether(rates);
    return {
      imagesPerSecond: total(training),
      validationImagesPerSecond: total(validation),
      residentMegabytes: validation.map(({ residentMegabytes }) => residentMegabytes),
      peakMegabytes: validation.map(({ peakMegabytes }) => peakMegabytes),
    };
  }
}

/** A sum of rates means something only of processes that ran at the same time. */
function checkTogether(rates: readonly Rate[]): void {
  const starts = rates.map(({ start }) => start);
  const ends = rates.map(({ end }) => end);
  const shared = Math.min(...ends) - Math.max(...starts);
  const whole = Math.max(...ends) - Math.min(...starts);
  if (shared < 0.5 * whole) {
    throw new RunError(
      `the processes measured together for ${(shared / 1000).toFixed(1)} s of ${(whole / 1000).toFixed(1)} s only; use longer rounds: --seconds`,
    );
  }
}

function total(rates: readonly Rate[]): number {
  return rates.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0);
}

/** What the process answers to the task. A process has one task at a time. */
function ask<Result>(child: ChildProcess, task: WorkerTask): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: WorkerMessage<Result, never>) => {
      child.off("exit", onExit);
      if (message.type === "result") resolve(message.result);
      else if (message.type === "error") reject(fromPlainError(message.error));
    };
    const onExit = (code: number | null, signal: string | null) => {
      child.off("message", onMessage);
      reject(new RunError(`a measuring process ended with ${signal ?? `code ${code}`} at task ${task.type}`));
    };
    child.once("message", onMessage);
    child.once("exit", onExit);
    child.send(task);
  });
}
