// A run within a budget of time: the search, the confirmation of its best, and their evaluation beside the recipes. What is
// decided on the way is kept in the experiment's folder, and a resumed run keeps it.

import type { EvaluationExecutor, EvaluationObserver, EvaluationStart } from "../evaluate/evaluation.ts";
import { isFinished } from "../experiment/results.ts";
import type { EvaluationPlan } from "../measure/evaluation-plan.ts";
import {
  type ExecutorChoice,
  type ExperimentObserver,
  type ExperimentOutcome,
  type ExperimentStart,
  runExperiment,
} from "../search/run-experiment.ts";
import { type SizedImages, settleSizes } from "../search/settle/sizes.ts";
import type { BudgetAccount } from "./account.ts";
import { evaluateBest } from "./evaluation.ts";
import { pacingOf } from "./pacing.ts";

/** What a budgeted run reports: first the search with its confirmation, then the evaluation. A stage that was done before is left out. */
interface BudgetObserver {
  onSearchStarted?(start: ExperimentStart): ExperimentObserver;
  onSearchEnded?(outcome: ExperimentOutcome): void;
  /** @param leftOut the recipes for which the time does not suffice. */
  onEvaluationStarted?(
    start: EvaluationStart,
    plan: EvaluationPlan,
    leftOut: readonly string[],
  ): EvaluationObserver;
}

export interface BudgetRequest extends Pick<ExecutorChoice, "executor"> {
  /** The images, and the configuration with its planned keys. */
  readonly images: SizedImages;
  readonly account: BudgetAccount;
  /** Keys that a resumed run is given. */
  readonly given?: ReadonlySet<string>;
  /** The folder of an experiment to resume, instead of a new one. */
  readonly resume?: string;
  readonly signal?: AbortSignal;
  readonly observer?: BudgetObserver;
  /** Where the trainings of the evaluation run; by default in processes of the run's own. */
  readonly evaluationExecutor?: EvaluationExecutor;
}

/**
 * Runs all stages, or those that are missing of a run to resume.
 * @returns the experiment's folder.
 * @throws as `runExperiment` and `runEvaluation` do; what ended before is on disk.
 */
export async function runBudget(request: BudgetRequest): Promise<string> {
  const { account, images, resume } = request;
  try {
    const isSearched = resume !== undefined && isFinished(resume, images.config);
    const folder = isSearched ? resume : await search(request);
    await evaluateBest(request, folder);
    return folder;
  } finally {
    account.leave();
  }
}

async function search(request: BudgetRequest): Promise<string> {
  const { account, images, resume, signal, executor, observer } = request;
  const { search: decided } = account.facts.decided;
  const given = new Set([...account.facts.given, ...(request.given ?? [])]);
  const { config } = settleSizes(images.config, images.dataset);
  account.enter(decided ? "confirmation" : "search");
  const outcome = await runExperiment({
    ...{ ...images, resume, signal, executor },
    ...(!decided && { pacing: pacingOf(account, config, given) }),
    onStart: (start) => {
      account.keepIn(start.folder);
      return booking(observer?.onSearchStarted?.(start), () => account.keep());
    },
  });
  account.keep();
  observer?.onSearchEnded?.(outcome);
  return outcome.folder;
}

/** The observer, and an account that is kept whenever a training has ended. */
function booking(observer: ExperimentObserver | undefined, keep: () => void): ExperimentObserver {
  return {
    onTrainingStarted: (trial, sample) => observer?.onTrainingStarted?.(trial, sample),
    onEpoch: (trial, sample, result) => observer?.onEpoch?.(trial, sample, result),
    onTrainingFinished: (record) => {
      keep();
      observer?.onTrainingFinished?.(record);
    },
    onTrainingFailed: (failure) => observer?.onTrainingFailed?.(failure),
    onTrialFinished: (record) => observer?.onTrialFinished?.(record),
    onTrialDropped: (trial) => observer?.onTrialDropped?.(trial),
    onMoreTrials: (planned) => observer?.onMoreTrials?.(planned),
    onConfirmationStarted: (plan) => observer?.onConfirmationStarted?.(plan),
    onConfirmed: (record) => observer?.onConfirmed?.(record),
  };
}
