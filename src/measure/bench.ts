// Training speed of one engine on one model, measured in processes that train at the same time, as in a search.

import { checkModel, inspectionOf } from "../child/model.ts";
import { RunError, UsageError } from "../common/errors.ts";
import { WorkerPool } from "../common/worker-pool.ts";
import { engineDefinition } from "../engine/choose.ts";
import type { EngineIdentity } from "../engine/types.ts";
import { type EngineSettings, settleEngine } from "../search/settle/engine.ts";
import type { MeasuringResults, MeasuringSetup, MeasuringTask } from "./measuring.ts";
import { type Rate, syntheticImages } from "./meter.ts";
import { meanProfile, type StepProfile } from "./profile.ts";

export interface Measurement {
  /** Trained (forward, backward, update), all processes together. */
  readonly imagesPerSecond: number;
  /** Forward alone, all processes together. */
  readonly validationImagesPerSecond: number;
  /** Of each process, after the measurement. */
  readonly residentMegabytes: readonly number[];
  /** Of each process, at most so far. */
  readonly peakMegabytes: readonly number[];
}

export interface TrainingBenchOptions {
  /** Environment variables of the processes, besides this program's own. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Processes that train and validate children of their own on request, and are idle otherwise. */
export class TrainingBench {
  readonly #pool: WorkerPool<MeasuringTask, MeasuringResults[keyof MeasuringResults]>;
  readonly #signal: AbortSignal | undefined;

  constructor(processes: number, { environment, signal }: TrainingBenchOptions = {}) {
    this.#pool = new WorkerPool("measure", processes, { environment });
    this.#signal = signal;
  }

  /**
   * Has this many processes draw a fresh child and warm it up. Call it before measuring with as many.
   * @throws UsageError if the engine, the precision or the model is not available; RunError if the model is too large.
   */
  async prepare(setup: MeasuringSetup, processes: number): Promise<EngineIdentity> {
    const [identity] = await this.#all(processes, { type: "prepare", setup });
    return identity;
  }

  /**
   * Trains for at least this many seconds, and validates for a third of it.
   * @throws RunError if the processes did not measure at the same time.
   */
  async measure(processes: number, seconds: number): Promise<Measurement> {
    // All have answered before the next task, so none begins before the last one is ready.
    const imagesPerSecond = await this.train(processes, seconds);
    await this.#all(processes, { type: "validate", seconds: 0 }); // warms up
    const validation = await this.#all(processes, { type: "validate", seconds: seconds / 3 });
    checkTogether(validation);
    return {
      imagesPerSecond,
      validationImagesPerSecond: total(validation),
      residentMegabytes: validation.map(({ residentMegabytes }) => residentMegabytes),
      peakMegabytes: validation.map(({ peakMegabytes }) => peakMegabytes),
    };
  }

  /**
   * Trains for at least this many seconds; returns the images per second of all processes together.
   * @throws RunError if they did not measure at the same time.
   */
  async train(processes: number, seconds: number): Promise<number> {
    const rates = await this.#all(processes, { type: "train", seconds });
    checkTogether(rates);
    return total(rates);
  }

  /**
   * Trains and then validates for at least these seconds; returns both rates, in images per second of all processes together. A
   * short measurement for an estimate: whether they measured at the same time is not checked.
   */
  async estimate(
    processes: number,
    seconds: { readonly training: number; readonly validation: number },
  ): Promise<{ training: number; validation: number }> {
    const training = await this.#all(processes, { type: "train", seconds: seconds.training });
    await this.#all(processes, { type: "validate", seconds: 0 }); // warms up
    const validation = await this.#all(processes, { type: "validate", seconds: seconds.validation });
    return { training: total(training), validation: total(validation) };
  }

  /** Where a step's time goes: the mean of the processes, each with one thread. */
  async profile(processes: number, seconds: number): Promise<StepProfile> {
    return meanProfile(await this.#all(processes, { type: "profile", seconds }));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Gives the same task to this many idle processes at the same time. */
  async #all<Type extends keyof MeasuringResults>(
    processes: number,
    task: MeasuringTask & { readonly type: Type },
  ): Promise<MeasuringResults[Type][]> {
    const runs = Array.from({ length: processes }, () => this.#pool.run(task, { signal: this.#signal }));
    return (await Promise.all(runs)) as MeasuringResults[Type][];
  }
}

export interface BenchRequest extends EngineSettings {
  readonly model: string;
  /** Images per step. */
  readonly batch: number;
  /** Of training; validation and the profile take additional time. */
  readonly seconds: number;
  /** Whether to measure how a step spends its time. */
  readonly profile: boolean;
  readonly signal?: AbortSignal;
  /** Called before anything is measured, with what the user should know about the engine, a line each. */
  readonly onNotes?: (notes: readonly string[]) => void;
}

/** Rates are of all workers together. */
export interface BenchOutcome extends Measurement {
  readonly engine: string;
  readonly precision: string;
  /** The instruction set of engine native's kernels; null for another engine. */
  readonly kernels: string | null;
  readonly model: string;
  readonly batch: number;
  /** [height, width, channels] */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
  readonly workers: number;
  readonly threads: number;
  readonly seconds: number;
  /** A step's of one worker while all of them train. */
  readonly profile?: StepProfile;
}

/**
 * Measures on synthetic images, in as many processes as a search would train with.
 * @throws UsageError if the engine, the precision or the model is not available; RunError if the model is too large, or the
 *   processes did not measure at the same time.
 */
export async function benchTraining(request: BenchRequest): Promise<BenchOutcome> {
  const { model, batch, seconds, signal } = request;
  const images = syntheticImages(model);
  const { height, width, classes } = images;
  checkModel(model, height, width);
  const {
    engine: resolved,
    workers,
    threads,
    notes,
  } = await settleEngine(request, inspectionOf(model, images));
  if (request.profile && threads > 1) {
    throw new UsageError(
      `threads: a profile is of steps on one thread, received ${threads}; leave --threads out`,
    );
  }
  const { profilingObstacle } = engineDefinition(resolved.name);
  if (request.profile && profilingObstacle) {
    throw new UsageError(
      `--profile is not for engine ${resolved.name}, whose ${profilingObstacle}; leave it out`,
    );
  }
  request.onNotes?.(notes);
  const setup = { engine: resolved.name, precision: resolved.precision, threads, model, batch };
  const bench = new TrainingBench(workers, { signal });
  try {
    const { name, precision, kernels } = await bench.prepare(setup, workers);
    const measurement = await bench.measure(workers, seconds);
    const profile = request.profile ? await bench.profile(workers, seconds) : undefined;
    return {
      ...{ engine: name, precision, kernels, model, batch, imageShape: [height, width, 3], classes },
      ...{ workers, threads, seconds, ...measurement },
      ...(profile && { profile }),
    };
  } finally {
    await bench.close();
  }
}

/** The sum of the rates is only meaningful if the processes ran at the same time. */
function checkTogether(rates: readonly Rate[]): void {
  const starts = rates.map(({ start }) => start);
  const ends = rates.map(({ end }) => end);
  const shared = Math.min(...ends) - Math.max(...starts);
  const whole = Math.max(...ends) - Math.min(...starts);
  if (shared < 0.5 * whole) {
    throw new RunError(
      `the processes measured together for ${(shared / 1000).toFixed(1)} s of ${(whole / 1000).toFixed(1)} s only; measure for longer: bench --seconds`,
    );
  }
}

function total(rates: readonly Rate[]): number {
  return rates.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0);
}
