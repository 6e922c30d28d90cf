// What the evaluation of a budgeted run trains: its arms, the samples of each, and on how many images for how many epochs.

import { usualEpochs } from "../child/usual-epochs.ts";
import { largest } from "../common/largest.ts";
import { FREE_ARMS } from "../config/arms.ts";
import type { RecipeName } from "../config/recipes.ts";
import type { SizedConfig } from "../config/schema.ts";
import { armSeconds, type EvaluationSize, evaluationSeconds, type Speed } from "./times.ts";

/** An interval needs two samples; with three it is a third as wide. */
const LEAST_SAMPLES = 2;
const USEFUL_SAMPLES = 3;
const MOST_SAMPLES = 50;

/** Recipes from the one that helps on most images; the last ones are left out first. */
const RECIPE_ORDER: readonly string[] = ["flip-crop", "trivialaugment", "flip", "randaugment"];

/** All arms before it is known what the search finds. */
const PLANNED_ARMS: readonly string[] = [...FREE_ARMS, "policy"];

/** The arms of an evaluation and the trainings of each. */
export interface EvaluationChoice {
  readonly arms: readonly string[];
  readonly samples: number;
  /** That it takes, about. */
  readonly seconds: number;
  /** The recipes for which the time does not suffice. */
  readonly leftOut: readonly string[];
}

/** Images that an evaluation may train on, and that it tests. */
export interface EvaluationImages {
  readonly trainable: number;
  readonly test: number;
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

/** If there is no time for more: as many images and epochs as in the search. */
export function shortEvaluationSize(
  { child_epochs, train_set_size }: Pick<SizedConfig, "child_epochs" | "train_set_size">,
  { trainable, test }: EvaluationImages,
): EvaluationSize {
  return { trainImages: Math.min(trainable, train_set_size), testImages: test, epochs: child_epochs };
}

export interface EvaluationOptions {
  /** Seconds of a training of each arm that it may have. */
  readonly ofArms: ReadonlyMap<string, number>;
  /** All recipes among them, from the most promising one. */
  readonly order: readonly string[];
  readonly seconds: number;
  readonly speed: Pick<Speed, "rates" | "workers">;
}

/**
 * The arms and samples of an evaluation within this time: all arms if there is time for three samples of each, else without the
 * recipes that promise least; and at least no augmentation, one recipe and the policy, twice.
 */
export function chooseEvaluation(options: EvaluationOptions): EvaluationChoice {
  const { ofArms, order: recipes, seconds, speed } = options;
  for (let kept = recipes.length; ; kept--) {
    const leftOut = recipes.slice(kept);
    const arms = [...ofArms.keys()].filter((arm) => !leftOut.includes(arm));
    const times = arms.map((arm) => ofArms.get(arm)!);
    const secondsOf = (samples: number) => evaluationSeconds(times, samples, speed);
    const fits = (samples: number) => secondsOf(samples) <= seconds;
    if (!fits(USEFUL_SAMPLES) && kept > 1) continue;
    const samples = fits(LEAST_SAMPLES) ? largest(LEAST_SAMPLES, MOST_SAMPLES, fits) : LEAST_SAMPLES;
    return { arms, samples, seconds: secondsOf(samples), leftOut };
  }
}

/** The same, of this size, before it is known what the search finds. */
export function planEvaluationWithin(
  seconds: number,
  size: EvaluationSize,
  config: SizedConfig,
  speed: Speed,
): EvaluationChoice {
  const ofArms = armSeconds(PLANNED_ARMS, size, config, speed);
  return chooseEvaluation({ ofArms, order: orderOfRecipes(), seconds, speed });
}

/**
 * Recipes from the most promising one: the best, those that a search found better than no augmentation, then those that it did
 * not judge, and last those that did no better.
 * @param gains of recipes over no augmentation.
 */
export function orderOfRecipes(gains: ReadonlyMap<string, number> = new Map(), best?: RecipeName): string[] {
  const others = RECIPE_ORDER.filter((name) => name !== best);
  const isBetter = (name: string) => (gains.get(name) ?? 0) > 0;
  const byGain = others.filter((name) => gains.has(name)).sort((a, b) => gains.get(b)! - gains.get(a)!);
  return [
    ...(best === undefined ? [] : [best]),
    ...byGain.filter(isBetter),
    ...others.filter((name) => !gains.has(name)),
    ...byGain.filter((name) => !isBetter(name)),
  ];
}
