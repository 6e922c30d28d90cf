// What searches, in which space of policies; and the rewards that it predicts for the trials in the end.

import { seedOf } from "../../common/random.ts";
import type { Config } from "../../config/schema.ts";
import { BayesianController } from "../../controller/bayesian.ts";
import type { Controller } from "../../controller/controller.ts";
import { predictedRewards } from "../../controller/predicted.ts";
import { RandomController } from "../../controller/random.ts";
import type { TrialRecord } from "../../experiment/records.ts";
import { createSpace, policyToPoint, type SearchSpace } from "../../policy/space.ts";

/** The policies that the configuration allows. */
export function spaceOf(config: Config): SearchSpace {
  return createSpace({
    chains: config.policy_chains,
    operationsPerChain: config.operations_per_chain,
    operations: config.operations,
  });
}

/** The controller of the configuration's method. */
export function createController(
  { method, seed, opt_initial_points }: Config,
  { dimensions }: SearchSpace,
): Controller {
  if (method === "random") return new RandomController(dimensions, seed);
  return new BayesianController(dimensions, seed, opt_initial_points);
}

/** The predicted rewards of trials, from which the luck of single trainings is removed, by the trials' numbers. */
export function predictRewards(
  trials: readonly TrialRecord[],
  space: SearchSpace,
  seed: number,
): Map<number, number> {
  const judged = trials.map(({ policy, reward, standardError }) => ({
    point: policyToPoint(space, policy),
    reward,
    standardError,
  }));
  const predicted = predictedRewards(space.dimensions, judged, seedOf(seed, "ranking"));
  return new Map(trials.map(({ trial }, index) => [trial, predicted[index]]));
}
