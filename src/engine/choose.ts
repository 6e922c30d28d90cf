// Chooses the engine: which one a configuration resolves to on this machine.

import { version_core } from "@tensorflow/tfjs-core";
import { UsageError } from "../common/errors.ts";
import { programName } from "../common/program-name.ts";
import type { EngineChoice, EngineName, PrecisionChoice } from "../config/engines.ts";
import { native } from "./native/definition.ts";
import { tensorflow } from "./tensorflow/definition.ts";
import type {
  ChosenEngine,
  Engine,
  EngineDefinition,
  EngineDescription,
  EngineFound,
  EngineMissing,
  EngineProbe,
  ModelInspection,
} from "./types.ts";
import { wasm } from "./wasm/definition.ts";
import { webgpu } from "./webgpu/definition.ts";

/** The version of TensorFlow.js. */
export const TENSORFLOW_JS_VERSION: string = version_core;

/** In the order in which `auto` tries them. */
const ENGINES: readonly EngineDefinition[] = [webgpu, native, wasm, tensorflow];

/** The traits of an engine. */
export function engineDefinition(name: EngineName): EngineDefinition {
  return ENGINES.find((engine) => engine.name === name)!;
}

/** The engine that a choice resolves to on this machine. */
export interface ResolvedEngine {
  readonly identity: ChosenEngine;
  readonly found: EngineFound;
  /** The reason for the choice, to be read after "auto takes native:"; one line. */
  readonly why: string;
  /** If it is not the engine that a user would want: why, and how to fix it; one line. */
  readonly note?: string;
}

/**
 * Starts the engine that the configuration names; `auto` takes the best that this machine has.
 * @param threads of a training, 1 or more; only engine native uses more than 1.
 * @param model that will be trained, if `precision: auto` may depend on it.
 * @throws UsageError if the engine or the precision is not available.
 */
export async function startEngine(
  choice: EngineChoice,
  precision: PrecisionChoice,
  threads = 1,
  model?: ModelInspection,
): Promise<Engine> {
  const ranked = precision === "auto" ? model : undefined;
  const { identity } = await resolveEngine(choice, precision, (name) => probeEngine(name, ranked));
  return engineDefinition(identity.name).start(identity, threads);
}

const probes = new Map<EngineName, Promise<EngineProbe>>();

/**
 * Whether this machine has the engine; probed once in a process.
 * @param model that will be trained: the precision that is the fastest for it comes first.
 */
export async function probeEngine(name: EngineName, model?: ModelInspection): Promise<EngineProbe> {
  const { probe, rankPrecisions } = engineDefinition(name);
  const known = probes.get(name);
  const probing = known ?? probe();
  if (!known) probes.set(name, probing);
  const found = await probing;
  if ("missing" in found || !rankPrecisions || !model) return found;
  return { ...found, precisions: await rankPrecisions(found, model) };
}

/**
 * What the choice resolves to on this machine, without starting it. Probes no more engines than necessary.
 * @param probe of an engine.
 * @throws UsageError as `startEngine`.
 */
export async function resolveEngine(
  choice: EngineChoice,
  precision: PrecisionChoice,
  probe: (name: EngineName) => Promise<EngineProbe> = probeEngine,
): Promise<ResolvedEngine> {
  if (choice === "auto") return resolveAuto(precision, probe);
  const found = await probe(choice);
  if ("missing" in found)
    throw new UsageError(`${describeMissing(choice, found)}; ${programName()} doctor shows the others`);
  const identity = identify(choice, found, precision);
  if (!identity) {
    throw new UsageError(
      `precision "${precision}" is not available on engine ${choice}; use precision: ${found.precisions[0]}, or auto`,
    );
  }
  const why = "it was requested";
  if (!found.isSoftware) return { identity, found, why };
  const note = `engine ${choice} finds no graphics card here and runs on ${found.device}, which is slow`;
  return { identity, found, why, note };
}

/** The first available engine that has the requested precision and does not run on an emulated device. */
async function resolveAuto(
  precision: PrecisionChoice,
  probe: (name: EngineName) => Promise<EngineProbe>,
): Promise<ResolvedEngine> {
  const passedOver: string[] = [];
  let note: string | undefined;
  for (const { name, merit, isExpected } of ENGINES) {
    if (merit === undefined) continue;
    const found = await probe(name);
    if ("missing" in found) {
      passedOver.push(`engine ${name} ${found.missing}`);
      if (isExpected) note = describeMissing(name, found);
      continue;
    }
    const identity = identify(name, found, precision);
    if (identity && !found.isSoftware) {
      const why = [merit, ...passedOver].join("; ");
      return { identity, found, why, ...(note && { note: `${note}; trainings run on engine ${name}` }) };
    }
    passedOver.push(`engine ${name} ${identity ? `finds only ${found.device}` : `has no ${precision}`}`);
  }
  const reason = note ?? passedOver.join("; ");
  throw new UsageError(
    precision === "auto"
      ? `no engine is available here: ${reason}`
      : `precision "${precision}" is not available here: ${reason}; use precision: float32, or auto`,
  );
}

/** Undefined if the engine does not have the precision. */
function identify(
  name: EngineName,
  { precisions, kernels }: EngineFound,
  choice: PrecisionChoice,
): ChosenEngine | undefined {
  const precision = choice === "auto" ? precisions[0] : choice;
  return precisions.includes(precision) ? { name, precision, kernels } : undefined;
}

/** One line: "engine native is not built here (install a C++ compiler …)". */
function describeMissing(name: EngineName, { missing, fix }: EngineMissing): string {
  return `engine ${name} ${missing} (${fix})`;
}

/** In words: "native (float32, avx512)". */
export function describeEngine({ name, precision, kernels }: EngineDescription): string {
  return `${name} (${kernels === null ? precision : `${precision}, ${kernels}`})`;
}
