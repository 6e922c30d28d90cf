// What a run trains within a budget of time: trials, epochs, fresh trainings and the final evaluation. Only arithmetic: the same
// speed, sizes and budget give the same plan.

import { usualEpochs } from "../child/usual-epochs.ts";
import { FREE_ARMS } from "../config/arms.ts";
import { RECIPES } from "../config/recipes.ts";
import type { Config, SizedConfig } from "../config/schema.ts";
import { fixedPolicies } from "../search/settle/controller.ts";
import {
  armSeconds,
  confirmationSeconds,
  type EvaluationSize,
  evaluationSeconds,
  type Speed,
  searchSeconds,
} from "./times.ts";

/** Shares of the time: the confirmation or the evaluation has more if it needs that for its least, and the search has the rest. */
const SHARES = { search: 0.55, confirmation: 0.2, evaluation: 0.25 } as const;

/**
 * Epochs of a training relative to the usual ones, as far as the plan chooses them; more only if there is time for the most trials.
 * With far fewer, no augmentation looks best: a wrn_10_1 on 2,000 images of CIFAR-10 validates better without any after 10 epochs,
 * and 16 points worse than with the best recipe after 50.
 */
const EPOCHS = [0.6, 0.8, 1, 1.2, 1.6, 2] as const;
/** Fewer epochs than usual if this many trials do not fit otherwise. */
const ENOUGH_TRIALS = 20;
const MOST_TRIALS = 500;
/** Besides those whose policies are fixed. With fewer, nothing can be learnt about the techniques. */
const LEAST_TRIALS = 10;

const MOST_CONFIRMED = 5;
/** With three samples of a policy an interval is useful; the plan rather confirms fewer policies than with fewer samples. */
const USEFUL_SAMPLES = 3;
/** An interval needs two. */
const LEAST_SAMPLES = 2;
const MOST_CONFIRM_SAMPLES = 10;
const MOST_EVALUATION_SAMPLES = 50;

/** From the one that helps on most images; the last ones are left out first. */
const RECIPE_ORDER: readonly string[] = ["flip-crop", "trivialaugment", "flip", "randaugment"];

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

/** The arms of an evaluation and the trainings of each. */
export interface EvaluationChoice {
  readonly arms: readonly string[];
  readonly samples: number;
  /** That it takes, about. */
  readonly seconds: number;
  /** The recipes for which the time does not suffice. */
  readonly leftOut: readonly string[];
}

export interface BudgetPlan {
  readonly keys: PlannedKeys;
  readonly evaluation: EvaluationSize & Omit<EvaluationChoice, "seconds">;
  /** How long each stage takes, about. */
  readonly estimated: StageSeconds;
  /** How long each may take. */
  readonly allotted: StageSeconds;
}

/** Images that an evaluation may train on, and that it tests. */
export interface EvaluationImages {
  readonly trainable: number;
  readonly test: number;
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

/** Plans all stages. What is given is kept, and the rest fits around it. */
export function planBudget(input: BudgetInput): BudgetPlan | TooShort {
  const attempts = epochsToTry(input).map((epochs) => attempt(input, epochs));
  const fitting = attempts.filter(({ trials }) => trials > 0);
  const chosen = fitting.length > 0 ? chooseAttempt(input, fitting) : squeeze(input, attempts[0]);
  return chosen ? planAround(input, chosen) : { needed: attempts[0].needed };
}

function epochsToTry({ config, given }: BudgetInput): readonly number[] {
  if (given.has("child_epochs")) return [config.child_epochs];
  return EPOCHS.map((share) => Math.round(share * usualEpochs(config.train_set_size)));
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

function attempt(input: BudgetInput, epochs: number): Attempt {
  const { seconds, config: asGiven, given, speed } = input;
  const config = { ...asGiven, child_epochs: epochs };
  const leastEvaluation = chooseEvaluation({
    ...{ ofArms: armTimes(config, input), hasPolicy: true, order: orderOfRecipes() },
    ...{ seconds: 0, speed },
  }).seconds;
  const leastConfirmation = confirmationSeconds(
    { ...config, ...chooseConfirmation(config, given, 0, speed) },
    speed,
  );
  const isFixed = isConfirmationGiven(config, given);
  const confirmation = isFixed
    ? leastConfirmation
    : Math.max(SHARES.confirmation * seconds, leastConfirmation);
  const evaluation = Math.max(SHARES.evaluation * seconds, leastEvaluation);
  const search = seconds - confirmation - evaluation;
  const fits = (iterations: number) => searchSeconds({ ...config, iterations }, speed) <= search;
  const [low, high] = rangeOfTrials(config, given);
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
function squeeze({ seconds, given }: BudgetInput, tried: Attempt): Attempt | undefined {
  const { config, allotted, least, needed } = tried;
  if (needed > seconds) return undefined;
  const moreConfirmation = allotted.confirmation - least.confirmation;
  const moreEvaluation = allotted.evaluation - least.evaluation;
  const part = (seconds - needed) / (moreConfirmation + moreEvaluation);
  return {
    ...tried,
    trials: rangeOfTrials(config, given)[0],
    allotted: {
      search: least.search,
      confirmation: least.confirmation + part * moreConfirmation,
      evaluation: least.evaluation + part * moreEvaluation,
    },
  };
}

/** The least and the most trials. */
function rangeOfTrials(config: SizedConfig, given: ReadonlySet<string>): [number, number] {
  if (given.has("iterations")) return [config.iterations, config.iterations];
  return [LEAST_TRIALS + fixedTrials(config), MOST_TRIALS];
}

/** Trials besides the baseline that every search has. */
function fixedTrials(config: Config): number {
  return fixedPolicies(config).length - 1;
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

function planAround(input: BudgetInput, { config, trials: iterations, allotted }: Attempt): BudgetPlan {
  const { seconds, given, images, speed } = input;
  const searched = { ...config, iterations };
  const keys = {
    ...{ child_epochs: config.child_epochs, iterations },
    ...chooseConfirmation(searched, given, allotted.confirmation, speed),
  };
  const search = searchSeconds(searched, speed);
  const confirmation = confirmationSeconds({ ...searched, ...keys }, speed);
  const size = evaluationSize(config, given, images);
  const { seconds: evaluation, ...choice } = chooseEvaluation({
    ...{ ofArms: armTimes(config, input), hasPolicy: true, order: orderOfRecipes() },
    ...{ seconds: seconds - search - confirmation, speed },
  });
  return {
    keys,
    evaluation: { ...size, ...choice },
    estimated: { search, confirmation, evaluation },
    allotted,
  };
}

/** All arms that an evaluation may have. */
export function armsOf(hasPolicy: boolean): string[] {
  return [...FREE_ARMS, ...(hasPolicy ? ["policy"] : [])];
}

/**
 * All training images if they are at most twice those of the search, which evaluations of its policies resemble then; and at
 * least the usual epochs, unless others are given.
 */
export function evaluationSize(
  { child_epochs, train_set_size }: Pick<SizedConfig, "child_epochs" | "train_set_size">,
  given: ReadonlySet<string>,
  { trainable, test }: EvaluationImages,
): EvaluationSize {
  const trainImages = trainable <= 2 * train_set_size ? trainable : train_set_size;
  const least = given.has("child_epochs") ? 0 : usualEpochs(train_set_size);
  return { trainImages, testImages: test, epochs: Math.max(child_epochs, least) };
}

function armTimes(
  config: SizedConfig,
  { given, images, speed }: Pick<BudgetInput, "given" | "images" | "speed">,
): Map<string, number> {
  return armSeconds(armsOf(true), evaluationSize(config, given, images), config, speed);
}

/** Whether a plan has nothing to choose about the confirmation. */
function isConfirmationGiven(
  { confirm_top, confirm_samples }: SizedConfig,
  given: ReadonlySet<string>,
): boolean {
  const [hasTop, hasSamples] = [given.has("confirm_top"), given.has("confirm_samples")];
  return (hasTop && hasSamples) || (hasTop && confirm_top === 0) || (hasSamples && confirm_samples === 0);
}

/** How many policies are confirmed and how often, within this time if that is enough for the least. */
export function chooseConfirmation(
  config: SizedConfig,
  given: ReadonlySet<string>,
  seconds: number,
  speed: Speed,
): Pick<Config, "confirm_top" | "confirm_samples"> {
  const { confirm_top, confirm_samples } = config;
  if (isConfirmationGiven(config, given)) return { confirm_top, confirm_samples };
  const most = Math.min(MOST_CONFIRMED, config.iterations);
  const tops = given.has("confirm_top") ? [confirm_top] : Array.from({ length: most }, (_, i) => most - i);
  const [low, high] = given.has("confirm_samples")
    ? [confirm_samples, confirm_samples]
    : [LEAST_SAMPLES, MOST_CONFIRM_SAMPLES];
  const choices = tops.map((top) => {
    const fits = (samples: number) =>
      confirmationSeconds({ ...config, confirm_top: top, confirm_samples: samples }, speed) <= seconds;
    return { confirm_top: top, confirm_samples: fits(low) ? largest(low, high, fits) : 0 };
  });
  const choice =
    choices.find((each) => each.confirm_samples >= Math.max(low, USEFUL_SAMPLES)) ??
    choices.find((each) => each.confirm_samples > 0);
  return choice ?? { confirm_top: tops.at(-1)!, confirm_samples: low };
}

export interface EvaluationOptions {
  /** Seconds of a training of each arm. */
  readonly ofArms: ReadonlyMap<string, number>;
  readonly hasPolicy: boolean;
  /** All recipes, from the most promising one. */
  readonly order: readonly string[];
  readonly seconds: number;
  readonly speed: Pick<Speed, "rates" | "workers">;
}

/**
 * The arms and samples of an evaluation within this time: all arms if there is time for two samples of each, else without the
 * recipes that promise least, and at least no augmentation, one recipe and the policy, twice.
 */
export function chooseEvaluation(options: EvaluationOptions): EvaluationChoice {
  const { ofArms, hasPolicy, order: recipes, seconds, speed } = options;
  const all = armsOf(hasPolicy);
  for (let kept = recipes.length; ; kept--) {
    const leftOut = recipes.slice(kept);
    const arms = all.filter((arm) => !leftOut.includes(arm));
    const times = arms.map((arm) => ofArms.get(arm)!);
    const secondsOf = (samples: number) => evaluationSeconds(times, samples, speed);
    const fits = (samples: number) => secondsOf(samples) <= seconds;
    if (!fits(LEAST_SAMPLES) && kept > 1) continue;
    const samples = fits(LEAST_SAMPLES)
      ? largest(LEAST_SAMPLES, MOST_EVALUATION_SAMPLES, fits)
      : LEAST_SAMPLES;
    return { arms, samples, seconds: secondsOf(samples), leftOut };
  }
}

/**
 * All recipes, from the most promising one: those that a search found better than no augmentation, then those that it did not
 * judge, and last those that did no better.
 * @param gains of recipes over no augmentation.
 */
export function orderOfRecipes(gains: ReadonlyMap<string, number> = new Map()): string[] {
  const usual = [...new Set([...RECIPE_ORDER, ...RECIPES])];
  const isBetter = (name: string) => (gains.get(name) ?? 0) > 0;
  const byGain = usual.filter((name) => gains.has(name)).sort((a, b) => gains.get(b)! - gains.get(a)!);
  return [
    ...byGain.filter(isBetter),
    ...usual.filter((name) => !gains.has(name)),
    ...byGain.filter((name) => !isBetter(name)),
  ];
}

/** The largest whole number in [low, high] that fits; `low` does, and numbers below one that fits do, too. */
function largest(low: number, high: number, fits: (value: number) => boolean): number {
  let [known, above] = [low, Math.max(low, high) + 1];
  while (above - known > 1) {
    const middle = Math.floor((known + above) / 2);
    if (fits(middle)) known = middle;
    else above = middle;
  }
  return known;
}
