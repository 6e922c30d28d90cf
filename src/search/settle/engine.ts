// Which engine trains an experiment's children, on how many processes. It is settled once, at the start: every worker
// takes what was settled, and an experiment that is resumed keeps the engine that it began with.

import { availableParallelism } from "node:os";
import { UsageError } from "../../common/errors.ts";
import type { EngineChoice, EngineName, PrecisionChoice } from "../../config/engines.ts";
import type { Config } from "../../config/schema.ts";
import { describeEngine, engineDefinition, type ResolvedEngine, resolveEngine } from "../../engine/choose.ts";
import type { ChosenEngine, EngineFound } from "../../engine/types.ts";
import type { ExperimentFacts } from "../../experiment/experiment.ts";

/** What the configuration says of it. */
export type EngineSettings = Pick<Config, "engine" | "precision" | "workers" | "threads">;

export interface SettledEngine {
  readonly engine: ChosenEngine;
  /** How many trainings run side by side. */
  readonly workers: number;
  /** Of each training. */
  readonly threads: number;
  /** What the user should know about it, a line each. */
  readonly notes: readonly string[];
}

/**
 * The engine that the configuration asks for. With `began`, the facts of an experiment to go on with, `auto` is what it
 * began with; another engine, another precision or other instructions make a note, since its notebook is then no longer
 * what its seed gives.
 * @throws UsageError where the engine or the precision is not to be had.
 */
export async function settleEngine(config: EngineSettings, began?: ExperimentFacts): Promise<SettledEngine> {
  const {
    identity: engine,
    found,
    note,
  } = began ? await resumedEngine(config, began) : await resolveEngine(config.engine, config.precision);
  const notes = note ? [note] : [];
  const before = began && describeEngine({ ...began, name: began.engine, kernels: began.kernels ?? null });
  const now = describeEngine(engine);
  if (before && before !== now) {
    notes.push(
      `the experiment began on engine ${before} and goes on on ${now}: its rewards from here on are not those that its seed gave there`,
    );
  }
  const { isThreaded = false } = engineDefinition(engine.name);
  if (config.threads > 1 && !isThreaded) {
    notes.push(
      `threads: ${config.threads} is for engine native; a training on engine ${engine.name} has one`,
    );
  }
  const threads = isThreaded ? config.threads : 1;
  const workers = config.workers === "auto" ? suitedWorkers(engine.name, found, threads) : config.workers;
  return { engine, workers, threads, notes };
}

/**
 * How many trainings of so many threads run side by side where nobody says otherwise: one for each core; few on a graphics
 * card, and one alone on a program that stands in for a card, since that has all cores already.
 */
export function suitedWorkers(name: EngineName, { isSoftware }: EngineFound, threads: number): number {
  const cores = availableParallelism();
  const { deviceWorkers } = engineDefinition(name);
  if (deviceWorkers !== undefined) return isSoftware ? 1 : Math.min(deviceWorkers, cores);
  return Math.max(1, Math.floor(cores / threads));
}

async function resumedEngine(config: EngineSettings, began: ExperimentFacts): Promise<ResolvedEngine> {
  const engine = config.engine === "auto" ? (began.engine as EngineChoice) : config.engine;
  const isKept = engine === began.engine;
  const precision =
    config.precision === "auto" && isKept ? (began.precision as PrecisionChoice) : config.precision;
  try {
    return await resolveEngine(engine, precision);
  } catch (error) {
    if (!(error instanceof UsageError) || !isKept) throw error;
    throw new UsageError(
      `the experiment began on engine ${began.engine} (${began.precision}), and keeps it unless --engine is given: ${error.message}`,
    );
  }
}
