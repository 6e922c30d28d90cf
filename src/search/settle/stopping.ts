// When a configuration's trainings are stopped early.

import { UsageError } from "../../common/errors.ts";
import type { Config, SizedConfig } from "../../config/schema.ts";
import { expectedEpochs, type StopRule } from "../stopping.ts";
import { fixedPolicies } from "./controller.ts";

/**
 * Undefined if no training is stopped.
 * @throws UsageError if other keys do not allow what `stop_epochs` asks for.
 */
export function settleStopRule({
  stop_epochs: epochs,
  stop_share: share,
  reward,
  child_epochs,
}: Pick<Config, "stop_epochs" | "stop_share" | "reward" | "child_epochs">): StopRule | undefined {
  const last = epochs.at(-1);
  if (last === undefined) return undefined;
  if (reward !== "averaged") {
    throw new UsageError(
      `stop_epochs: with reward: ${reward}, early epochs do not show which trainings end well; set reward: averaged, or stop_epochs: []`,
    );
  }
  if (child_epochs !== "auto" && last >= child_epochs) {
    throw new UsageError(
      `stop_epochs: a training cannot be stopped early after epoch ${last} of ${child_epochs}; give epochs below child_epochs`,
    );
  }
  return { epochs, share };
}

/** The epochs of a trial's trainings on average, about. */
export function expectedEpochsOf(config: SizedConfig, lag: number, trial: number): number {
  const rule = settleStopRule(config);
  const { length } = fixedPolicies(config);
  if (!rule || trial < length) return config.child_epochs;
  return expectedEpochs(rule, config.child_epochs, trial - lag - length + 1);
}
