// Trains a child; the same code for all engines.

import { Random } from "../common/random.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import type { Means } from "./pass.ts";
import type { EpochResult } from "./reward.ts";
import { stepsOf } from "./steps.ts";
import type { ChildModel } from "./types.ts";

export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly classes: number;
  /** Determines the order of the training images. */
  readonly seed: number;
  readonly onEpoch?: (result: EpochResult) => void;
  /** Measures the child after an epoch; by default its loss and accuracy on the validation images. */
  readonly validate?: () => Promise<Means>;
}

/**
 * Trains on all of `train` for the given number of epochs, reshuffled for each, and validates after each epoch.
 * Returns one result per epoch. Afterwards the model has the trained weights.
 */
export async function trainChild(
  model: ChildModel,
  train: LabelledImages,
  validation: LabelledImages,
  options: TrainingOptions,
): Promise<EpochResult[]> {
  const order = new Random(options.seed, "order");
  const indices = Int32Array.from({ length: train.labels.length }, (_, i) => i);
  const history: EpochResult[] = [];
  const start = performance.now();
  const steps = stepsOf(model, options.batchSize, options.classes);
  try {
    for (let epoch = 1; epoch <= options.epochs; epoch++) {
      order.shuffle(indices);
      const training = await steps.train(train, indices, options.batchSize);
      const validated = await (options.validate?.() ?? steps.evaluate(validation));
      const result: EpochResult = {
        epoch,
        loss: training.loss,
        accuracy: training.accuracy,
        validationLoss: validated.loss,
        validationAccuracy: validated.accuracy,
        seconds: (performance.now() - start) / 1000,
      };
      history.push(result);
      options.onEpoch?.(result);
    }
  } finally {
    steps.dispose();
  }
  return history;
}
