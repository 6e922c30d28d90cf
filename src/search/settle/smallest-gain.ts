// The smallest gain that an experiment can tell from luck, as far as its validation images decide it.

import type { SizedConfig } from "../../config/schema.ts";
import { luckOf } from "../../experiment/chance.ts";

type Trainings = Pick<SizedConfig, "validation_set_size" | "opt_samples" | "confirm_top" | "confirm_samples">;

/** At this accuracy whether an image is classified correctly varies the most; at 0.7 by 8% less, seen in the gain. */
const ACCURACY = 0.5;

/** Gains of policies are mostly from 0.02 to 0.07; if smaller ones than this are luck, the user should know. */
const LARGE = 0.03;

/**
 * Half of the 95% interval of the difference of two mean accuracies a and b, each of s trainings, on the same n validation images:
 *
 *     1.96 √(2 a (1 − a) / (n s))
 *
 * It takes each prediction as an independent draw. It is a rule of thumb, for two reasons that act in opposite directions. The
 * images are the same for both, so that some of their luck cancels; the trainings see the same images, so that more trainings do
 * not average out which images were drawn. Nor does it count that a whole training may turn out better than another.
 */
export function smallestGain(config: Trainings): number {
  return luckOf(ACCURACY, config.validation_set_size, samplesOf(config));
}

/** What the user should know if the validation set is so small that usual gains may be luck. */
export function gainNote(config: Trainings): string | undefined {
  const gain = smallestGain(config);
  if (gain <= LARGE) return undefined;
  const samples = samplesOf(config);
  const trainings = `${samples} training${samples === 1 ? "" : "s"} each`;
  return `gains below ${gain.toFixed(2)} may be luck with ${config.validation_set_size} validation images, ${trainings}`;
}

/** Trainings by which a policy is finally judged. */
function samplesOf({ opt_samples, confirm_top, confirm_samples }: Trainings): number {
  return confirm_top > 0 && confirm_samples > 0 ? confirm_samples : opt_samples;
}
