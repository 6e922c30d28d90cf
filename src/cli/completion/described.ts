// What may be typed: commands, options and values, from the commands themselves and from the sets of configuration keys.

import type { Argument, Command, Option } from "commander";
import { DATA } from "../../config/data.ts";
import { EVALUATION } from "../../config/evaluation.ts";
import { type JsonSchema, jsonSchemaOf } from "../../config/json-schema.ts";
import type { KeyDescription } from "../../config/keys.ts";
import { CONFIG } from "../../config/schema.ts";
import type { KeySetName, Suggestions } from "../options.ts";
import { keyOfOption } from "../run-options.ts";

/** What a value may be. */
export interface Values {
  readonly names: readonly string[];
  readonly isPath: boolean;
  /** Whether several names may be given, separated by commas, also after a bracket. */
  readonly isList: boolean;
  /** Values of the form `key=value` with the keys of this set. */
  readonly keys?: KeySetName;
}

/** A command or a configuration key, with its explanation. */
export interface Explained {
  readonly name: string;
  readonly explanation: string;
}

interface DescribedOption {
  /** As typed: `--config` and `-c`. */
  readonly flags: readonly string[];
  readonly explanation: string;
  /** Undefined if the option takes no value. */
  readonly values?: Values;
}

interface DescribedCommand {
  /** The words that call it: none for the program itself, `data fetch`. */
  readonly path: string;
  readonly commands: readonly Explained[];
  readonly options: readonly DescribedOption[];
  /** Undefined if it takes no arguments. */
  readonly argument?: Values;
}

/** A configuration key, and what its value may be. */
export type DescribedKey = Explained & Values;

export interface DescribedProgram {
  readonly commands: readonly DescribedCommand[];
  readonly keySets: ReadonlyMap<KeySetName, readonly DescribedKey[]>;
}

export function describeProgram(program: Command): DescribedProgram {
  const keySets = new Map<KeySetName, DescribedKey[]>([
    ["search", describeKeys(CONFIG.describeAll(), jsonSchemaOf(CONFIG, ""))],
    ["evaluation", describeKeys(EVALUATION.describeAll(), jsonSchemaOf(EVALUATION, ""))],
    ["data", describeKeys(DATA.describeAll(), jsonSchemaOf(DATA, ""))],
  ]);
  return { commands: describeCommand(program, "", keySets), keySets };
}

function describeKeys(keys: readonly KeyDescription[], { properties = {} }: JsonSchema): DescribedKey[] {
  return keys.map(({ key, explanation, isPath }) => {
    const schema = properties[key] as JsonSchema;
    const names = [...new Set(namesIn(schema))];
    return { name: key, explanation, names, isPath, isList: hasItemNames(schema) };
  });
}

/** The values that a schema lists. */
function namesIn(schema: JsonSchema): string[] {
  const { enum: values = [], const: value, examples, type, anyOf = [], items } = schema;
  const listed = [
    ...values,
    ...(value === undefined ? [] : [value]),
    ...(Array.isArray(examples) ? examples : []),
  ];
  if (type === "boolean") listed.push(true, false);
  if (type === "null") listed.push(null);
  const parts = [...anyOf, ...(isSchema(items) ? [items] : [])].filter(isSchema);
  return [...listed.map(String), ...parts.flatMap(namesIn)];
}

function hasItemNames({ anyOf = [], items }: JsonSchema): boolean {
  if (isSchema(items) && namesIn(items).length > 0) return true;
  return anyOf.filter(isSchema).some(hasItemNames);
}

function isSchema(part: unknown): part is JsonSchema {
  return typeof part === "object" && part !== null && !Array.isArray(part);
}

/** A command and those under it. */
function describeCommand(
  command: Command,
  path: string,
  keySets: DescribedProgram["keySets"],
): DescribedCommand[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const keys = options.map((option) => suggestionsOf(option).keys).find((name) => name !== undefined);
  const known = keys === undefined ? [] : (keySets.get(keys) ?? []);
  const [argument] = command.registeredArguments;
  const described: DescribedCommand = {
    path,
    commands: commands.map((each) => ({ name: each.name(), explanation: each.description() })),
    options: options.map((option) => ({
      flags: [option.long, option.short].filter((flag) => typeof flag === "string"),
      explanation: option.description,
      ...((option.required || option.optional) && {
        values: valuesOf(option, keyOfOption(option.attributeName()), known),
      }),
    })),
    ...(argument && { argument: valuesOf(argument, argument.name(), known) }),
  };
  // The command `help` has the names of the others as its argument.
  const isOwn = (each: Command) => command.commands.includes(each);
  const helpCommands = commands
    .filter((each) => !isOwn(each))
    .map((each) => ({
      path: joined(path, each.name()),
      commands: [],
      options: [],
      argument: { names: commands.filter(isOwn).map((own) => own.name()), isPath: false, isList: false },
    }));
  const below = commands
    .filter(isOwn)
    .flatMap((each) => describeCommand(each, joined(path, each.name()), keySets));
  return [described, ...below, ...helpCommands];
}

function joined(path: string, name: string): string {
  return path === "" ? name : `${path} ${name}`;
}

/** What the parser of an option or an argument knows of its values. */
function suggestionsOf({ parseArg }: Pick<Option | Argument, "parseArg">): Suggestions {
  return (parseArg as Suggestions | undefined) ?? {};
}

/** @param known the configuration keys that options of the same name override. */
function valuesOf(given: Option | Argument, key: string, known: readonly DescribedKey[]): Values {
  const { names, isPath = false, keys } = suggestionsOf(given);
  const overridden = known.find(({ name }) => name === key);
  if (overridden && names === undefined && !isPath) {
    // An option that is not wanted is left out.
    const { isPath, isList, names } = overridden;
    return { isPath, isList, names: names.filter((name) => name !== "null") };
  }
  return { names: names ?? [], isPath, isList: false, ...(keys && { keys }) };
}
