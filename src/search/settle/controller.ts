// What searches, in which space of policies; and the rewards that it predicts for the trials in the end.

import { seedOf } from "../../common/random.ts";
import { familiesOf } from "../../config/families.ts";
import type { Config, SizedConfig } from "../../config/schema.ts";
import { BayesianController } from "../../controller/bayesian.ts";
import type { Controller, Judged } from "../../controller/controller.ts";
import { predictedRewards } from "../../controller/predicted.ts";
import { RandomController } from "../../controller/random.ts";
import { completed } from "../../controller/rungs.ts";
import type { TrialRecord } from "../../experiment/records.ts";
import { baseAlone, formOfFamilies, type PolicyForm } from "../../policy/form.ts";
import type { Policy } from "../../policy/policy.ts";
import { createSpace, policyToPoint, type SearchSpace } from "../../policy/space.ts";
import { startingPoints } from "../../policy/starts.ts";

/** The policies that the configuration allows. */
export function spaceOf(config: Config): SearchSpace {
  return createSpace({ ...formOf(config), operations: config.operations });
}

/** The form of these policies. */
export function formOf(config: Config): PolicyForm {
  const { bases, magnitudes, redraw } = config;
  const families = familiesOf(config.families, config.operations);
  if (families.length > 0 && redraw === "epoch" && magnitudes === "drawn")
    return formOfFamilies(families, bases);
  const mixture = config.mixture || redraw === "epoch";
  const isOriginal = bases.join() === "none" && !mixture && magnitudes === "fixed" && redraw === "once";
  return {
    chains: config.policy_chains,
    operationsPerChain: config.operations_per_chain,
    ...(!isOriginal && { extension: { bases, mixture, magnitudes, redraw } }),
  };
}

/**
 * The policies of the first trials: no augmentation, and each base alone if images are drawn anew, as the recipe that a found
 * policy has to beat.
 */
export function fixedPolicies(config: Config): Policy[] {
  const form = formOf(config);
  const recipes = config.redraw === "epoch" ? config.bases.filter((base) => base !== "none") : [];
  return [baseAlone(form), ...recipes.map((base) => baseAlone(form, base))];
}

/** The epochs after which a child is validated with averaged weights; undefined if it is after each, as it is. */
export function validatedEpochs({
  reward,
  stop_epochs,
  child_epochs,
}: Pick<SizedConfig, "reward" | "stop_epochs" | "child_epochs">): readonly number[] | undefined {
  return reward === "averaged" ? [...stop_epochs, child_epochs] : undefined;
}

/** The controller of the configuration's method. */
export function createController(config: Config, space: SearchSpace): Controller {
  const { method, seed, opt_initial_points } = config;
  if (method === "random") return new RandomController(space.dimensions, seed);
  const starts = { from: fixedPolicies(config).length, points: startingPoints(space) };
  return new BayesianController(space.dimensions, seed, opt_initial_points, starts);
}

/** The predicted rewards of trials, from which the luck of single trainings is removed, by the trials' numbers. */
export function predictRewards(
  trials: readonly TrialRecord[],
  space: SearchSpace,
  seed: number,
): Map<number, number> {
  const predicted = predictedRewards(space.dimensions, judgedPoints(trials, space), seedOf(seed, "ranking"));
  return new Map(trials.map(({ trial }, index) => [trial, predicted[index]]));
}

/** Trials as the controller's models take them, in their order; stopped ones with the rewards that the others let expect. */
export function judgedPoints(trials: readonly TrialRecord[], space: SearchSpace): Judged[] {
  return completed(trials).map(({ policy, reward, standardError, noise }) => ({
    point: policyToPoint(space, policy),
    ...{ reward, standardError, noise },
  }));
}
