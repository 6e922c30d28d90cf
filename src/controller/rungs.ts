// Trials that were stopped early. A search may judge its trials at several rungs, after more and more epochs, and stop the
// worst ones at each (as successive halving does: Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and
// hyperparameter optimization"). A stopped trial is not judged by what it would have become, but what the completed trials
// gained from that rung to the last one says what to expect, and how well the two agree says how certain it is.

import { correlationOf } from "../common/correlation.ts";
import { meanOf } from "../common/mean.ts";
import type { Judged } from "./controller.ts";

/** A result with the rewards at the rungs that the trial reached, ascending; the last of them is the reward. */
export interface RungResult extends Pick<Judged, "reward"> {
  /** Missing: the trial was judged once. A trial with fewer than others was stopped. */
  readonly rungs?: readonly number[];
}

/** With fewer completed trials, no correlation is estimated. */
const LEAST_COMPLETED = 4;

/** The noise of a stopped trial's reward relative to a completed one's, at most: also if nothing is known about it. */
const MOST_NOISE = 4;

/**
 * The results with the expected rewards of the trials that were stopped, and their noise. All others are as they were.
 * @param results of one search, in an order that does not depend on time: sums depend on it.
 */
export function completed<Result extends RungResult>(
  results: readonly Result[],
): (Result & Pick<Judged, "noise">)[] {
  const last = Math.max(...results.map(({ rungs }) => rungs?.length ?? 0)) - 1;
  const whole = results.flatMap(({ rungs }) => (rungs?.length === last + 1 ? [rungs] : []));
  const known = Array.from({ length: Math.max(0, last) }, (_, rung) => extrapolation(whole, rung, last));
  return results.map((result) => {
    const stopped = result.rungs && known[result.rungs.length - 1];
    return stopped ? { ...result, reward: result.reward + stopped.gain, noise: stopped.noise } : result;
  });
}

/** What completed trials gain from a rung to the last one, and the noise of a reward that is expected from it. */
function extrapolation(
  whole: readonly (readonly number[])[],
  rung: number,
  last: number,
): { gain: number; noise: number } {
  const gain = meanOf(whole.map((rungs) => rungs[last] - rungs[rung]));
  if (whole.length < LEAST_COMPLETED) return { gain, noise: MOST_NOISE };
  const correlation = correlationOf(
    whole.map((rungs) => rungs[rung]),
    whole.map((rungs) => rungs[last]),
  );
  return { gain, noise: correlation > 0 ? Math.min(MOST_NOISE, Math.max(1, correlation ** -2)) : MOST_NOISE };
}
