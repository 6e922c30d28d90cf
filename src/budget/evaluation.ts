// The last stage of a budgeted run: the best policy beside the recipes, on images that the search did not use, in the time that
// is left.

import { EVALUATION } from "../config/evaluation.ts";
import { loadKeys, loadSizedConfig } from "../config/load.ts";
import type { SizedConfig } from "../config/schema.ts";
import { freeArms } from "../evaluate/arms.ts";
import {
  type EvaluationObserver,
  type LoadedEvaluation,
  loadEvaluation,
  type PreparedEvaluation,
  prepareEvaluation,
  reopenEvaluation,
  runEvaluation,
} from "../evaluate/evaluation.ts";
import { evaluationPath, hasEvaluation, readEvaluation } from "../evaluate/results.ts";
import { type SettledEvaluation, settleEvaluation } from "../evaluate/settle.ts";
import { Experiment } from "../experiment/experiment.ts";
import { readNotebookText } from "../experiment/notebook.ts";
import { notebookAt, parsePastTrials } from "../experiment/past-trials.ts";
import { type EvaluationPlan, planEvaluation } from "../measure/evaluation-plan.ts";
import { bestRecipe, type Policy } from "../policy/policy.ts";
import { fixedPolicies } from "../search/settle/controller.ts";
import type { BudgetAccount } from "./account.ts";
import {
  chooseEvaluation,
  type EvaluationChoice,
  evaluationSize,
  orderOfRecipes,
  planEvaluationWithin,
} from "./evaluation-choice.ts";
import { slownessSoFar } from "./pacing.ts";
import type { BudgetRequest } from "./run.ts";
import { armSeconds, type EvaluationSize, type Speed, slowed } from "./times.ts";

/** The share of the images that is held out for testing unless another is given, if the data have no test split. */
export const TEST_SHARE = 0.2;

/** Evaluates, or continues an evaluation that has begun; nothing if all its trainings have ended. */
export async function evaluateBest(request: BudgetRequest, folder: string): Promise<void> {
  const { account, images, signal, observer, evaluationExecutor: executor } = request;
  const path = evaluationPath(folder);
  const isBegun = hasEvaluation(folder);
  if (isBegun && readEvaluation(path).status === "finished") return;
  account.enter("evaluation");
  const config = loadSizedConfig(Experiment.open(folder).configPath);
  const speed = slowed(account.facts.speed, slownessSoFar(account, config, confirmedPolicies(folder)));
  const size = sizeOf(account, config, speed);
  const prepared = isBegun ? reopen(path, images.config) : prepare(account, config, { folder, size });
  const loaded = await loadEvaluation(prepared, async () => images.dataset, signal);
  const all = await settleEvaluation(loaded);
  const { settled, plan, leftOut } = isBegun
    ? { settled: all, plan: await planAll(all, loaded, speed, signal), leftOut: [] }
    : await decide(account, { loaded, all, speed, size, config, folder }, signal);
  await runEvaluation({
    ...{ ...prepared, settled, folder: path, signal, executor },
    onStart: (start) => booking(observer?.onEvaluationStarted?.(start, plan, leftOut), () => account.keep()),
  });
}

/** What an evaluation trains on: as planned, or, if that was cut and the machine is faster than it was, the usual, if it fits. */
function sizeOf({ facts, left }: BudgetAccount, config: SizedConfig, speed: Speed): EvaluationSize {
  const { plan, given, images, decided } = facts;
  if (decided.evaluation) return { ...plan.evaluation, ...decided.evaluation };
  if (!plan.cuts.includes("evaluation")) return plan.evaluation;
  const usual = evaluationSize(config, new Set(given), images);
  return planEvaluationWithin(left, usual, config, speed).seconds <= left ? usual : plan.evaluation;
}

interface Place {
  readonly folder: string;
  readonly size: EvaluationSize;
}

/** Of a new evaluation, with all arms. */
function prepare(account: BudgetAccount, config: SizedConfig, { folder, size }: Place): PreparedEvaluation {
  const { images } = account.facts;
  const { trainImages, epochs } = size;
  const { seed, engine, precision, threads, workers, replace_head } = config;
  const overrides = {
    ...{ experiment: folder, recipe: "child", epochs, samples: 1 },
    train_size: trainImages === images.trainable ? "auto" : trainImages,
    test_share: config.test_share || TEST_SHARE,
    ...{ seed, engine, precision, threads, workers, replace_head, out: folder },
  };
  const prepared = prepareEvaluation(loadKeys(EVALUATION, { overrides }));
  const { policies } = prepared.source;
  const arms = [...freeArms(policies), ...(policies.length > 0 ? ["policy"] : [])];
  return { ...prepared, config: { ...prepared.config, arms } };
}

function reopen(
  path: string,
  { engine, threads, workers }: BudgetRequest["images"]["config"],
): PreparedEvaluation {
  return reopenEvaluation(path, { engine, threads, workers });
}

interface Decision extends Place {
  readonly loaded: LoadedEvaluation;
  /** With all arms. */
  readonly all: SettledEvaluation;
  readonly speed: Speed;
  readonly config: SizedConfig;
}

/** Decides the arms and samples by the time that is left, unless an earlier run has. */
async function decide(
  account: BudgetAccount,
  { loaded, all, speed, size, config, folder }: Decision,
  signal: AbortSignal | undefined,
): Promise<{ settled: SettledEvaluation; plan: EvaluationPlan; leftOut: readonly string[] }> {
  const names = all.arms.map(({ name }) => name);
  const choice =
    account.facts.decided.evaluation ??
    chooseEvaluation({
      ofArms: armSeconds(names, size, config, speed),
      order: recipesByReward(folder, config, loaded.source.policies),
      ...{ seconds: account.left, speed },
    });
  const { arms, samples, leftOut } = choice;
  const { trainImages, epochs } = size;
  account.decide({ evaluation: { arms, samples, leftOut, trainImages, epochs } });
  const settled = withChoice(all, choice);
  return { settled, plan: await planAll(settled, loaded, speed, signal), leftOut };
}

function withChoice(
  all: SettledEvaluation,
  { arms, samples }: Pick<EvaluationChoice, "arms" | "samples">,
): SettledEvaluation {
  const kept = all.arms.filter(({ name }) => arms.includes(name));
  return { ...all, arms: kept, config: { ...all.config, arms: kept.map(({ name }) => name), samples } };
}

function planAll(
  settled: SettledEvaluation,
  { resumed }: LoadedEvaluation,
  { rates }: Speed,
  signal: AbortSignal | undefined,
): Promise<EvaluationPlan> {
  return planEvaluation(settled, resumed, signal, rates);
}

/** Policies that the search has trained again. */
function confirmedPolicies(folder: string): number {
  return Math.max(0, (Experiment.open(folder).readFacts().confirming?.trials.length ?? 0) - 1);
}

/** The recipes by what the search knows of them. */
function recipesByReward(folder: string, config: SizedConfig, policies: readonly Policy[]): string[] {
  const path = config.notebook_path ?? notebookAt(folder);
  const { trials } = parsePastTrials(readNotebookText(path), path);
  const rewards = new Map(trials.map(({ trial, reward }) => [trial, reward]));
  const gains = fixedPolicies(config).flatMap(({ base }, trial) => {
    const reward = rewards.get(trial);
    return base === undefined || reward === undefined ? [] : [[base, reward - rewards.get(0)!] as const];
  });
  return orderOfRecipes(new Map(gains), bestRecipe(policies));
}

/** The observer, and an account that is kept whenever a training has ended. */
function booking(observer: EvaluationObserver | undefined, keep: () => void): EvaluationObserver {
  return {
    onTrainingStarted: (arm, sample) => observer?.onTrainingStarted?.(arm, sample),
    onProgress: (arm, sample, progress) => observer?.onProgress?.(arm, sample, progress),
    onTrainingFinished: (training) => {
      keep();
      observer?.onTrainingFinished?.(training);
    },
    onTrainingFailed: (failure) => observer?.onTrainingFailed?.(failure),
  };
}
