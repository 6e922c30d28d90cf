// Which engine trains an experiment's children, and in how many processes. This is settled once, at the start, for all
// workers; a resumed experiment keeps the engine that it began with.

import { availableParallelism } from "node:os";
import { UsageError } from "../../common/errors.ts";
import type { EngineChoice, EngineName, PrecisionChoice } from "../../config/engines.ts";
import type { Config } from "../../config/schema.ts";
import {
  describeEngine,
  engineDefinition,
  probeEngine,
  type ResolvedEngine,
  resolveEngine,
} from "../../engine/choose.ts";
import type { ChosenEngine, EngineFound, ModelInspection } from "../../engine/types.ts";
import type { RunFacts } from "../../experiment/experiment.ts";

/** The keys of the configuration that decide it. */
export type EngineSettings = Pick<Config, "engine" | "precision" | "workers" | "threads"> &
  Partial<Pick<Config, "queue">>;

/** The engine with which a run began. */
type BegunEngine = Pick<RunFacts, "engine" | "precision" | "kernels">;

export interface SettledEngine {
  readonly engine: ChosenEngine;
  /** How many trainings run side by side on this machine: perhaps none, if others train. */
  readonly workers: number;
  /** Of each training. */
  readonly threads: number;
  /** What the user should know about it, a line each. */
  readonly notes: readonly string[];
}

/**
 * The engine that the configuration asks for. Of a resumed experiment `auto` is what it began with; another engine, another
 * precision or other instructions make a note, since its notebook is then no longer what its seed gives.
 * @param model of the children: `precision: auto` takes the faster one for it.
 * @param began the facts of the experiment, if it is resumed.
 * @throws UsageError if the engine or the precision is not available.
 */
export async function settleEngine(
  config: EngineSettings,
  model: ModelInspection,
  began?: BegunEngine,
): Promise<SettledEngine> {
  const resolved = began ? resumedEngine(config, model, began) : resolve(config, model);
  const { identity: engine, found, note } = await resolved;
  const definition = engineDefinition(engine.name);
  // A resumed experiment had it at its beginning.
  const noteOnModel = began ? undefined : await definition.noteOn?.(model);
  const notes = [note, noteOnModel].filter((each) => each !== undefined);
  const before = began && describeEngine({ ...began, name: began.engine, kernels: began.kernels ?? null });
  const now = describeEngine(engine);
  if (before && before !== now) {
    notes.push(
      `the experiment began on engine ${before} and continues on ${now}: its rewards from here on differ from those that its seed gives there`,
    );
  }
  const { isThreaded = false } = definition;
  if (config.threads > 1 && !isThreaded) {
    notes.push(
      `threads: ${config.threads} is for engine native; a training on engine ${engine.name} has one`,
    );
  }
  const threads = isThreaded ? config.threads : 1;
  const suited = config.queue ? 0 : suitedWorkers(engine.name, found, threads);
  const workers = config.workers === "auto" ? suited : config.workers;
  return { engine, workers, threads, notes };
}

/**
 * How many trainings with this many threads run side by side by default: one for each core; a few on a graphics card; a
 * single one on an emulated card, which uses all cores by itself.
 */
export function suitedWorkers(name: EngineName, { isSoftware }: EngineFound, threads: number): number {
  const cores = availableParallelism();
  const { deviceWorkers } = engineDefinition(name);
  if (deviceWorkers !== undefined) return isSoftware ? 1 : Math.min(deviceWorkers, cores);
  return Math.max(1, Math.floor(cores / threads));
}

function resolve(
  { engine, precision }: Pick<EngineSettings, "engine" | "precision">,
  model: ModelInspection,
): Promise<ResolvedEngine> {
  const ranked = precision === "auto" ? model : undefined;
  return resolveEngine(engine, precision, (name) => probeEngine(name, ranked));
}

async function resumedEngine(
  config: EngineSettings,
  model: ModelInspection,
  began: BegunEngine,
): Promise<ResolvedEngine> {
  const engine = config.engine === "auto" ? (began.engine as EngineChoice) : config.engine;
  const isKept = engine === began.engine;
  const precision =
    config.precision === "auto" && isKept ? (began.precision as PrecisionChoice) : config.precision;
  try {
    return await resolve({ engine, precision }, model);
  } catch (error) {
    if (!(error instanceof UsageError) || !isKept) throw error;
    throw new UsageError(
      `the experiment began on engine ${began.engine} (${began.precision}), and keeps it unless --engine is given: ${error.message}`,
    );
  }
}
