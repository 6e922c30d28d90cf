// An executor that trains for real in the process of the tests.

import type { EvaluationExecutor } from "../../src/evaluate/evaluation.ts";
import { runFinalTraining } from "../../src/evaluate/final-task.ts";

/** Trains in this process, one at a time; `fails` says of which trainings. */
export function executorThat(
  fails: (arm: string, sample: number) => boolean = () => false,
): EvaluationExecutor {
  let last: Promise<unknown> = Promise.resolve();
  return {
    workers: 1,
    train: (task, { onStart, onEpoch }) => {
      const result = last.then(() => {
        onStart?.();
        if (fails(task.arm.name, task.sample)) throw new Error("a broken cable");
        return runFinalTraining(JSON.parse(JSON.stringify(task)), onEpoch);
      });
      last = result.catch(() => {});
      return result;
    },
    close: async () => {},
  };
}
