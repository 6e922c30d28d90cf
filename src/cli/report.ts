// `deepaugment report`: an experiment or an evaluation as one HTML file, as numbers, or served while it runs.

import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { helpText } from "./help.ts";
import { somePath, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface ReportFlags {
  out?: string;
  json?: boolean;
  watch?: boolean;
  port?: number;
}

const OUT = "report.html";

export function addReportCommand(program: Command, terminal: Terminal): void {
  program
    .command("report")
    .argument(
      "<folder>",
      "the folder of an experiment or an evaluation",
      somePath("folder", "the folder of an experiment or an evaluation"),
    )
    .description("write an experiment or an evaluation as one HTML file, or serve it while it runs")
    .option("--out <file>", `the HTML file to write (default: ${OUT})`, somePath("--out", "a file"))
    .option("--watch", "serve the report on this machine instead, and update it while the search runs")
    .option(
      "--port <n>",
      "the port to serve on; 0 takes any free one (default: 6116, or a free one)",
      wholeNumber("--port", 0, 65_535),
    )
    .option("--json", "print the numbers behind the report as JSON instead")
    .addHelpText("after", helpText(HELP))
    .action((folder: string, flags: ReportFlags) => report(folder, flags, terminal));
}

const HELP = `
The file needs no network and nothing beside it. It has the answer first: what to use, what it gains and how sure that is. Then the
history of the trials, which techniques help, learning curves, pictures of your images under the best policy, how the time
was spent, and what is needed to repeat it. An existing --out file is replaced only if it is a report.

Only reads: nothing in the folder changes, and a program that is running there
is not disturbed. The data are read for the pictures, if they are still there.

--watch serves on 127.0.0.1 only, until Ctrl-C. docs/report.md explains each part.

Examples:
  deepaugment report reports/experiments/2026-01-31_12-00-00
  deepaugment report reports/evaluations/2026-01-31_20-00-00 --out evaluation.html
  deepaugment report reports/experiments/2026-01-31_12-00-00 --watch
  deepaugment report reports/experiments/2026-01-31_12-00-00 --json`;

async function report(folder: string, flags: ReportFlags, terminal: Terminal): Promise<void> {
  const { json, watch, port, out } = flags;
  const given = Object.entries({ json, watch, out }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    const [one, other] = given.map(([name]) => `--${name}`);
    throw new UsageError(`${one} and ${other} exclude each other; give one of them`);
  }
  if (port !== undefined && !watch) throw new UsageError("--port applies to --watch only; add --watch");
  if (json) {
    const { reportOf } = await import("../report/report.ts");
    return terminal.print(reportOf(folder));
  }
  if (watch) return serve(folder, port, terminal);
  const path = out ?? OUT;
  const { checkPagePath } = await import("../report/page.ts");
  checkPagePath(path);
  await terminal.interruptible((signal) => writeReport(folder, path, terminal, signal));
  terminal.print(path);
}

async function serve(folder: string, port: number | undefined, terminal: Terminal): Promise<void> {
  const { serveReport } = await import("../report/serve.ts");
  await terminal.interruptible((signal) =>
    serveReport({
      ...{ folder, signal, ...(port !== undefined && { port }) },
      onServing: (address) => {
        terminal.log(`Serving the report until Ctrl-C:`);
        terminal.print(address);
      },
    }),
  );
}

/** Writes the page of a folder; a note says it if there are no pictures. */
async function writeReport(
  folder: string,
  path: string,
  terminal: Terminal,
  signal?: AbortSignal,
): Promise<void> {
  const [{ ContentMaker }, { writePage }] = await Promise.all([
    import("../report/content.ts"),
    import("../report/page.ts"),
  ]);
  const content = await new ContentMaker(folder, { signal }).make();
  if (content.pictures.missing !== null) terminal.logNotes([content.pictures.missing]);
  writePage(path, content);
}

/** For `--report` of the commands that end with a result: writes `report.html` into the folder. */
export async function reportInFolder(folder: string, terminal: Terminal): Promise<void> {
  const path = `${folder}/${OUT}`;
  await terminal.interruptible((signal) => writeReport(folder, path, terminal, signal));
  terminal.log(`Report       ${path}`);
}
