// What this machine offers a search: its engines, how fast each trains here, which one `auto` takes, and how to get those
// that are missing. Engines are probed and measured in processes of their own: if one of them crashes, its row says so.

import { InterruptedError, messageOf } from "../common/errors.ts";
import { describeMachine, type Machine } from "../common/machine.ts";
import { programName } from "../common/program-name.ts";
import { VERSION } from "../common/version.ts";
import { WorkerPool } from "../common/worker-pool.ts";
import { ENGINE_NAMES, type EngineName, type Precision } from "../config/engines.ts";
import { resolveEngine } from "../engine/choose.ts";
import type { EngineProbe } from "../engine/types.ts";
import { suitedWorkers } from "../search/settle/engine.ts";
import { TrainingBench } from "./bench.ts";
import { syntheticImages } from "./meter.ts";
import type { ProbeTask } from "./probing.ts";

/** An engine in one of its precisions. What is not known is null. */
export interface EngineReport {
  readonly engine: EngineName;
  readonly version: string | null;
  /** The processor or the graphics card that it runs on. */
  readonly device: string | null;
  /** An engine for graphics cards found none, only a program that emulates one on the processor. */
  readonly isSoftware: boolean | null;
  readonly precision: Precision | null;
  readonly kernels: string | null;
  /** Trainings side by side, as in a search. */
  readonly workers: number | null;
  /** Trained by all workers together. */
  readonly imagesPerSecond: number | null;
  /** Why it is missing, or could not be measured, to be read after "engine native". */
  readonly problem: string | null;
  /** The one command or step that fixes it. */
  readonly fix: string | null;
}

export interface Diagnosis {
  readonly version: string;
  readonly machine: Machine;
  /** What each engine trains for the measurement, on images of [height, width, channels]. */
  readonly training: {
    readonly model: string;
    readonly batch: number;
    readonly imageShape: readonly [number, number, number];
    readonly seconds: number;
  };
  /** Which engine `auto` takes, in which precision for this model, and why. */
  readonly auto: { readonly engine: EngineName; readonly precision: Precision; readonly why: string };
  /** One for each engine and precision; of an engine's precisions the one that `auto` takes comes first. */
  readonly engines: readonly EngineReport[];
}

export interface DoctorOptions {
  readonly signal?: AbortSignal;
  /** Called with the name of each stage as it begins. */
  readonly onStage?: (stage: string) => void;
  /** How long each row is measured, at most. */
  readonly mostSeconds: number;
}

const MODEL = "basiccnn";
const BATCH = 64;
/** How long all rows together are measured, at most. */
const MEASURING_SECONDS = 4.5;
/** An engine that does not answer in time is given up; so is measuring, counted from the beginning. */
const PROBE_MILLISECONDS = 7000;
/** On a machine so busy that none has answered: a second time, for longer. */
const PATIENT_MILLISECONDS = 45_000;
const DEADLINE_MILLISECONDS = 14_000;

/**
 * Probes every engine, and measures those that are available: at most 15 seconds in all, unless no engine answers at first.
 * @throws UsageError if none is available; InterruptedError
 */
export async function diagnose({ signal, onStage, mostSeconds }: DoctorOptions): Promise<Diagnosis> {
  let begin = performance.now();
  onStage?.("Probing the engines");
  let probes = await probeAll(PROBE_MILLISECONDS, signal);
  if (Object.values(probes).every((probe) => "missing" in probe)) {
    onStage?.("No engine has answered yet; probing again, for up to a minute");
    probes = await probeAll(PATIENT_MILLISECONDS, signal);
    begin = performance.now() - PROBE_MILLISECONDS;
  }
  const auto = await resolveEngine("auto", "auto", async (name) => probes[name]);
  // The one that a search would take comes first, in case time runs out.
  const names = [auto.identity.name, ...ENGINE_NAMES.filter((name) => name !== auto.identity.name)];
  const measured = names.filter((name) => isMeasured(probes[name]));
  const rows = measured.flatMap((name) => precisionsOf(probes[name]));
  const seconds = Math.min(mostSeconds, MEASURING_SECONDS / rows.length);
  const reports: EngineReport[] = [];
  for (const name of names) {
    if (measured.includes(name)) onStage?.(`Measuring engine ${name}`);
    const millisecondsLeft = DEADLINE_MILLISECONDS - (performance.now() - begin);
    reports.push(...(await report(name, probes[name], { seconds, millisecondsLeft, signal })));
  }
  const { height, width } = syntheticImages(MODEL);
  const { name, precision } = auto.identity;
  return {
    version: VERSION,
    machine: describeMachine(),
    training: { model: MODEL, batch: BATCH, imageShape: [height, width, 3], seconds },
    auto: { engine: name, precision, why: auto.why },
    engines: ENGINE_NAMES.flatMap((each) => reports.filter(({ engine }) => engine === each)),
  };
}

/** Each in a process of its own: what an engine loads stays there, and may crash there. */
async function probeAll(
  milliseconds: number,
  signal: AbortSignal | undefined,
): Promise<Record<EngineName, EngineProbe>> {
  const pool = new WorkerPool<ProbeTask, EngineProbe>("probe", ENGINE_NAMES.length);
  const ask = async (engine: EngineName): Promise<EngineProbe> => {
    try {
      const answer = await inTime(milliseconds, signal, (both) =>
        pool.run({ engine, model: MODEL }, { signal: both }),
      );
      return answer ?? { missing: "does not answer in time", fix: "close other programs, and try again" };
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      return { missing: `fails when it is probed: ${messageOf(error)}`, fix: "use another engine" };
    }
  };
  try {
    const answers = await Promise.all(ENGINE_NAMES.map(async (name) => [name, await ask(name)] as const));
    return Object.fromEntries(answers) as Record<EngineName, EngineProbe>;
  } finally {
    await pool.close();
  }
}

/** An emulated graphics card may take many seconds for a single step. */
function isMeasured(probe: EngineProbe): boolean {
  return !("missing" in probe) && !probe.isSoftware;
}

function precisionsOf(probe: EngineProbe): readonly Precision[] {
  return "missing" in probe ? [] : probe.precisions;
}

const NOTHING: Omit<EngineReport, "engine"> = {
  ...{ version: null, device: null, isSoftware: null, precision: null, kernels: null },
  ...{ workers: null, imagesPerSecond: null, problem: null, fix: null },
};

interface Measuring {
  /** Of each row. */
  readonly seconds: number;
  /** In which measuring must end. */
  readonly millisecondsLeft: number;
  readonly signal: AbortSignal | undefined;
}

/** Its rows, one for each precision; a single one if the engine is missing. */
async function report(
  engine: EngineName,
  probe: EngineProbe,
  { seconds, millisecondsLeft, signal }: Measuring,
): Promise<EngineReport[]> {
  if ("missing" in probe) return [{ engine, ...NOTHING, problem: probe.missing, fix: probe.fix }];
  const { version, device, isSoftware, precisions, kernels } = probe;
  const workers = suitedWorkers(engine, probe, 1);
  const found = { engine, ...NOTHING, version, device, isSoftware, kernels, workers };
  const rates = new Map<Precision, number>();
  let problem = "finds no graphics card here, only a program that emulates one";
  if (!isSoftware) {
    problem = `was not measured in time; ${programName()} bench --engine ${engine} takes longer`;
    const measureAll = (both: AbortSignal) =>
      measure(engine, precisions, { workers, seconds, signal: both }, rates);
    try {
      await inTime(millisecondsLeft, signal, measureAll);
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      problem = `cannot be measured: ${messageOf(error)}`;
    }
  }
  return precisions.map((precision) => {
    const imagesPerSecond = rates.get(precision) ?? null;
    return { ...found, precision, imagesPerSecond, problem: imagesPerSecond === null ? problem : null };
  });
}

/** Sets the rate of each precision as soon as it is measured. */
async function measure(
  engine: EngineName,
  precisions: readonly Precision[],
  { workers, seconds, signal }: { workers: number; seconds: number; signal: AbortSignal },
  rates: Map<Precision, number>,
): Promise<void> {
  const bench = new TrainingBench(workers, { signal });
  try {
    for (const precision of precisions) {
      await bench.prepare({ engine, precision, threads: 1, model: MODEL, batch: BATCH }, workers);
      rates.set(precision, await bench.train(workers, seconds));
    }
  } finally {
    await bench.close();
  }
}

/** Undefined if the work takes longer; it is then aborted by its signal, and rejects with InterruptedError. */
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
