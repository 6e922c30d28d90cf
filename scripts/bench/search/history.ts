// Generates a plausible training history from the trial and sample numbers alone.

import type { EpochResult } from "../../../src/child/reward.ts";
import { Random } from "../../../src/common/random.ts";
import type { TrainingTask } from "../../../src/search/training.ts";

export function historyOf({
  trial,
  sample,
  epochs,
}: Pick<TrainingTask, "trial" | "sample" | "epochs">): EpochResult[] {
  const random = new Random("history", trial, sample);
  const best = new Random("history", trial).uniform(0.4, 0.6);
  return Array.from({ length: epochs }, (_, index) => {
    const learned = best * (1 - 0.8 * Math.exp(-index / 10));
    return {
      epoch: index + 1,
      loss: 2.3 * (1 - learned) + random.uniform(0, 0.1),
      accuracy: Math.round(2000 * (learned + random.uniform(-0.02, 0.05))) / 2000,
      validationLoss: 2.3 * (1 - learned) + random.uniform(0, 0.2),
      validationAccuracy: Math.round(1000 * (learned + random.uniform(-0.03, 0.03))) / 1000,
      seconds: (index + 1) * random.uniform(0.9, 1.1),
    };
  });
}
