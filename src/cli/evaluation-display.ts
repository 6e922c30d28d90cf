// Shows on stderr how an evaluation progresses: one line per training that has ended.

import type { EvaluationObserver, EvaluationStart } from "../evaluate/evaluation.ts";
import { formatDuration, formatShare } from "./format.ts";
import type { Terminal } from "./terminal.ts";

/** An observer that shows the evaluation; `stop` clears the display. */
export interface EvaluationDisplay extends EvaluationObserver {
  stop(): void;
}

export function createEvaluationDisplay(
  { trainings, done, config }: EvaluationStart,
  terminal: Terminal,
): EvaluationDisplay {
  const begin = performance.now();
  const { epochs } = config;
  const shares = new Map<string, number>();
  let finished = 0;
  const left = () => {
    const trained = [...shares.values()].reduce((sum, share) => sum + share, 0);
    if (trained === 0) return "";
    const seconds = (performance.now() - begin) / 1000;
    return `, ${formatDuration((seconds / trained) * (trainings - done - trained))} left`;
  };
  return {
    onProgress: (arm, sample, { epoch, share }) => {
      shares.set(`${arm}/${sample}`, (epoch - 1 + share) / epochs);
    },
    onTrainingFinished: ({ arm, sample, test }) => {
      finished++;
      shares.set(`${arm}/${sample}`, 1);
      terminal.log(
        `${done + finished}/${trainings}  ${arm}, sample ${sample + 1}: test accuracy ${formatShare(test.accuracy)}${left()}`,
      );
    },
    stop: () => {},
  };
}
