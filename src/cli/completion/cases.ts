// The parts that the scripts for bash and zsh share: functions that say what may be typed, as `case` statements.

import type { DescribedProgram, Explained, Values } from "./described.ts";

/** Text as one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** An explanation as a shell shows it beside a name: its first sentence or clause, on one line. */
export function shortened(explanation: string): string {
  return explanation
    .replace(/\s+/g, " ")
    .split(/[.;:] | \((?!e\.g)/)[0]
    .replace(/\.$/, "");
}

/**
 * Functions for both shells. `_deepaugment_values` says what may follow: of a command's argument (`optimize`), an option (`optimize
 * --engine`) or a setting (`optimize --set engine=`). `_deepaugment_commands` and `_deepaugment_options` list what a
 * command has; `_deepaugment_keys` a set of keys. Lists have a line for each entry.
 * @param entry a line of a list.
 */
export function sharedFunctions(
  { commands, keySets }: DescribedProgram,
  entry: (explained: Explained) => string,
): string {
  const ofValues: [string, string][] = [];
  const add = (place: string, { names, isPath, isList, keys }: Values) => {
    const parts = [
      ...(names.length > 0 ? [`names=${quoted(names.join(" "))}`] : []),
      ...(isPath ? ["paths=1"] : []),
      ...(isList ? ["list=1"] : []),
      ...(keys ? [`keys=${keys}`] : []),
    ];
    if (parts.length > 0) ofValues.push([place, parts.join(" ")]);
  };
  for (const { path, argument, options } of commands) {
    if (argument) add(path, argument);
    for (const { flags, values } of options) {
      for (const flag of flags) if (values) add(`${path} ${flag}`, values);
    }
  }
  for (const [set, keys] of keySets) for (const key of keys) add(`${set} ${key.name}=`, key);
  const withValue = commands.flatMap(({ path, options }) =>
    options.filter(({ values }) => values).flatMap(({ flags }) => flags.map((flag) => `${path} ${flag}`)),
  );
  return [
    "_deepaugment_values() {",
    "  names= paths= list= keys=",
    ...casesOf(ofValues.map(([place, sets]) => [place, sets])),
    "}",
    "",
    "# Whether an option of a command takes a value.",
    "_deepaugment_takes_value() {",
    ...casesOf([...withValue.map((place) => [place, "return 0"] as [string, string])]),
    "  return 1",
    "}",
    "",
    listFunction(
      "commands",
      commands.map(({ path, commands: each }) => [path, each.map(entry)]),
    ),
    listFunction(
      "options",
      commands.map(({ path, options }) => [
        path,
        options.flatMap(({ flags, explanation }) => flags.map((name) => entry({ name, explanation }))),
      ]),
    ),
    listFunction(
      "keys",
      [...keySets].map(([set, keys]) => [set, keys.map(entry)]),
    ),
  ].join("\n");
}

function listFunction(name: string, lists: readonly (readonly [string, readonly string[]])[]): string {
  const filled = lists.filter(([, entries]) => entries.length > 0);
  return [
    `_deepaugment_${name}() {`,
    ...casesOf(filled.map(([place, entries]) => [place, `printf '%s\\n' ${entries.map(quoted).join(" ")}`])),
    "}",
    "",
  ].join("\n");
}

/** A `case` of the first argument; places with the same statement share it. */
function casesOf(statements: readonly (readonly [place: string, statement: string])[]): string[] {
  const places = new Map<string, string[]>();
  for (const [place, statement] of statements)
    places.set(statement, [...(places.get(statement) ?? []), place]);
  return [
    "  case $1 in",
    ...[...places].map(([statement, each]) => `    ${each.map(quoted).join("|")}) ${statement} ;;`),
    "  esac",
  ];
}
