// What follows from the results of an experiment, in words: whether a policy helps, and whether it is better than a recipe,
// which needs no search.

import { count } from "../common/count.ts";
import { formatPoints } from "../common/points.ts";
import { recipeAlone } from "../policy/policy.ts";
import type { FoundPolicy } from "../policy/policy-file.ts";
import type { ExperimentResults } from "./results.ts";

const NOTHING_BETTER = "No policy was shown to be better than no augmentation";

interface Verdict {
  readonly text: string;
  /** Whether nothing speaks against the use of the best policy. */
  readonly isRecommended: boolean;
}

/** What follows from the results. */
export function verdictOn({ policies, confirmation, gains, status, trials }: ExperimentResults): Verdict {
  const failed = (reason: string) => ({ text: `${NOTHING_BETTER}${reason}`, isRecommended: false });
  if (!confirmation) {
    const isDone = status === "finished";
    if (policies.length === 0) {
      const advice =
        isDone && trials > 0
          ? ": none did better than the baseline. More trials, epochs or images may help."
          : " yet.";
      return failed(advice);
    }
    const text = `The gains are not confirmed${isDone ? "" : " yet"}: they are those of the search, and the best of many is partly luck.`;
    return { text, isRecommended: isDone };
  }
  const { samples, policies: tried } = confirmation;
  const trainings = `${count(samples, "fresh training")} each`;
  const [best] = gains;
  if (!best) {
    const none = tried === 1 ? "the best one did no better" : `none of the best ${tried} did better`;
    return failed(`: ${none} than the baseline in ${trainings}.`);
  }
  if (!best.interval) {
    return failed(`: ${trainings} shows no spread. Set confirm_samples to 2 or more to confirm the gains.`);
  }
  const { low, high } = best.interval;
  const interval = `${formatPoints(low)} to ${formatPoints(high)} points`;
  const nameOf = (trial: number) => nameIn(policies, trial);
  if (best.isBetter) {
    const gain = `an average gain of ${formatPoints(best.gain)} points of validation accuracy in ${trainings} (95% interval: ${interval})`;
    return {
      text: `${nameOf(best.trial)} is better than no augmentation: ${gain}.`,
      isRecommended: true,
    };
  }
  const other = gains.find(({ isBetter }) => isBetter);
  if (other) {
    const first = `${nameOf(best.trial)}, with the highest average gain, was not shown to be better than no augmentation (95% interval: ${interval}).`;
    return { text: `${first} ${nameOf(other.trial)} was.`, isRecommended: false };
  }
  return failed(
    `: the average gain of the best one is ${formatPoints(best.gain)} points in ${trainings}, and its 95% interval, ${interval}, includes 0. More validation images (validation_set_size) or fresh trainings (confirm_samples) give a narrower interval.`,
  );
}

/** A policy for the beginning of a sentence: a recipe by its name, another one by its trial. */
function nameIn(policies: readonly FoundPolicy[], trial: number): string {
  const found = policies.find((policy) => policy.trial === trial);
  const recipe = found && recipeAlone(found);
  return recipe ? `The recipe ${recipe} (trial ${trial})` : `The policy of trial ${trial}`;
}

/** How the best found policy compares with the best recipe, if the fresh trainings say it; at most one sentence. */
export function besideRecipeText({ besideRecipe, gains, policies }: ExperimentResults): string[] {
  if (!besideRecipe) {
    const [best] = gains;
    const isRecipe = policies.some((policy) => policy.trial === best?.trial && recipeAlone(policy));
    return isRecipe
      ? ["No policy that the search found promised enough to be trained again beside the recipes."]
      : [];
  }
  const { policy, name, gain, interval } = besideRecipe;
  const [subject, recipe] = [`The best found policy, that of trial ${policy},`, `the best recipe, ${name},`];
  const size = `${formatPoints(Math.abs(gain))} points ${gain < 0 ? "less" : "more"}`;
  if (!interval) return [`${subject} has ${size} than ${recipe} in the same fresh training.`];
  const { low, high } = interval;
  const difference = `${size} in the same trainings (95% interval of the difference: ${formatPoints(low)} to ${formatPoints(high)} points)`;
  if (low > 0) return [`${subject} is better than ${recipe} which needs no search: ${difference}.`];
  if (high < 0) return [`${subject} is worse than ${recipe} which needs no search: ${difference}.`];
  return [`${subject} was not shown to be better than ${recipe} which needs no search: ${difference}.`];
}
