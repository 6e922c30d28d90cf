// The results of an experiment together with those of the evaluation in its folder, if it has one: what `show` prints, and
// `optimize --budget` in the end.

import { hasBudget } from "../budget/account.ts";
import { evaluatesOthers, evaluationPath, hasEvaluation, readEvaluation } from "../evaluate/results.ts";
import { type ExperimentResults, readResults } from "../experiment/results.ts";
import {
  describeStatus as describeEvaluation,
  resultsAsJson as evaluationAsJson,
  formatResults as formatEvaluation,
} from "./evaluation-results.ts";
import { programName, quoteForShell, resumeCommand } from "./format.ts";
import type { Look } from "./paint.ts";
import { formatResults, resultsAsJson } from "./results.ts";
import { wrap } from "./text.ts";

export function outcomeAsJson(folder: string): unknown {
  const results = resultsAsJson(readResults(folder)) as Record<string, unknown>;
  if (hasEvaluation(folder))
    return { ...results, evaluation: evaluationAsJson(readEvaluation(evaluationPath(folder))) };
  return hasBudget(folder) ? { ...results, evaluation: null } : results;
}

/** The results of the search, and below them those of the evaluation; the commands that follow from both come last. */
export function formatOutcome(results: ExperimentResults, look: Look): string {
  const { folder, status } = results;
  if (!hasEvaluation(folder)) {
    const isMissing = hasBudget(folder) && status === "finished";
    if (!isMissing) return formatResults(results, look);
    return `${formatResults(results, look, false)}\n\nNext:\n  ${resumeCommand(folder)}`;
  }
  const evaluation = readEvaluation(evaluationPath(folder));
  const isOld = evaluatesOthers(folder);
  return [
    formatResults(results, look, false),
    "",
    look.paint("bold", "Evaluation"),
    "",
    ...(evaluation.status === "finished" ? [] : [describeEvaluation(evaluation), ""]),
    formatEvaluation(evaluation, look),
    ...(isOld
      ? [
          "",
          ...wrap("Since this evaluation the search has found other policies. Evaluate these:", look.columns),
          `  ${programName()} evaluate --experiment ${quoteForShell(folder)}`,
        ]
      : []),
  ].join("\n");
}
