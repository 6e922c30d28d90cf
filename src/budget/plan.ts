// What a run trains within a budget of time: trials, epochs, fresh trainings and the final evaluation. Only arithmetic: the same
// speed, sizes and budget give the same plan.

import { usualEpochs } from "../child/usual-epochs.ts";
import { largest } from "../common/largest.ts";
import { type BaseName, isSimple } from "../config/recipes.ts";
import type { Config, SizedConfig } from "../config/schema.ts";
import { fixedPolicies } from "../search/settle/controller.ts";
import { chooseConfirmation, hasConfirmationChoice } from "./confirmation-choice.ts";
import {
  type EvaluationChoice,
  type EvaluationImages,
  evaluationSize,
  planEvaluationWithin,
  shortEvaluationSize,
} from "./evaluation-choice.ts";
import { confirmationSeconds, type EvaluationSize, type Speed, searchSeconds } from "./times.ts";

/** Shares of the time: the confirmation or the evaluation has more if it needs that for its least, and the search has the rest. */
export const SHARES = { search: 0.55, confirmation: 0.2, evaluation: 0.25 } as const;

/**
 * Epochs of a training relative to the usual ones, as far as the plan chooses them; more only if there is time for the most trials.
 * With far fewer, no augmentation looks best: a wrn_10_1 on 2,000 images of CIFAR-10 validates better without any after 10 epochs,
 * and 16 points worse than with the best recipe after 50.
 */
const EPOCHS = [0.6, 0.8, 1, 1.2, 1.6, 2] as const;
/** The least of all, if the time is too short for anything else. */
const FEWEST_EPOCHS = 0.4;
/** Fewer epochs than usual if this many trials do not fit otherwise. */
const ENOUGH_TRIALS = 20;
export const MOST_TRIALS = 500;
/** Besides those whose policies are fixed. With fewer, little can be learnt about the techniques. */
const LEAST_TRIALS = 10;
/** If the time is too short for more. */
const FEWEST_TRIALS = 4;

/**
 * What a plan may do without if the time is too short otherwise, in this order: each with those before it. The size of the images
 * is last, and is not decided here.
 */
export const CUTS = ["trials", "confirmation", "evaluation", "bases", "epochs", "image_size"] as const;

export type Cut = (typeof CUTS)[number];

/** The keys that a plan decides. */
export type PlannedKeys = Pick<
  SizedConfig,
  "child_epochs" | "iterations" | "confirm_top" | "confirm_samples"
>;

/** Seconds of each stage. */
interface StageSeconds {
  readonly search: number;
  readonly confirmation: number;
  readonly evaluation: number;
}

export interface BudgetPlan {
  readonly keys: PlannedKeys;
  /** The bases of the search, if it has fewer than the configuration. */
  readonly bases?: readonly BaseName[];
  readonly evaluation: EvaluationSize & Omit<EvaluationChoice, "seconds">;
  /** How long each stage takes, about. */
  readonly estimated: StageSeconds;
  /** How long each may take. */
  readonly allotted: StageSeconds;
  /** What it does without, because the time is too short. */
  readonly cuts: readonly Cut[];
}

export interface BudgetInput {
  /** For all stages. */
  readonly seconds: number;
  /** Keys that are not given have any value. */
  readonly config: SizedConfig;
  /** The keys that stay as they are. */
  readonly given: ReadonlySet<string>;
  readonly images: EvaluationImages;
  readonly speed: Speed;
}

/** The time that is needed at least, if the budget is too short. */
export interface TooShort {
  readonly needed: number;
}

/** Plans all stages. What is given is kept, and the rest fits around it: with as few cuts as possible. */
export function planBudget(input: BudgetInput): BudgetPlan | TooShort {
  let needed = Number.POSITIVE_INFINITY;
  for (const last of CUTS.keys()) {
    const planned = planWith(input, new Set(CUTS.slice(0, last)));
    if ("keys" in planned) return planned;
    needed = Math.min(needed, planned.needed);
  }
  return { needed };
}

/** The time that a plan needs without cuts. */
export function neededWithoutCuts(input: BudgetInput): number {
  const planned = planWith({ ...input, seconds: 0 }, new Set());
  return "needed" in planned ? planned.needed : 0;
}

function planWith(input: BudgetInput, cuts: ReadonlySet<Cut>): BudgetPlan | TooShort {
  const attempts = epochsToTry(input, cuts).map((epochs) => attempt(input, cuts, epochs));
  const fitting = attempts.filter(({ trials }) => trials > 0);
  const chosen = fitting.length > 0 ? chooseAttempt(input, fitting) : squeeze(input, cuts, attempts[0]);
  return chosen ? planAround(input, cuts, chosen) : { needed: attempts[0].needed };
}

function epochsToTry({ config, given }: BudgetInput, cuts: ReadonlySet<Cut>): readonly number[] {
  if (given.has("child_epochs")) return [config.child_epochs];
  const shares = cuts.has("epochs") ? [FEWEST_EPOCHS] : EPOCHS;
  return shares.map((share) => Math.round(share * usualEpochs(config.train_set_size)));
}

/** What fits with trainings of a number of epochs. */
interface Attempt {
  readonly config: SizedConfig;
  /** 0 if the least does not fit in the search's share. */
  readonly trials: number;
  readonly allotted: StageSeconds;
  /** The least of each stage, and of all together. */
  readonly least: StageSeconds;
  readonly needed: number;
}

function attempt(input: BudgetInput, cuts: ReadonlySet<Cut>, epochs: number): Attempt {
  const { seconds, given, images, speed } = input;
  const config = { ...input.config, bases: basesWith(input, cuts), child_epochs: epochs };
  const size = sizeWith(cuts, config, given, images);
  const leastEvaluation = planEvaluationWithin(0, size, config, speed).seconds;
  const isCut = cuts.has("confirmation");
  const leastConfirmation = confirmationSeconds(
    { ...config, ...chooseConfirmation({ config, given, seconds: 0, speed, isCut }) },
    speed,
  );
  const confirmation = hasConfirmationChoice(config, given, isCut)
    ? Math.max(SHARES.confirmation * seconds, leastConfirmation)
    : leastConfirmation;
  const evaluation = Math.max(SHARES.evaluation * seconds, leastEvaluation);
  const search = seconds - confirmation - evaluation;
  const fits = (iterations: number) => searchSeconds({ ...config, iterations }, speed) <= search;
  const [low, high] = rangeOfTrials(config, given, cuts);
  const least = {
    search: searchSeconds({ ...config, iterations: low }, speed),
    ...{ confirmation: leastConfirmation, evaluation: leastEvaluation },
  };
  return {
    ...{ config, allotted: { search, confirmation, evaluation }, least },
    trials: fits(low) ? largest(low, high, fits) : 0,
    needed: least.search + leastConfirmation + leastEvaluation,
  };
}

/** The least of a search that has no room in its share takes it from the others; undefined if that does not suffice. */
function squeeze(
  { seconds, given }: BudgetInput,
  cuts: ReadonlySet<Cut>,
  tried: Attempt,
): Attempt | undefined {
  const { config, allotted, least, needed } = tried;
  if (needed > seconds) return undefined;
  const moreConfirmation = allotted.confirmation - least.confirmation;
  const moreEvaluation = allotted.evaluation - least.evaluation;
  const part = (seconds - needed) / (moreConfirmation + moreEvaluation);
  return {
    ...tried,
    trials: rangeOfTrials(config, given, cuts)[0],
    allotted: {
      search: least.search,
      confirmation: least.confirmation + part * moreConfirmation,
      evaluation: least.evaluation + part * moreEvaluation,
    },
  };
}

/** The least and the most trials. */
function rangeOfTrials(
  config: SizedConfig,
  given: ReadonlySet<string>,
  cuts: ReadonlySet<Cut>,
): [number, number] {
  if (given.has("iterations")) return [config.iterations, config.iterations];
  return [(cuts.has("trials") ? FEWEST_TRIALS : LEAST_TRIALS) + fixedTrials(config), MOST_TRIALS];
}

/** Trials besides the baseline that every search has. */
export function fixedTrials(config: Config): number {
  return fixedPolicies(config).length - 1;
}

/** Those that policies of families have, if there is a choice of others. */
function basesWith({ config, given }: BudgetInput, cuts: ReadonlySet<Cut>): BaseName[] {
  const { bases } = config;
  if (!cuts.has("bases") || given.has("bases")) return bases;
  const simple = bases.filter(isSimple);
  return simple.length > 0 ? simple : bases;
}

/** @param fitting by their epochs, ascending. */
function chooseAttempt({ given }: BudgetInput, fitting: readonly Attempt[]): Attempt {
  if (given.has("iterations") || given.has("child_epochs")) return fitting.at(-1)!;
  const isEnough = ({ config, trials }: Attempt) =>
    trials >=
    (config.child_epochs > usualEpochs(config.train_set_size)
      ? MOST_TRIALS
      : ENOUGH_TRIALS + fixedTrials(config));
  return fitting.filter(isEnough).at(-1) ?? fitting[0];
}

function planAround(
  input: BudgetInput,
  allowed: ReadonlySet<Cut>,
  { config, trials: iterations, allotted }: Attempt,
): BudgetPlan {
  const { seconds, given, images, speed } = input;
  const searched = { ...config, iterations };
  const isCut = allowed.has("confirmation");
  const keys = {
    ...{ child_epochs: config.child_epochs, iterations },
    ...chooseConfirmation({ config: searched, given, seconds: allotted.confirmation, speed, isCut }),
  };
  const search = searchSeconds(searched, speed);
  const confirmation = confirmationSeconds({ ...searched, ...keys }, speed);
  const size = sizeWith(allowed, config, given, images);
  const left = seconds - search - confirmation;
  const { seconds: evaluation, ...choice } = planEvaluationWithin(left, size, config, speed);
  const plan = { keys, evaluation: { ...size, ...choice } };
  const cuts = CUTS.filter((cut) => allowed.has(cut) && isMade(cut, { input, config, plan }));
  return {
    ...plan,
    ...(cuts.includes("bases") && { bases: config.bases }),
    ...{ estimated: { search, confirmation, evaluation }, allotted, cuts },
  };
}

interface Made {
  readonly input: BudgetInput;
  /** The plan's. */
  readonly config: SizedConfig;
  readonly plan: Pick<BudgetPlan, "keys" | "evaluation">;
}

/** Whether a plan with this cut has less than one without it. */
function isMade(cut: Cut, { input, config, plan: { keys, evaluation } }: Made): boolean {
  const { given, images } = input;
  const isChosen = (key: string, ...less: readonly boolean[]) => !given.has(key) && less.every(Boolean);
  const usual = evaluationSize(config, given, images);
  switch (cut) {
    case "trials":
      return isChosen("iterations", keys.iterations < LEAST_TRIALS + fixedTrials(config));
    case "confirmation":
      return keys.confirm_top === 0 && isChosen("confirm_top", input.config.confirm_samples > 0);
    case "evaluation":
      return evaluation.epochs < usual.epochs || evaluation.trainImages < usual.trainImages;
    case "bases":
      return fixedTrials(config) < fixedTrials(input.config);
    case "epochs":
      return isChosen("child_epochs");
    default:
      return false;
  }
}

function sizeWith(
  cuts: ReadonlySet<Cut>,
  config: SizedConfig,
  given: ReadonlySet<string>,
  images: EvaluationImages,
): EvaluationSize {
  return cuts.has("evaluation") ? shortEvaluationSize(config, images) : evaluationSize(config, given, images);
}
