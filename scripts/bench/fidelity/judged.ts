// Policies that searches of measurements/ have judged, beside those of recorded curves.

import { execFileSync } from "node:child_process";
import { meanOf } from "../../../src/common/mean.ts";
import { parsePastTrials } from "../../../src/experiment/past-trials.ts";
import { formatPolicy, type Policy } from "../../../src/policy/policy.ts";
import type { CurvePair } from "../../curves/table.ts";

/** A policy with the accuracy at the end of one training, on images that were not trained on. */
export interface JudgedPolicy {
  readonly policy: Policy;
  readonly accuracy: number;
}

/**
 * The policies of a search that are not among the curves. A search has other images, so its accuracies are shifted: the policies that
 * both have then have the same mean.
 * @param archive with the search's notebook.
 */
export function judgedIn(archive: string, curves: readonly CurvePair[]): JudgedPolicy[] {
  const text = execFileSync("tar", ["-xJOf", archive, "--wildcards", "*/notebook.csv"], { encoding: "utf8" });
  const { trials } = parsePastTrials(text, archive);
  const known = new Map(
    curves.map(({ policy, samples }) => [
      formatPolicy(policy),
      meanOf(samples.map(({ test }) => test.accuracy)),
    ]),
  );
  const differences = trials.flatMap(({ policy, reward }) => {
    const accuracy = known.get(formatPolicy(policy));
    return accuracy === undefined ? [] : [accuracy - reward];
  });
  const shift = meanOf(differences);
  return trials
    .filter(({ policy }) => !known.has(formatPolicy(policy)))
    .map(({ policy, reward }) => ({ policy, accuracy: reward + shift }));
}
