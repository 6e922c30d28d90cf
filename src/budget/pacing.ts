// Keeps the stages of a run within its budget: when the search ends, and what is confirmed and evaluated in the time that is
// left, at the speed so far.

import type { SizedConfig } from "../config/schema.ts";
import type { Pacing } from "../search/run-experiment.ts";
import type { BudgetAccount } from "./account.ts";
import { chooseConfirmation } from "./confirmation-choice.ts";
import { confirmationSeconds, searchSeconds, slowed } from "./times.ts";

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
      const factor = slownessOf(account, config, iterations + 1);
      account.enter("confirmation");
      const share = confirmation / (confirmation + evaluation);
      const seconds = Math.min(confirmation, account.left * share);
      const searched = { ...config, iterations };
      const choice = chooseConfirmation({
        ...{ config: searched, given, seconds, speed: slowed(speed, factor) },
        isCut: plan.cuts.includes("confirmation"),
      });
      decided = { iterations, ...choice };
      return decided;
    },
    onConfirmationPlanned: () => account.decide({ search: decided }),
  };
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
