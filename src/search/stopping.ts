// Which trainings are stopped early (`stop_epochs`): those that do worse, after an epoch, than a share of the trainings before
// them. A quantile in place of the median of the median stopping rule (Golovin et al. 2017, "Google Vizier: a service for
// black-box optimization"). Thresholds depend on results that the controller knows too, and on nothing that happens meanwhile,
// so that a search depends on its seed alone.

import type { TrainingRecord } from "../experiment/records.ts";
import type { Stop } from "./training.ts";

/** When trainings are stopped. */
export interface StopRule {
  /** The epochs after which they may be, ascending. */
  readonly epochs: readonly number[];
  /** The share that is stopped at each epoch, of the trainings that reach it, in [0, 1). */
  readonly share: number;
}

/** With fewer results at an epoch, no training is stopped there. */
const LEAST_RESULTS = 6;

/**
 * The thresholds of a training: at each epoch the quantile of the accuracies there, one of them, so that an equal accuracy is
 * never below it.
 * @param known trainings of the same sample number.
 */
export function stopsFrom(
  { epochs, share }: StopRule,
  known: readonly Pick<TrainingRecord, "rungs">[],
): Stop[] {
  return epochs.flatMap((epoch, rung) => {
    const accuracies = known.flatMap(({ rungs }) => rungs?.[rung] ?? []).sort((a, b) => a - b);
    if (accuracies.length < LEAST_RESULTS) return [];
    return [{ epoch, below: accuracies[Math.floor(share * accuracies.length)] }];
  });
}

/**
 * The epochs of a training on average, about.
 * @param epochs of one that is not stopped.
 * @param known the number of trials whose results are known by then.
 */
export function expectedEpochs({ epochs: stops, share }: StopRule, epochs: number, known: number): number {
  let [expected, reached, last] = [0, 1, 0];
  for (const stop of stops) {
    expected += reached * (stop - last);
    if (known * reached >= LEAST_RESULTS) reached *= 1 - share;
    last = stop;
  }
  return expected + reached * (epochs - last);
}
