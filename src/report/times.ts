// How the time was spent: trainings by stage, and the time from start to end.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { BudgetAccount, hasBudget } from "../budget/account.ts";
import { readText } from "../common/files.ts";
import { secondsOf, type TrainingEpochs } from "../experiment/epochs.ts";
import type { EvaluationPart, SearchPart, StageTime, TimesPart } from "./contents.ts";
import { machineTimes, type TimedTrainings } from "./machines.ts";

export interface ReadTimes {
  readonly folder: string;
  readonly startedAt: string | undefined;
  readonly isRunning: boolean;
  readonly search: SearchPart | null;
  readonly fresh: readonly TrainingEpochs[];
  readonly evaluation: EvaluationPart | null;
  /** In a run with a queue, these are found again in the lists of machines. */
  readonly trainings: readonly TimedTrainings[];
}

export function timesPart(read: ReadTimes): TimesPart {
  const stages = [
    ...searchStages(read.search),
    ...(read.fresh.length > 0 ? [stageOf("confirmation", "fresh trainings", read.fresh.map(secondsOf))] : []),
    ...(read.evaluation?.arms ?? []).flatMap(({ arm, accuracies, seconds }): StageTime[] =>
      seconds > 0 ? [{ stage: "evaluation", what: `arm ${arm}`, trainings: accuracies.length, seconds }] : [],
    ),
  ];
  const machines = machineTimes(read.trainings);
  return { stages, elapsed: elapsedOf(read), budget: budgetOf(read.folder), machines };
}

function searchStages(search: SearchPart | null): StageTime[] {
  if (!search) return [];
  const { trials } = search;
  const isStopped = trials.filter(({ stoppedAt }) => stoppedAt !== null);
  const whole = trials.filter(({ stoppedAt }) => stoppedAt === null);
  const groups = [
    ["baseline, recipes", whole.filter(({ kind }) => kind !== "policy")],
    ["policies", whole.filter(({ kind }) => kind === "policy")],
    ["stopped policies", isStopped],
  ] as const;
  return groups.flatMap(([what, group]) => {
    const seconds = group.map((trial) => trial.seconds);
    return group.length > 0 ? [stageOf("search", what, seconds)] : [];
  });
}

function stageOf(stage: StageTime["stage"], what: string, seconds: readonly number[]): StageTime {
  return { stage, what, trainings: seconds.length, seconds: seconds.reduce((sum, each) => sum + each, 0) };
}

/** A later run counts from the first start: the pause between both is in it. */
function elapsedOf({ folder, startedAt, isRunning }: ReadTimes): number | null {
  // The log does not have the evaluation that ends a run with a budget, but its account has.
  if (hasBudget(folder)) return null;
  const start = Date.parse(startedAt ?? "");
  if (Number.isNaN(start)) return null;
  const log = join(folder, "experiment.log");
  const last = existsSync(log) ? lastTime(readText(log)) : Number.NaN;
  const end = isRunning ? Date.now() : last;
  return Number.isNaN(end) ? null : Math.max(0, end - start) / 1000;
}

function lastTime(log: string): number {
  const times = [...log.matchAll(/^(\S+Z) /gm)];
  return Date.parse(times.at(-1)?.[1] ?? "");
}

function budgetOf(folder: string): TimesPart["budget"] {
  if (!hasBudget(folder)) return null;
  const { seconds, used } = BudgetAccount.open(folder, () => 0).facts;
  return { seconds, used };
}
