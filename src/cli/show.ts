// `deepaugment show`: prints the results of an experiment or an evaluation from its files, also while it is running.

import type { Command } from "commander";
import { helpText } from "./help.ts";
import { somePath } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export function addShowCommand(program: Command, terminal: Terminal): void {
  program
    .command("show")
    .argument(
      "<folder>",
      "the folder of an experiment or an evaluation",
      somePath("folder", "the folder of an experiment or an evaluation"),
    )
    .description("print the results of an experiment or an evaluation, also while it is running")
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((folder: string, flags: { json?: boolean }) => show(folder, flags, terminal));
}

const HELP = `
An experiment with a budget is shown with its evaluation.

Only reads: nothing in the folder changes, and a program that is running there
is not disturbed.

Examples:
  deepaugment show reports/experiments/2026-01-31_12-00-00
  deepaugment show reports/evaluations/2026-01-31_20-00-00`;

async function show(folder: string, { json }: { json?: boolean }, terminal: Terminal): Promise<void> {
  const { isEvaluation, readEvaluation } = await import("../evaluate/results.ts");
  if (isEvaluation(folder)) {
    const { describeStatus, formatResults, resultsAsJson } = await import("./evaluation-results.ts");
    const results = readEvaluation(folder);
    if (json) return terminal.print(resultsAsJson(results));
    return terminal.print(
      `${terminal.broken(describeStatus(results))}\n\n${formatResults(results, terminal.look)}`,
    );
  }
  const [{ readResults }, { describeStatus }, { formatOutcome, outcomeAsJson }] = await Promise.all([
    import("../experiment/results.ts"),
    import("./results.ts"),
    import("./outcome.ts"),
  ]);
  if (json) return terminal.print(outcomeAsJson(folder));
  const results = readResults(folder);
  terminal.print(`${terminal.broken(describeStatus(results))}\n\n${formatOutcome(results, terminal.look)}`);
}
