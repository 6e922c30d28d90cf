// Trials, samples and turns: a search has `samples` trainings per trial, and each training has its turn in the order of
// trials and, within a trial, of samples. All count from 0.

/** Which training of a search, or of its confirmation. */
export interface TrainingPlace {
  readonly trial: number;
  readonly sample: number;
}

/** The turn of a training. */
export function turnOf({ trial, sample }: TrainingPlace, samples: number): number {
  return trial * samples + sample;
}

/** The training whose turn it is. */
export function placeOf(turn: number, samples: number): TrainingPlace {
  return { trial: Math.floor(turn / samples), sample: turn % samples };
}

/** A training as the key of a map. */
export function keyOf({ trial, sample }: TrainingPlace): string {
  return `${trial}/${sample}`;
}
