// The command line. Each command has its own file; what a command runs is loaded only then, so that `--help` is fast.

import { Command, CommanderError } from "commander";
import { messageOf } from "../common/errors.ts";
import { withoutCredentials } from "../common/printable.ts";
import { VERSION } from "../common/version.ts";
import { addApplyCommand } from "./apply.ts";
import { addBenchCommand } from "./bench.ts";
import { addCompletionCommand } from "./completion.ts";
import { addDataCommands } from "./data.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addEvaluateCommand } from "./evaluate.ts";
import { addExportCommand } from "./export.ts";
import { programName, quoteForShell } from "./format.ts";
import { addModelsCommand } from "./models.ts";
import { addOptimizeCommand } from "./optimize.ts";
import { addPreviewCommand } from "./preview.ts";
import { addQueueWorkerCommand } from "./queue-worker.ts";
import { addReportCommand } from "./report.ts";
import { addShowCommand } from "./show.ts";
import { Terminal, type TerminalOptions } from "./terminal.ts";
import { addWorkersCommand } from "./workers.ts";

/**
 * Runs the program with these arguments and returns its exit code: 0 on success, 1 on a failure at run time, 2 on a usage
 * or configuration error, 130 if interrupted, 141 if the reader of stdout has left. Prints to the given streams, by default those of the process. Aborting the
 * given signal interrupts it, like Ctrl-C.
 */
export async function main(args: readonly string[], options: TerminalOptions = {}): Promise<number> {
  const terminal = new Terminal(options);
  hidePasswords(args);
  const program = createProgram(terminal);
  return terminal.run(async () => {
    try {
      await program.parseAsync(withKnownHelp(args, program), { from: "user" });
      return 0;
    } catch (error) {
      return reportError(error, args, terminal);
    }
  });
}

/** `help optimise` as `optimise`, which says what is wrong; Commander would print the help of all commands. */
function withKnownHelp(args: readonly string[], { commands }: Command): string[] {
  const [first, name] = args;
  const isUnknown = first === "help" && name !== undefined && !/^-/.test(name);
  return isUnknown && !commands.some((command) => command.name() === name) ? [name] : [...args];
}

/** All commands with their options. What they run is not loaded yet. */
export function createProgram(terminal: Terminal): Command {
  const program = new Command(programName())
    .description(
      "Finds the image augmentation policy that helps most on your images, and augments your dataset with it.",
    )
    .version(VERSION, "--version", "print the version")
    .option("--debug", "print the stack trace of errors")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: (text) => terminal.logText(`deepaugment: ${usageLine(text)}`) })
    .exitOverride();
  terminal.configure(program);
  addOptimizeCommand(program, terminal);
  addShowCommand(program, terminal);
  addReportCommand(program, terminal);
  addEvaluateCommand(program, terminal);
  addApplyCommand(program, terminal);
  addExportCommand(program, terminal);
  addPreviewCommand(program, terminal);
  addDataCommands(program, terminal);
  addDoctorCommand(program, terminal);
  addModelsCommand(program, terminal);
  addBenchCommand(program, terminal);
  addQueueWorkerCommand(program, terminal);
  addWorkersCommand(program, terminal);
  addCompletionCommand(program, terminal);
  return program;
}

/** Lists of processes show a program's arguments to all users of the machine. */
function hidePasswords(args: readonly string[]): void {
  const shown = args.map(withoutCredentials);
  if (shown.some((arg, index) => arg !== args[index])) process.title = ["deepaugment", ...shown].join(" ");
}

/** Commander's message on one line: `error: unknown option '--iteration'\n(Did you mean --iterations?)`. */
function usageLine(text: string): string {
  const line = text
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\. Expected/, ": expected")
    .trim()
    .replace(/\.$/, "");
  return /\(Did you mean/.test(line) ? line : `${line}; see --help`;
}

function reportError(error: unknown, args: readonly string[], terminal: Terminal): number {
  const isDebug = args.includes("--debug");
  if (error instanceof CommanderError) {
    // Commander has already printed its message. Help and version also arrive here, with exit code 0.
    return error.exitCode === 0 ? 0 : 2;
  }
  const isOurs = error instanceof Error && "exitCode" in error && typeof error.exitCode === "number";
  terminal.logText(
    `deepaugment: ${messageOf(error)}${meantCommand(error, args)}${isOurs || isDebug ? "" : " (this is a bug; --debug shows the stack trace)"}`,
  );
  if (isDebug && error instanceof Error) {
    for (const line of String(error.stack).split("\n")) terminal.log(line);
  }
  return isOurs ? (error.exitCode as number) : 1;
}

/** The command that is probably meant, if the error knows a path to give instead. */
function meantCommand(error: unknown, args: readonly string[]): string {
  if (!(error instanceof Error && "given" in error && "meant" in error)) return "";
  const { given, meant } = error;
  if (typeof given !== "string" || typeof meant !== "string") return "";
  const place = args.findLastIndex((arg) => arg === given || arg.endsWith(`=${given}`));
  if (place < 0) return "";
  const words = args.with(place, args[place].slice(0, args[place].length - given.length) + meant);
  return ` (${programName()} ${words.map(quoteForShell).join(" ")})`;
}
