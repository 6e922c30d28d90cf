// What this machine offers a search: its engines, how fast each trains here, which one `auto` takes, and what would bring
// those that are missing. Engines are asked and measured in processes of their own: what one of them breaks is told in its
// row.

import { InterruptedError, messageOf } from "../common/errors.ts";
import { describeMachine, type Machine } from "../common/machine.ts";
import { VERSION } from "../common/version.ts";
import { WorkerPool } from "../common/worker-pool.ts";
import { ENGINE_NAMES, type EngineName } from "../config/engines.ts";
import { resolveEngine } from "../engine/choose.ts";
import type { ChosenEngine, EngineProbe } from "../engine/types.ts";
import { suitedWorkers } from "../search/settle/engine.ts";
import { TrainingBench } from "./bench.ts";
import { NOISE } from "./meter.ts";

/** How an engine does here. What is not known is null. */
export interface EngineReport {
  readonly engine: EngineName;
  readonly version: string | null;
  /** The processor or the graphics card that it runs on. */
  readonly device: string | null;
  /** An engine for graphics cards has none here, but a program that stands in for one. */
  readonly isSoftware: boolean | null;
  /** What `precision: auto` means on it. */
  readonly precision: string | null;
  readonly kernels: string | null;
  /** Trainings side by side, as a search would have them. */
  readonly workers: number | null;
  /** Trained by all workers together. */
  readonly imagesPerSecond: number | null;
  /** Why it is missing, or could not be measured, to be read after "engine native". */
  readonly problem: string | null;
  /** The one command or step that brings it. */
  readonly mend: string | null;
}

export interface Diagnosis {
  readonly version: string;
  readonly machine: Machine;
  /** What is trained to measure an engine, on images of [height, width, channels]. */
  readonly training: {
    readonly model: string;
    readonly batch: number;
    readonly imageShape: readonly [number, number, number];
    readonly seconds: number;
  };
  /** Which engine `auto` takes, and why. */
  readonly auto: { readonly engine: EngineName; readonly why: string };
  readonly engines: readonly EngineReport[];
}

export interface DoctorOptions {
  readonly signal?: AbortSignal;
  /** What is being done. */
  readonly onStage?: (stage: string) => void;
}

const MODEL = "basiccnn";
const BATCH = 64;
/** Each engine is measured for so long; all together for at most MEASURING_SECONDS. */
const MOST_SECONDS = 2;
const MEASURING_SECONDS = 4.5;
/** An engine that does not answer in time is given up; so is measuring, counted from the beginning. */
const PROBE_MILLISECONDS = 7000;
const DEADLINE_MILLISECONDS = 13_000;

/** Asks every engine, and measures those that are here: at most 15 seconds in all. @throws InterruptedError */
export async function diagnose({ signal, onStage }: DoctorOptions = {}): Promise<Diagnosis> {
  const begin = performance.now();
  onStage?.("Asking the engines");
  const probes = await probeAll(signal);
  const auto = await resolveEngine("auto", "auto", async (name) => probes[name]);
  // The one that a search would take comes first, lest time runs out.
  const names = [auto.identity.name, ...ENGINE_NAMES.filter((name) => name !== auto.identity.name)];
  const measured = names.filter((name) => isMeasured(probes[name]));
  const seconds = Math.min(MOST_SECONDS, MEASURING_SECONDS / measured.length);
  const reports: EngineReport[] = [];
  for (const name of names) {
    if (measured.includes(name)) onStage?.(`Measuring engine ${name}`);
    const left = DEADLINE_MILLISECONDS - (performance.now() - begin);
    reports.push(await report(name, probes[name], seconds, left, signal));
  }
  const { side } = NOISE;
  return {
    version: VERSION,
    machine: describeMachine(),
    training: { model: MODEL, batch: BATCH, imageShape: [side, side, 3], seconds },
    auto: { engine: auto.identity.name, why: auto.why },
    engines: ENGINE_NAMES.flatMap((name) => reports.filter(({ engine }) => engine === name)),
  };
}

/** Each in a process of its own: what an engine loads stays there, and may crash there. */
async function probeAll(signal: AbortSignal | undefined): Promise<Record<EngineName, EngineProbe>> {
  const pool = new WorkerPool<EngineName, EngineProbe>("probe", ENGINE_NAMES.length);
  const ask = async (name: EngineName): Promise<EngineProbe> => {
    try {
      const answer = await inTime(PROBE_MILLISECONDS, signal, (both) => pool.run(name, { signal: both }));
      return answer ?? { missing: "does not answer in time", mend: "close other programs, and try again" };
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      return { missing: `fails when it is asked: ${messageOf(error)}`, mend: "use another engine" };
    }
  };
  try {
    const answers = await Promise.all(ENGINE_NAMES.map(async (name) => [name, await ask(name)] as const));
    return Object.fromEntries(answers) as Record<EngineName, EngineProbe>;
  } finally {
    await pool.close();
  }
}

/** A program that stands in for a graphics card may take many seconds for a single step. */
function isMeasured(probe: EngineProbe): boolean {
  return !("missing" in probe) && !probe.isSoftware;
}

const NOTHING: Omit<EngineReport, "engine"> = {
  ...{ version: null, device: null, isSoftware: null, precision: null, kernels: null },
  ...{ workers: null, imagesPerSecond: null, problem: null, mend: null },
};

async function report(
  name: EngineName,
  probe: EngineProbe,
  seconds: number,
  millisecondsLeft: number,
  signal: AbortSignal | undefined,
): Promise<EngineReport> {
  if ("missing" in probe) return { engine: name, ...NOTHING, problem: probe.missing, mend: probe.mend };
  const { version, device, isSoftware } = probe;
  const { identity } = await resolveEngine(name, "auto", async () => probe);
  const { precision, kernels } = identity;
  const workers = suitedWorkers(name, probe, 1);
  const found = { engine: name, ...NOTHING, version, device, isSoftware, precision, kernels, workers };
  if (isSoftware) {
    return { ...found, problem: "finds no graphics card here, only a program that stands in for one" };
  }
  try {
    const imagesPerSecond = await inTime(millisecondsLeft, signal, (both) =>
      measure(identity, workers, seconds, both),
    );
    if (imagesPerSecond !== undefined) return { ...found, imagesPerSecond };
    return { ...found, problem: `is not measured in time; deepaugment bench --engine ${name} takes longer` };
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    return { ...found, problem: `cannot be measured: ${messageOf(error)}` };
  }
}

async function measure(
  { name, precision }: ChosenEngine,
  workers: number,
  seconds: number,
  signal: AbortSignal,
): Promise<number> {
  const setup = { engine: name, precision, threads: 1, model: MODEL, batch: BATCH };
  const bench = new TrainingBench(setup, workers, { signal });
  try {
    await bench.prepare(workers);
    return await bench.train(workers, seconds);
  } finally {
    await bench.close();
  }
}

/** Undefined where the work takes longer; it is then told by its signal, and rejects with InterruptedError. */
async function inTime<Result>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | undefined> {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, Math.max(0, milliseconds));
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  try {
    return await work(controller.signal);
  } catch (error) {
    if (error instanceof InterruptedError && !signal?.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
