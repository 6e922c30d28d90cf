// Generates the man page, deepaugment(1), from the help texts of all commands. It has no date, so that each build of a
// version makes the same page.

import { Writable } from "node:stream";
import type { Argument, Command, Option } from "commander";
import { VERSION } from "../../src/common/version.ts";

/** In the language of man(7). */
export async function manPage(): Promise<string> {
  const program = await loadProgram();
  const help = program.createHelp();
  const commands = subcommands(program);
  const lines = [
    `.TH DEEPAUGMENT 1 "" "deepaugment ${VERSION}" "User Commands"`,
    ".SH NAME",
    `deepaugment \\- ${escaped(firstLower(program.description()).replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    ".B deepaugment",
    ".I command",
    escaped("[options]"),
    ".SH DESCRIPTION",
    ...paragraphs(program.description()),
    ...paragraphs(ABOUT),
    ".SH OPTIONS",
    "Of all commands:",
    ...help.visibleOptions(program).flatMap(optionLines),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap(([code, meaning]) => [".TP", `.B ${code}`, escaped(meaning)]),
    ".SH ENVIRONMENT",
    ...VARIABLES.flatMap(([name, meaning]) => [".TP", `.B ${name}`, escaped(meaning)]),
  ];
  return `${lines.filter((line, i) => line !== ".PP" || isNeeded(lines[i - 1], lines[i + 1])).join("\n")}\n`;
}

/** Whether a paragraph has to begin between these lines. */
function isNeeded(before: string, after: string): boolean {
  return !/^\.S[HS]/.test(before) && !/^\.(PP|TP|S[HS])/.test(after);
}

const ABOUT = `
The command optimize searches for policies; the others show, evaluate and use what it finds. The settings of a search are
keys of a YAML file, which --config names, or are given as --set key=value; docs/configuration.md of the package lists them.`;

const EXIT_CODES = [
  ["0", "Done."],
  ["1", "A failure while running."],
  ["2", "A mistake in the arguments, a configuration or the data."],
  ["130", "Interrupted; the message says how to continue."],
  ["141", "The reader of the output has left."],
] as const;

const VARIABLES = [
  ["DEEPAUGMENT_HOME", "The folder of fetched and decoded datasets; by default the platform's cache folder."],
  ["DEEPAUGMENT_QUEUE", "The Redis server of worker and workers, if --queue is not given."],
  ["DEEPAUGMENT_QUEUE_USER", "The user for the Redis server, if its URL has none."],
  ["DEEPAUGMENT_QUEUE_PASSWORD", "The password for the Redis server, if its URL has none."],
  ["NO_COLOR", "If set, the output has no colours."],
] as const;

/** The program as it is called when it is installed. */
async function loadProgram(): Promise<Command> {
  delete process.env.npm_command;
  const [{ createProgram }, { Terminal }] = await Promise.all([
    import("../../src/cli/main.ts"),
    import("../../src/cli/terminal.ts"),
  ]);
  return createProgram(new Terminal({ stdout: sink }));
}

let printed = "";

const sink = new Writable({
  decodeStrings: false,
  write(chunk: string, _encoding, done) {
    printed += chunk;
    done();
  },
});

/** All commands that do something, in the order of the help. */
function subcommands(command: Command): Command[] {
  return command.commands.flatMap((each) => (each.commands.length > 0 ? subcommands(each) : [each]));
}

function commandLines(command: Command): string[] {
  const names = [command.name()];
  for (let parent = command.parent; parent?.parent; parent = parent.parent) names.unshift(parent.name());
  const help = command.createHelp();
  const described = help.visibleArguments(command).filter(({ description }) => description !== "");
  printed = "";
  command.outputHelp();
  const after = printed.slice(command.helpInformation().length);
  return [
    `.SS ${escaped(names.join(" "))}`,
    `${escaped(sentence(command.description()))}`,
    ".PP",
    `.B ${escaped(`deepaugment ${[...names, command.usage()].join(" ")}`)}`,
    ...described.flatMap((argument) => argumentLines(argument, help.argumentTerm(argument))),
    ...help.visibleOptions(command).flatMap(optionLines),
    ...paragraphs(after),
  ];
}

function argumentLines(argument: Argument, term: string): string[] {
  return [".TP", `.I ${escaped(term)}`, escaped(sentence(argument.description))];
}

function optionLines(option: Option): string[] {
  const { flags, description, defaultValue, required } = option;
  const fallback = required && defaultValue !== undefined ? ` (default: ${String(defaultValue)})` : "";
  return [".TP", `.B ${escaped(flags)}`, escaped(sentence(description + fallback))];
}

/** Paragraphs, which are filled; lines that begin with spaces stay as they are. */
function paragraphs(text: string): string[] {
  const lines: string[] = [];
  let isLiteral = false;
  for (const line of text.trim().split("\n")) {
    const isIndented = line.startsWith(" ");
    if (isIndented !== isLiteral) lines.push(...(isIndented ? [".PP", ".nf", ".RS"] : [".RE", ".fi"]));
    isLiteral = isIndented;
    if (line === "") lines.push(".PP");
    else lines.push(escaped(line));
  }
  if (isLiteral) lines.push(".RE", ".fi");
  return [".PP", ...lines];
}

function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.;]$/.test(upper) ? upper : `${upper}.`;
}

function firstLower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ "\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti" },
};

/** Text without any meaning for roff. */
function escaped(text: string): string {
  return text.replace(/[\\\-'`^~]/g, (letter) => ESCAPES[letter]).replace(/^\./, "\\&.");
}
