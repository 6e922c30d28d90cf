// Whether found policies were shown to help, for those who use them.

import { count } from "../common/count.ts";
import { formatPoints } from "../common/points.ts";
import type { GivenPolicy } from "./policy-file.ts";

/**
 * A note if some of these policies were not shown to be better than no augmentation; undefined if all were, or their file
 * does not say.
 * @param policies those that are used, at least one.
 */
export function evidenceNote(policies: readonly GivenPolicy[]): string | undefined {
  const doubtful = policies.filter(isDoubtful);
  if (doubtful.length === 0) return undefined;
  const what = "not shown to be better than no augmentation";
  if (policies.length > 1) {
    const [number, verb] = [doubtful.length, doubtful.length === 1 ? "was" : "were"];
    return `${number} of the ${policies.length} policies ${verb} ${what}; evaluate compares them on test images`;
  }
  const [policy] = doubtful;
  return `the policy of trial ${policy.trial} was ${what}: ${reasonOf(policy)}; evaluate compares it on test images`;
}

function isDoubtful({ confirmation }: GivenPolicy): boolean {
  return confirmation !== undefined && !(confirmation?.interval && confirmation.interval.low > 0);
}

function reasonOf({ confirmation }: GivenPolicy): string {
  if (!confirmation) return "it was not trained again after the search";
  const { gain, interval, trainings } = confirmation;
  const average = `its average gain in ${count(trainings, "fresh training")} is ${formatPoints(gain)} points`;
  if (!interval) return `${average}, and a single one shows no spread`;
  const { low, high } = interval;
  return `${average}, with a 95% interval of ${formatPoints(low)} to ${formatPoints(high)} points`;
}
