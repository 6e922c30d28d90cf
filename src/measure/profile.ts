// How a training step spends its time: by layer if the engine compiles the model, by TensorFlow.js kernel if the step
// is composed of its operations.

import type { ChildOptimizer } from "../child/optimizers.ts";
import type { ChildSteps } from "../child/pass.ts";
import { stepsOf } from "../child/steps.ts";
import type { ChildModel } from "../child/types.ts";
import { timeKernels, withoutTimes } from "../engine/kernel-times.ts";
import type { CompiledModel, LabelledPixels, LayerTime, StepResult } from "../engine/types.ts";

/**
 * What a row's time was spent on: a layer's forward or backward pass; a kernel, in either direction; the optimizer, with its
 * kernels; or anything else.
 */
type StepPart = "forward" | "backward" | "kernel" | "optimizer" | "other";

export interface ProfileRow {
  /** Of the layer or kernel. */
  readonly name: string;
  readonly part: StepPart;
  /** Per step. */
  readonly milliseconds: number;
  /** Share of the step, in [0, 1]. */
  readonly share: number;
}

export interface StepProfile {
  readonly by: "layer" | "kernel";
  /** Number of steps over which the figures are averaged. */
  readonly steps: number;
  readonly millisecondsPerStep: number;
  /** In decreasing order; they add up to the step. */
  readonly rows: readonly ProfileRow[];
}

export interface ProfileOptions {
  readonly batchSize: number;
  readonly classes: number;
  /** The least time of the measurement. */
  readonly seconds: number;
  /** Trains for a while, and returns the number of steps. */
  readonly train: (steps: ChildSteps) => Promise<number>;
}

/** Seconds by name and part. */
type Entry = Pick<ProfileRow, "name" | "part"> & { readonly seconds: number };

/** Trains the model on new steps, at first without measuring. The engine has one thread. */
export async function profileSteps(model: ChildModel, options: ProfileOptions): Promise<StepProfile> {
  const optimizer = new TimedOptimizer(model.optimizer);
  let compiled: TimedModel | undefined;
  const compile: typeof model.engine.compile = (net, batchSize) => {
    const plain = model.engine.compile?.(net, batchSize);
    if (plain) compiled = new TimedModel(plain);
    return compiled;
  };
  const watched = { ...model, optimizer, engine: { ...model.engine, compile } };
  const steps = stepsOf(watched, options.batchSize, options.classes);
  try {
    await options.train(steps);
    optimizer.seconds = 0;
    if (compiled) return await profileLayers(steps, compiled, optimizer, options);
    return await profileKernels(steps, optimizer, options);
  } finally {
    steps.dispose();
  }
}

async function profileLayers(
  steps: ChildSteps,
  compiled: TimedModel,
  optimizer: TimedOptimizer,
  options: ProfileOptions,
): Promise<StepProfile> {
  compiled.profile();
  compiled.seconds = 0;
  const { count, seconds } = await repeat(options, () => options.train(steps));
  const layers = compiled.profile().flatMap(({ layer, forward, backward }): Entry[] => [
    { name: layer, part: "forward", seconds: forward },
    { name: layer, part: "backward", seconds: backward },
  ]);
  return profileOf("layer", count, [
    ...layers,
    { name: "optimizer", part: "optimizer", seconds: optimizer.seconds },
    { name: "engine besides layers", part: "other", seconds: compiled.seconds - total(layers) },
    { name: "trainer", part: "other", seconds: seconds - compiled.seconds - optimizer.seconds },
  ]);
}

async function profileKernels(
  steps: ChildSteps,
  optimizer: TimedOptimizer,
  options: ProfileOptions,
): Promise<StepProfile> {
  const kernels: Entry[] = [];
  const { count, seconds } = await repeat(options, async () => {
    const { kernels: called, result } = await timeKernels(() => options.train(steps));
    for (const { kernel, seconds } of called) kernels.push({ name: kernel, part: "kernel", seconds });
    return result;
  });
  return profileOf("kernel", count, [
    ...kernels,
    { name: "optimizer", part: "optimizer", seconds: optimizer.seconds },
    { name: "besides kernels", part: "other", seconds: seconds - total(kernels) - optimizer.seconds },
  ]);
}

/** The mean of profiles of the same steps, measured by several processes. */
export function meanProfile(profiles: readonly StepProfile[]): StepProfile {
  const entries = profiles.flatMap(({ rows }) =>
    rows.map(({ name, part, milliseconds }) => ({ name, part, seconds: milliseconds / 1000 })),
  );
  const { by, rows, millisecondsPerStep } = profileOf(profiles[0].by, profiles.length, entries);
  const steps = profiles.reduce((sum, each) => sum + each.steps, 0);
  return { by, steps, millisecondsPerStep, rows };
}

/** Entries of the same name and part add up. */
function profileOf(by: StepProfile["by"], steps: number, entries: readonly Entry[]): StepProfile {
  const whole = total(entries);
  const sums = new Map<string, Entry>();
  for (const { name, part, seconds } of entries) {
    if (seconds === 0) continue;
    const key = JSON.stringify([part, name]);
    sums.set(key, { name, part, seconds: seconds + (sums.get(key)?.seconds ?? 0) });
  }
  const rows = [...sums.values()]
    .sort((a, b) => b.seconds - a.seconds)
    .map(({ name, part, seconds }) => ({
      ...{ name, part },
      milliseconds: (1000 * seconds) / steps,
      share: seconds / whole,
    }));
  return { by, steps, millisecondsPerStep: (1000 * whole) / steps, rows };
}

/** Trains until the time is up; returns the number of steps, and the seconds that they took. */
async function repeat(
  { seconds: least }: ProfileOptions,
  train: () => Promise<number>,
): Promise<{ count: number; seconds: number }> {
  let [count, seconds] = [0, 0];
  while (seconds < least) {
    const start = performance.now();
    count += await train();
    seconds += (performance.now() - start) / 1000;
  }
  return { count, seconds };
}

function total(entries: readonly Entry[]): number {
  return entries.reduce((sum, { seconds }) => sum + seconds, 0);
}

class TimedOptimizer implements ChildOptimizer {
  readonly #plain: ChildOptimizer;
  seconds = 0;

  constructor(plain: ChildOptimizer) {
    this.#plain = plain;
  }

  step(...args: Parameters<ChildOptimizer["step"]>): void {
    // Its kernels are not reported one by one, but as the optimizer's time.
    withoutTimes(() => {
      const start = performance.now();
      this.#plain.step(...args);
      this.seconds += (performance.now() - start) / 1000;
    });
  }

  get state(): ChildOptimizer["state"] {
    return this.#plain.state;
  }

  dispose(): void {
    this.#plain.dispose();
  }
}

class TimedModel implements CompiledModel {
  readonly #plain: CompiledModel;
  /** In `train`. */
  seconds = 0;

  constructor(plain: CompiledModel) {
    this.#plain = plain;
  }

  get gradients(): CompiledModel["gradients"] {
    return this.#plain.gradients;
  }

  train(batch: LabelledPixels): StepResult {
    const start = performance.now();
    const result = this.#plain.train(batch);
    this.seconds += (performance.now() - start) / 1000;
    return result;
  }

  evaluate(batch: LabelledPixels, predictions?: Int32Array): StepResult {
    return this.#plain.evaluate(batch, predictions);
  }

  continueFrom(step: number): void {
    this.#plain.continueFrom(step);
  }

  profile(): LayerTime[] {
    return this.#plain.profile();
  }

  dispose(): void {
    this.#plain.dispose();
  }
}
