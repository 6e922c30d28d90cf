// On what a training gives which bits: the engine, its precision, its instruction set, and the graphics card if there is one.

import type { EngineChoice, EngineName, Precision } from "../../../config/engines.ts";
import { describeEngine, engineDefinition, probeEngine, resolveEngine } from "../../../engine/choose.ts";
import type { ChosenEngine, EngineFound } from "../../../engine/types.ts";
import type { Platform, QueuedRun } from "./messages.ts";

/** This machine's platform with an engine that it has. */
export async function platformOf({ name, precision, kernels }: ChosenEngine): Promise<Platform> {
  const found = await probeEngine(name);
  return { engine: name, precision, kernels, device: "missing" in found ? null : deviceOf(name, found) };
}

/** The graphics card, by which results differ; processors with the same instruction set give the same ones. */
function deviceOf(name: EngineName, { device }: EngineFound): string | null {
  return engineDefinition(name).deviceWorkers === undefined ? null : device;
}

/** In words: "native (float32, avx512)", with the graphics card if there is one. */
export function describePlatform({ engine, precision, kernels, device }: Platform): string {
  const text = describeEngine({ name: engine, precision, kernels });
  return device === null ? text : `${text} on ${device}`;
}

/**
 * On what this machine trains for a run.
 * @param choice the engines that this worker may use.
 * @returns the reason, in words, if it cannot.
 */
export async function platformFor(
  { platform: needed, isMixed }: QueuedRun,
  choice: EngineChoice,
): Promise<Platform | string> {
  const same = await samePlatform(needed, choice);
  if (typeof same !== "string" || !isMixed) return same;
  const { identity } = await resolveEngine(choice, "auto");
  return platformOf(identity);
}

async function samePlatform(needed: Platform, choice: EngineChoice): Promise<Platform | string> {
  const refuse = (have: string, fix = "") =>
    `it has ${have}, but the results must be those of ${describePlatform(needed)}; ${fix}with --mixed the run may use both`;
  if (choice !== "auto" && choice !== needed.engine)
    return refuse(`engine ${choice}`, "start it without --engine, or ");
  const found = await probeEngine(needed.engine);
  if ("missing" in found) return refuse(`no engine ${needed.engine}, which ${found.missing}`);
  const precisions: readonly Precision[] = found.precisions;
  const { kernels } = found;
  const precision = precisions.includes(needed.precision) ? needed.precision : found.precisions[0];
  const own = { engine: needed.engine, precision, kernels, device: deviceOf(needed.engine, found) };
  const isSame =
    own.precision === needed.precision && own.kernels === needed.kernels && own.device === needed.device;
  return isSame ? own : refuse(describePlatform(own));
}
