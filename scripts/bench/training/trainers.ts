// Our side of the benchmark: processes of one engine that train at the same time, like the workers of a search.

import { fileURLToPath } from "node:url";
import { WorkerPool } from "../../../src/common/worker-pool.ts";
import type { EngineIdentity } from "../../../src/engine/types.ts";
import { TrainingBench } from "../../../src/measure/bench.ts";
import type { MeasuringSetup } from "../../../src/measure/measuring.ts";
import type { Contender, Setup } from "./measurement.ts";
import type { ChildResult, ChildTask, TrainedChild } from "./worker.ts";

export interface TrainerOptions extends MeasuringSetup {
  /** The instruction set that engine native must use; "auto": the best one of this machine. */
  readonly kernels: string;
}

/** Processes that are measured in rounds. */
export class Trainers {
  readonly #bench: TrainingBench;
  readonly #options: TrainerOptions;
  readonly identity: EngineIdentity;

  private constructor(bench: TrainingBench, options: TrainerOptions, identity: EngineIdentity) {
    this.#bench = bench;
    this.#options = options;
    this.identity = identity;
  }

  /** @throws UsageError if the engine, the precision or the instruction set is not available. */
  static async start(options: TrainerOptions, count: number): Promise<Trainers> {
    const bench = new TrainingBench(count, { environment: environmentOf(options) });
    try {
      return new Trainers(bench, options, await bench.prepare(options, count));
    } catch (error) {
      await bench.close();
      throw error;
    }
  }

  /** Measures `processes` of them, with new children in each round; the others are idle meanwhile. */
  contender(processes: number): Contender {
    return {
      setup: setupOf(this.#options, this.identity, processes),
      measure: async (seconds) => {
        await this.#bench.prepare(this.#options, processes);
        return this.#bench.measure(processes, seconds);
      },
    };
  }

  close(): Promise<void> {
    return this.#bench.close();
  }
}

/**
 * Trains one child per process at the same time, from different seeds, for this number of rounds; reports the end of
 * each round to `onRound`.
 */
export async function trainChildren(
  options: TrainerOptions,
  task: { readonly subsetsPath: string; readonly epochs: number; readonly processes: number },
  rounds: number,
  onRound: (round: number, setup: Setup, children: readonly TrainedChild[]) => void,
): Promise<{ setup: Setup; children: TrainedChild[][] }> {
  const { subsetsPath, epochs, processes } = task;
  const worker = fileURLToPath(new URL("worker.ts", import.meta.url));
  const command = { file: process.execPath, args: [worker] };
  const environment = environmentOf(options);
  const pool = new WorkerPool<ChildTask, ChildResult>("child", processes, { command, environment });
  const all: ChildResult[][] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const seeds = Array.from({ length: processes }, (_, index) => (round - 1) * processes + index + 1);
      const results = await Promise.all(
        seeds.map((seed) => pool.run({ setup: options, subsetsPath, epochs, seed })),
      );
      all.push(results);
      const children = results.map(({ child }) => child);
      onRound(round, setupOf(options, results[0].identity, processes), children);
    }
  } finally {
    await pool.close();
  }
  return {
    setup: setupOf(options, all[0][0].identity, processes),
    children: all.map((results) => results.map(({ child }) => child)),
  };
}

function environmentOf({ kernels }: TrainerOptions): NodeJS.ProcessEnv {
  return { DEEPAUGMENT_NATIVE_KERNELS: kernels === "auto" ? undefined : kernels };
}

function setupOf(options: TrainerOptions, identity: EngineIdentity, processes: number): Setup {
  const { engine, model, batch, threads } = options;
  const variant = options.kernels === "auto" || engine !== "native" ? "" : options.kernels;
  return { side: "deepaugment", ...identity, model, variant, processes, threads, batch };
}
