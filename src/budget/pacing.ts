// Keeps the stages of a run within its budget: when the search ends, and what is confirmed and evaluated in the time that is
// left, at the speed so far.

import type { SizedConfig } from "../config/schema.ts";
import type { Pacing } from "../search/run-experiment.ts";
import type { BudgetAccount } from "./account.ts";
import { chooseConfirmation } from "./confirmation-choice.ts";
import { planEvaluationWithin } from "./evaluation-choice.ts";
import { MOST_TRIALS, SHARES } from "./plan.ts";
import { confirmationSeconds, type Speed, searchSeconds, slowed } from "./times.ts";

/**
 * Decides by the account's clock how many trials a search has, and then what is confirmed.
 * @param config of the run, with its planned keys.
 * @param given keys that stay as they are: the account's, and those that a resumed run is given.
 */
export function pacingOf(account: BudgetAccount, config: SizedConfig, given: ReadonlySet<string>): Pacing {
  const { plan, speed } = account.facts;
  const { confirmation, evaluation } = plan.allotted;
  let decided: ReturnType<Pacing["planConfirmation"]> & { readonly iterations: number };
  return {
    mostTrials: given.has("iterations") ? config.iterations : MOST_TRIALS,
    mayAsk: (trial, finished) => {
      account.keep();
      if (given.has("iterations") || trial <= 1) return true;
      const end =
        searchSeconds({ ...config, iterations: trial }, speed) * slownessOf(account, config, finished);
      return (
        account.used - account.usedBy("search") + end <= account.facts.seconds - confirmation - evaluation
      );
    },
    planConfirmation: (iterations) => {
      const now = slowed(speed, slownessOf(account, config, iterations + 1));
      account.enter("confirmation");
      const searched = { ...config, iterations };
      const wasCut = plan.cuts.includes("confirmation");
      const share = confirmation / (confirmation + evaluation);
      const seconds = wasCut
        ? sparedForConfirmation(account, searched, now)
        : Math.min(confirmation, account.left * share);
      const choiceWith = (isCut: boolean) =>
        chooseConfirmation({ config: searched, given, seconds, speed: now, isCut });
      const wanted = choiceWith(false);
      const fits = confirmationSeconds({ ...searched, ...wanted }, now) <= seconds;
      const choice = wasCut && !fits ? choiceWith(true) : wanted;
      decided = { iterations, ...choice };
      return decided;
    },
    onConfirmationPlanned: () => account.decide({ search: decided }),
  };
}

/** What a confirmation may take that was not planned, if the machine is faster: the least of the evaluation remains. */
function sparedForConfirmation(account: BudgetAccount, config: SizedConfig, now: Speed): number {
  const share = SHARES.confirmation / (SHARES.confirmation + SHARES.evaluation);
  const least = planEvaluationWithin(0, account.facts.plan.evaluation, config, now).seconds;
  const rest = account.left - least;
  return Math.min(account.left * share, rest);
}

/**
 * How many times as long as by the measured speed the search has taken, in all of its runs.
 * @param finished trials that have ended, the baseline among them.
 */
function slownessOf(account: BudgetAccount, config: SizedConfig, finished: number): number {
  if (finished === 0) return 1;
  return (
    account.usedBy("search") / searchSeconds({ ...config, iterations: finished - 1 }, account.facts.speed)
  );
}

/** The same of the search and the confirmation together. @param confirmed policies that were trained again, besides the baseline. */
export function slownessSoFar(account: BudgetAccount, config: SizedConfig, confirmed: number): number {
  const { speed } = account.facts;
  const planned =
    searchSeconds(config, speed) +
    (confirmed > 0 ? confirmationSeconds({ ...config, confirm_top: confirmed }, speed) : 0);
  return (account.usedBy("search") + account.usedBy("confirmation")) / planned;
}
