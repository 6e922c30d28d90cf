// The report of an experiment or an evaluation, from the files in its folder; also while it runs. Changes nothing.

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../common/errors.ts";
import { loadSizedConfig } from "../config/load.ts";
import { type ArmEpochs, readArmEpochs } from "../evaluate/records.ts";
import {
  evaluatesOthers,
  evaluationPath,
  hasEvaluation,
  isEvaluation,
  readEvaluation,
} from "../evaluate/results.ts";
import { readEpochs, secondsOf, type TrainingEpochs } from "../experiment/epochs.ts";
import { Experiment } from "../experiment/experiment.ts";
import { armTrainingName, trainingName } from "../experiment/machines.ts";
import { notebookAt, readTrainings } from "../experiment/past-trials.ts";
import { type ExperimentResults, readResults } from "../experiment/results.ts";
import { readGivenPolicies } from "../pipelines/given.ts";
import type { GivenPolicy } from "../policy/policy-file.ts";
import { answerOf } from "./answer.ts";
import type { EvaluationPart, Report } from "./contents.ts";
import { evaluationPart } from "./evaluation-part.ts";
import type { TimedTrainings } from "./machines.ts";
import { repeatPart } from "./repeat.ts";
import { searchPart } from "./search-part.ts";
import { timesPart } from "./times.ts";

const OTHER_POLICIES =
  "Since the evaluation, the search has found other policies, which it does not compare.";

/** Whether there is something to report on. */
function isReportable(folder: string): boolean {
  return isEvaluation(folder) || existsSync(join(folder, "experiment.json"));
}

/**
 * @param folder of an experiment or an evaluation.
 * @throws UsageError in one line if it is neither, or a file of it is damaged.
 */
export function reportOf(folder: string): Report {
  if (!isReportable(folder))
    throw new UsageError(`${folder} is neither an experiment nor an evaluation; give the folder of one`);
  return isEvaluation(folder) ? reportOfEvaluation(folder) : reportOfExperiment(folder);
}

function reportOfEvaluation(folder: string): Report {
  const results = readEvaluation(folder);
  const trainings = armTrainings(folder);
  const evaluation = evaluationPart(results, trainings);
  const { facts, config, status } = results;
  const isRunning = status === "running";
  return {
    ...{ format: "deepaugment-report", version: 1, kind: "evaluation", folder, name: nameOf(folder), status },
    progress: evaluation.progress,
    answer: answerOf(undefined, results, evaluatedPolicies(folder)),
    ...{ search: null, evaluation },
    times: timesPart({
      ...{ folder, startedAt: facts.startedAt, isRunning, search: null, fresh: [], evaluation },
      trainings: [timedArms(folder, trainings)],
    }),
    repeat: repeatPart({
      ...{ folder, command: "evaluate", facts, data: config.data },
      images: `${facts.trainImages.toLocaleString("en")} for training, ${facts.testImages.toLocaleString("en")} for testing`,
    }),
  };
}

function reportOfExperiment(folder: string): Report {
  const experiment = Experiment.open(folder);
  const config = loadSizedConfig(experiment.configPath);
  const facts = experiment.readAllFacts();
  const results = readResults(folder);
  const notebook = config.notebook_path ?? notebookAt(folder);
  const confirmations = experiment.path("confirmations.csv");
  const [epochs, freshEpochs] = [readEpochs(notebook), readEpochs(confirmations)];
  const search = searchPart({
    ...{ config, results, trials: readTrainings(notebook).trials, epochs },
    fresh: readTrainings(confirmations).trainings,
    failures: experiment.failures.read(),
  });
  const evaluated = hasEvaluation(folder) ? readEvaluation(evaluationPath(folder)) : undefined;
  const arms = evaluated ? armTrainings(evaluated.folder) : [];
  const evaluation = evaluated ? evaluationPart(evaluated, arms) : null;
  const policies = evaluated ? evaluatedPolicies(evaluated.folder) : results.policies;
  const answer = answerOf(results, evaluated, policies);
  const isOld = evaluated !== undefined && evaluatesOthers(folder);
  const { status } = results;
  const { train, validation } = facts.subsets;
  return {
    ...{ format: "deepaugment-report", version: 1, kind: "experiment", folder, name: nameOf(folder), status },
    progress: progressOf(results, evaluation),
    answer: isOld ? { ...answer, sentences: [...answer.sentences, OTHER_POLICIES] } : answer,
    ...{ search, evaluation },
    times: timesPart({
      ...{ folder, startedAt: facts.startedAt, isRunning: status === "running", search, evaluation },
      fresh: freshEpochs,
      trainings: [
        timedTrainings(folder, [...epochs, ...freshEpochs]),
        ...(evaluated ? [timedArms(evaluated.folder, arms)] : []),
      ],
    }),
    repeat: repeatPart({
      ...{ folder, command: "optimize", facts, data: config.data },
      images: `${train.length.toLocaleString("en")} for training, ${validation.length.toLocaleString("en")} for validation`,
    }),
  };
}

function nameOf(folder: string): string {
  return basename(resolve(folder));
}

function armTrainings(folder: string): readonly ArmEpochs[] {
  return readArmEpochs(join(folder, "evaluation.csv"));
}

function timedArms(folder: string, trainings: readonly ArmEpochs[]): TimedTrainings {
  const seconds = trainings.map(
    ({ arm, sample, history }) => [armTrainingName(arm, sample), history.at(-1)?.seconds ?? 0] as const,
  );
  return { folder, seconds: new Map(seconds) };
}

function timedTrainings(folder: string, trainings: readonly TrainingEpochs[]): TimedTrainings {
  const seconds = trainings.map((training) => [trainingName(training), secondsOf(training)] as const);
  return { folder, seconds: new Map(seconds) };
}

/** Those that an evaluation began with; none if it compares recipes only. */
function evaluatedPolicies(folder: string): readonly GivenPolicy[] {
  const path = join(folder, "policies.json");
  return existsSync(path) ? readGivenPolicies(path).policies : [];
}

function progressOf(
  { trials, planned, confirming, failures }: ExperimentResults,
  evaluation: EvaluationPart | null,
): string {
  const parts = [`${trials} of ${planned} trials done`];
  if (confirming) parts.push(`${confirming.done} of ${confirming.trainings} fresh trainings done`);
  if (evaluation) parts.push(`evaluation: ${evaluation.progress}`);
  if (failures > 0) parts.push(`${failures} failed`);
  return parts.join("; ");
}
