// What an evaluation is about to do: the lines at its start, and `deepaugment evaluate --dry-run`.

import { describeEngine } from "../engine/choose.ts";
import type { PreparedEvaluation } from "../evaluate/evaluation.ts";
import type { SettledEvaluation } from "../evaluate/settle.ts";
import type { EvaluationPlan } from "../measure/evaluation-plan.ts";
import { count, formatRate } from "./format.ts";
import { describeTime, whereTrained } from "./plan.ts";
import type { Terminal } from "./terminal.ts";

/** Loads the images, at the size that is chosen for them, and plans the evaluation. Nothing is written but the cache. */
export async function loadAndPlan(
  prepared: PreparedEvaluation,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<{ settled: SettledEvaluation; plan: EvaluationPlan }> {
  const [{ loadEvaluation }, { settleEvaluation }, { loadWithProgress }, { planEvaluation }] =
    await Promise.all([
      import("../evaluate/evaluation.ts"),
      import("../evaluate/settle.ts"),
      import("./loading.ts"),
      import("../measure/evaluation-plan.ts"),
    ]);
  const loaded = await loadEvaluation(
    prepared,
    (size) => loadWithProgress(prepared.source, size, signal, terminal),
    signal,
  );
  const settled = await settleEvaluation(loaded);
  return { settled, plan: await planEvaluation(settled, loaded.resumed, signal) };
}

/** Prints the plan of an evaluation, and trains nothing. */
export async function printPlan(
  prepared: PreparedEvaluation,
  isJson: boolean,
  terminal: Terminal,
): Promise<void> {
  const { plan } = await terminal.interruptible((signal) => loadAndPlan(prepared, signal, terminal));
  if (isJson) return terminal.print(plan);
  terminal.logNotes(plan.notes);
  terminal.printText([describeEvaluation(plan), ...describePlan(plan)]);
}

/** What is evaluated, in one line. */
export function describeEvaluation(plan: EvaluationPlan): string {
  const { dataset, config, engine, workers, trainings, trainImages, testImages } = plan;
  const { arms, samples, epochs, model } = config;
  const images = `${formatRate(trainImages)} training and ${formatRate(testImages)} test images`;
  const runs = `${count(arms.length, "arm")} × ${count(samples, "sample")} = ${count(trainings, "training")}`;
  return `Evaluating on ${dataset}: ${images}; ${runs} of ${model}, ${count(epochs, "epoch")} each, engine ${describeEngine(engine)}, ${whereTrained(config, workers)}`;
}

/** How many trainings are left, and how long they take. */
export function describePlan(plan: EvaluationPlan): string[] {
  const { left, trainings, config, stepsPerEpoch } = plan;
  if (left === 0) return ["Nothing is left to train"];
  const number =
    left === trainings ? count(left, "training") : `${left} of ${count(trainings, "training")} left,`;
  const steps = `${formatRate(stepsPerEpoch)} ${stepsPerEpoch === 1 ? "step" : "steps"} each`;
  return [`${number} of ${count(config.epochs, "epoch")} with ${steps}, then a test`, describeTime(plan)];
}
