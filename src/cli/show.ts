// `deepaugment show`: prints the results of an experiment from its files, also while a search is running.

import type { Command } from "commander";
import type { Terminal } from "./terminal.ts";

export function addShowCommand(program: Command, terminal: Terminal): void {
  program
    .command("show")
    .argument("<experiment>", "the folder of an experiment")
    .description("print the results of an experiment, also while its search is running")
    .option("--json", "print the result as JSON")
    .addHelpText("after", HELP)
    .action((folder: string, flags: { json?: boolean }) => show(folder, flags, terminal));
}

const HELP = `
Only reads: nothing in the folder changes, and a search that is running there is not disturbed.

Example:
  deepaugment show reports/experiments/2026-01-31_12-00-00`;

async function show(folder: string, { json }: { json?: boolean }, terminal: Terminal): Promise<void> {
  const [{ readResults }, { describeStatus, formatResults, resultsAsJson }] = await Promise.all([
    import("../experiment/results.ts"),
    import("./results.ts"),
  ]);
  const results = readResults(folder);
  if (json) return terminal.print(resultsAsJson(results));
  terminal.print(`${describeStatus(results)}\n\n${formatResults(results, terminal.look)}`);
}
