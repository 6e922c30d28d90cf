// How long the stages of a budgeted run take: a function of what is trained and of a measured speed alone.

import type { SizedConfig } from "../config/schema.ts";
import { armTime, type DrawingTime, timeInWorkers } from "../measure/evaluation-plan.ts";
import { stageTimes } from "../measure/plan.ts";
import type { MeasuredRates } from "../measure/rates.ts";
import { workOf } from "../measure/work.ts";
import { proposedBases } from "../policy/space.ts";
import { lagOf } from "../search/search.ts";
import { spaceOf } from "../search/settle/controller.ts";

/** What was measured before a run begins; times are in seconds. */
export interface Speed {
  /** Of all workers together. */
  readonly rates: MeasuredRates;
  readonly workers: number;
  /** That one worker needs to draw an image: through each recipe, and through a policy as the search proposes them. */
  readonly draw: { readonly recipes: Readonly<Record<string, number>>; readonly policy: number };
  /** Epochs that the moments of averaged weights take in an evaluation. */
  readonly momentEpochs: number;
}

/** The same speed on a machine that needs this many times as long. */
export function slowed({ rates, workers, draw, momentEpochs }: Speed, factor: number): Speed {
  const { training, validation, start } = rates;
  const recipes = Object.entries(draw.recipes).map(([name, seconds]) => [name, seconds * factor]);
  return {
    ...{ workers, momentEpochs },
    rates: { training: training / factor, validation: validation / factor, start: start * factor },
    draw: { recipes: Object.fromEntries(recipes), policy: draw.policy * factor },
  };
}

/** Of the whole search, with the start of its processes. */
export function searchSeconds(config: SizedConfig, speed: Speed): number {
  const { first, search } = timesOf(config, speed);
  return speed.rates.start + first + search;
}

export function confirmationSeconds(config: SizedConfig, speed: Speed): number {
  return timesOf(config, speed).confirmation;
}

function timesOf(config: SizedConfig, { rates, workers, draw }: Speed): ReturnType<typeof stageTimes> {
  const lag = lagOf(workers, config.opt_samples);
  const work = workOf({ config, resumed: undefined, space: spaceOf(config), lag });
  const perImage = workers / rates.training + (config.redraw === "epoch" ? draw.policy : 0);
  return stageTimes(config, workers, work, { ...rates, training: workers / perImage });
}

/** What an evaluation trains and tests, but for its arms. */
export interface EvaluationSize {
  readonly trainImages: number;
  readonly testImages: number;
  readonly epochs: number;
}

/** How long one training of each arm takes on one worker while all work; policies are those of this search. */
export function armSeconds(
  arms: readonly string[],
  size: EvaluationSize,
  config: SizedConfig,
  { rates, workers, draw, momentEpochs }: Speed,
): Map<string, number> {
  const perImage = { training: workers / rates.training, validation: workers / rates.validation };
  // Names may be joined by +.
  const drawRecipe = (name: string) =>
    name.split("+").reduce((sum, single) => sum + (draw.recipes[single] ?? 0), 0);
  const longest = (bases: readonly string[]) => Math.max(...bases.map(drawRecipe));
  const drawingOf = (arm: string): DrawingTime => {
    if (arm !== "policy") return { redraw: drawRecipe(arm), added: 0 };
    if (config.redraw === "once") return { redraw: 0, added: draw.policy };
    // It may be a recipe alone.
    const ofPolicy = longest(proposedBases(spaceOf(config))) + draw.policy;
    return { redraw: Math.max(ofPolicy, longest(config.bases)), added: 0 };
  };
  return new Map(
    arms.map((arm) => {
      const time = armTime({ ...size, isAveraged: true, momentEpochs }, drawingOf(arm), perImage);
      return [arm, time.trainingSeconds + time.testSeconds];
    }),
  );
}

/** An evaluation of this many samples of each arm, with the start of its processes. */
export function evaluationSeconds(
  ofArms: readonly number[],
  samples: number,
  { rates, workers }: Pick<Speed, "rates" | "workers">,
): number {
  const trainings = Array.from({ length: samples }, () => ofArms).flat();
  return rates.start + timeInWorkers(trainings, workers);
}
