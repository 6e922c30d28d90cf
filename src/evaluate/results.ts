// The results of an evaluation, read from its files: also of one that another program is working on. No images are needed.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { readText } from "../common/files.ts";
import { type FolderUser, userOf } from "../common/folder-lock.ts";
import { meanOf } from "../common/mean.ts";
import { EVALUATION, type EvaluationConfig } from "../config/evaluation.ts";
import { loadKeys } from "../config/load.ts";
import type { Comparison } from "./comparison.ts";
import { checksumOfResults, type EvaluationFacts, EvaluationFolder } from "./folder.ts";
import { type EndedTraining, readEnded } from "./records.ts";

/** An arm while its trainings run. */
export interface ArmSoFar {
  readonly arm: string;
  /** Test accuracies of its trainings that have ended. */
  readonly accuracies: readonly number[];
}

export interface EvaluationResults {
  readonly folder: string;
  readonly config: EvaluationConfig;
  readonly facts: EvaluationFacts;
  /** interrupted: trainings are missing, also those that failed. */
  readonly status: "running" | "interrupted" | "finished";
  /** The program that works on it. */
  readonly user: FolderUser | undefined;
  /** Trainings that have ended. */
  readonly done: number;
  /** Trainings that the configuration asks for. */
  readonly planned: number;
  readonly arms: readonly ArmSoFar[];
  /** Undefined unless it is that of all trainings that have ended. */
  readonly comparison: Comparison | undefined;
  /** Whether there is one that was changed after it was written, so that the arms must be compared again. */
  readonly isChanged: boolean;
  /** The folder of the best arm's weights, if there is one. */
  readonly weights?: string;
}

/** Whether a folder is an evaluation's, as far as its files' names show. */
export function isEvaluation(folder: string): boolean {
  return existsSync(join(folder, "evaluation.json"));
}

/** Where the evaluation is kept that is a part of an experiment. */
export function evaluationPath(experiment: string): string {
  return join(experiment, "evaluation");
}

/** Whether such an evaluation has begun. */
export function hasEvaluation(experiment: string): boolean {
  return EvaluationFolder.isIn(evaluationPath(experiment));
}

/** Whether the experiment has other policies than those that its evaluation began with. */
export function evaluatesOthers(folder: string): boolean {
  const [found, evaluated] = [folder, evaluationPath(folder)].map((each) => join(each, "policies.json"));
  return existsSync(found) && existsSync(evaluated) && readText(found) !== readText(evaluated);
}

/**
 * Reads an evaluation's results, and changes nothing.
 * @throws UsageError in one line if the folder is not an evaluation's, or a file of it is damaged.
 */
export function readEvaluation(path: string): EvaluationResults {
  const folder = EvaluationFolder.open(path);
  const config = loadKeys(EVALUATION, { file: folder.configPath });
  const facts = folder.readFacts();
  const user = userOf(path);
  const ended = readEnded(folder.recordsPath);
  // A folder's configuration names its arms.
  const names = config.arms === "auto" ? [...new Set(ended.map(({ arm }) => arm))] : config.arms;
  const planned = names.length * config.samples;
  const hasWeights = existsSync(join(folder.bestModelPath, "about.json"));
  const compared = facts.results?.arms.reduce((sum, { samples }) => sum + samples, 0);
  const isChanged = compared === ended.length && !areAsWritten(facts, ended);
  const comparison = compared === ended.length && !isChanged ? facts.results : undefined;
  const isWhole = comparison !== undefined && ended.length === planned;
  return {
    ...{ folder: path, config, facts, user, planned, comparison, isChanged, done: ended.length },
    status: user ? "running" : isWhole ? "finished" : "interrupted",
    arms: names.map((arm) => ({
      arm,
      accuracies: ended.filter((each) => each.arm === arm).map(({ accuracy }) => accuracy),
    })),
    ...(hasWeights && { weights: folder.bestModelPath }),
  };
}

/** Whether the results have their checksum, and the mean accuracies of the trainings that have ended. */
function areAsWritten(
  { results, resultsChecksum }: EvaluationFacts,
  ended: readonly EndedTraining[],
): boolean {
  if (!results || (resultsChecksum !== undefined && resultsChecksum !== checksumOfResults(results)))
    return false;
  return results.arms.every(({ arm, accuracy, samples }) => {
    const accuracies = ended.filter((each) => each.arm === arm).map((each) => each.accuracy);
    return accuracies.length === samples && Math.abs(meanOf(accuracies) - accuracy) < 1e-9;
  });
}
