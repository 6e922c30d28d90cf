// The speed by which a budget is planned, measured in about three seconds. Nothing is written.

import { meanOf } from "../common/mean.ts";
import { RECIPES } from "../config/recipes.ts";
import { randomSearchPoint } from "../controller/controller.ts";
import { epochsForMoments } from "../measure/evaluation-plan.ts";
import { measuredRun } from "../measure/plan.ts";
import { measureRates } from "../measure/rates.ts";
import { redrawSeconds } from "../measure/redraw-time.ts";
import type { Policy } from "../policy/policy.ts";
import { pointToPolicy, type SearchSpace } from "../policy/space.ts";
import type { SettledRun } from "../search/settle/run.ts";
import type { Speed } from "./times.ts";

/** Policies that are measured: their mean is what drawing takes in a search. */
const POLICIES = 4;

/**
 * @param trainImages of an evaluation.
 * @throws RunError if it cannot be measured; InterruptedError
 */
export async function measureSpeed(
  run: SettledRun,
  trainImages: number,
  signal: AbortSignal | undefined,
): Promise<Speed> {
  const measured = measuredRun(run);
  const rates = await measureRates(measured, signal);
  const { images } = run.dataset.train;
  const recipes = RECIPES.map((recipe) => [recipe, redrawSeconds(images, [{ recipe }])]);
  const policies = examplePolicies(run.space).map((policy) => redrawSeconds(images, [{ policy }]));
  return {
    ...{ rates, workers: run.workers },
    draw: { recipes: Object.fromEntries(recipes), policy: meanOf(policies) },
    momentEpochs: await epochsForMoments({ ...measured, trainImages }),
  };
}

/** Drawn at random, with all images through them, and without a base: the recipes are measured by themselves. */
function examplePolicies(space: SearchSpace): Policy[] {
  return Array.from({ length: POLICIES }, (_, index) => {
    const { base: _base, ...policy } = pointToPolicy(space, randomSearchPoint(space.dimensions, 0, index));
    return { ...policy, portion: 1 };
  });
}
