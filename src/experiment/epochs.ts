// The epochs in a notebook, for curves and times. Reads no policies and checks little, also while rows are added.

import { existsSync } from "node:fs";
import { readNotebookText } from "./notebook.ts";

/** One training with the epochs after which it was validated. */
export interface TrainingEpochs {
  readonly trial: number;
  readonly sample: number;
  readonly epochs: readonly ValidatedEpoch[];
}

interface ValidatedEpoch {
  readonly epoch: number;
  readonly accuracy: number;
  readonly validationAccuracy: number;
  /** From the start of the training. */
  readonly seconds: number;
}

/** The trainings in a notebook or in confirmations, in its order; none if the file is missing. Rows that are cut are left out. */
export function readEpochs(path: string): TrainingEpochs[] {
  const lines = existsSync(path) ? readNotebookText(path).split("\n").slice(0, -1) : [];
  const header = lines[0]?.split(",") ?? [];
  const columns = ["trial_no", "sample_no", "epoch", "acc", "val_acc", "seconds"].map((name) =>
    header.indexOf(name),
  );
  const trainings = new Map<string, TrainingEpochs & { readonly epochs: ValidatedEpoch[] }>();
  for (const line of lines.slice(1)) {
    const cells = line.split(",");
    const numbers = columns.map((column) => Number(cells[column]));
    if (cells.length !== header.length || !numbers.every(Number.isFinite)) continue;
    const [trial, sample, epoch, accuracy, validationAccuracy, seconds] = numbers;
    const key = `${trial}/${sample}`;
    const training = trainings.get(key) ?? { trial, sample, epochs: [] };
    trainings.set(key, training);
    training.epochs.push({ epoch, accuracy, validationAccuracy, seconds });
  }
  return [...trainings.values()];
}

/** How long a training took, in seconds. */
export function secondsOf({ epochs }: TrainingEpochs): number {
  return epochs.at(-1)?.seconds ?? 0;
}
