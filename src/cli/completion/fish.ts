// The script for fish, 3 or newer.

import { shortened } from "./cases.ts";
import type { DescribedKey, DescribedProgram, Values } from "./described.ts";

export function fishScript({ commands, keySets }: DescribedProgram): string {
  const withCommands = commands.filter((each) => each.commands.length > 0).map(({ path }) => path);
  const lines = commands.flatMap(({ path, commands: below, options, argument }) => {
    const complete = `complete -c deepaugment -n ${quoted(`__deepaugment_is ${quoted(path)}`)}`;
    return [
      ...below.map(({ name, explanation }) => `${complete} -a ${quoted(name)}${shown(explanation)}`),
      ...options.map(({ flags, explanation, values }) => {
        const names = flags.map((flag) =>
          flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const taken = values ? ` -r ${filesOf(values)}${namesOf(values)}` : "";
        return `${complete} ${names.join(" ")}${taken}${shown(explanation)}`;
      }),
      ...(argument ? [`${complete} ${filesOf(argument)}${namesOf(argument)}`] : []),
    ];
  });
  return [
    "# Completes deepaugment's commands in fish:",
    "# deepaugment completion fish > ~/.config/fish/completions/deepaugment.fish",
    "",
    FUNCTIONS.replace("WITH_COMMANDS", withCommands.map(quoted).join(" ")),
    ...[...keySets].map(([set, keys]) => keysFunction(set, keys)),
    "complete -c deepaugment -f",
    ...lines,
    "",
  ].join("\n");
}

const FUNCTIONS = String.raw`# Whether this command is being typed, given as its words.
function __deepaugment_is
    set -l path
    for word in (commandline -opc)[2..]
        if string match -q -- '-*' $word
            continue
        end
        if contains -- "$path" WITH_COMMANDS
            set path (string trim -- "$path $word")
        end
    end
    test "$path" = "$argv[1]"
end

# Names after those that are already in a list.
function __deepaugment_list
    set -l typed (string replace -r '^--[^=]*=' '' -- (commandline -ct))
    set -l before (string match -r '^.*[\[,]' -- $typed)
    printf "$before%s\n" $argv
end
`;

/** A function that completes `key=value`. */
function keysFunction(set: string, keys: readonly DescribedKey[]): string {
  const cases = keys.flatMap((key) => {
    const { name, names, isPath, isList } = key;
    if (names.length === 0 && !isPath) return [];
    const listed = names.map(quoted).join(" ");
    return [
      `        case ${quoted(`${name}=*`)}`,
      ...(isPath ? [`            printf '${name}=%s\\n' (__fish_complete_path $value)`] : []),
      ...(names.length === 0
        ? []
        : [
            isList
              ? `            printf "${name}=$before%s\\n" ${listed}`
              : `            printf '${name}=%s\\n' ${listed}`,
          ]),
    ];
  });
  const all = keys.flatMap(({ name, explanation }) => [name, quoted(shortened(explanation))]);
  return [
    `function __deepaugment_keys_${set}`,
    "    set -l typed (string replace -r '^--set=' '' -- (commandline -ct))",
    "    set -l value (string replace -r '^[^=]*=' '' -- $typed)",
    String.raw`    set -l before (string match -r '^.*[\[,]' -- $value)`,
    "    switch $typed",
    ...cases,
    "        case '*=*'",
    "        case '*'",
    `            printf '%s=\\t%s\\n' ${all.join(" ")}`,
    "    end",
    "end",
    "",
  ].join("\n");
}

function filesOf({ isPath }: Values): string {
  return isPath ? "-F" : "-f";
}

function namesOf({ names, isList, keys }: Values): string {
  if (keys) return ` -a ${quoted(`(__deepaugment_keys_${keys})`)}`;
  if (names.length === 0) return "";
  return ` -a ${quoted(isList ? `(__deepaugment_list ${names.join(" ")})` : names.join(" "))}`;
}

function shown(explanation: string): string {
  return ` -d ${quoted(shortened(explanation))}`;
}

/** Text as one word of fish. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
