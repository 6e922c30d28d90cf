// What configuration keys are made of: kinds of values, with their range and their description, and sets of keys. Each set
// is defined in one place, from which its types, checks, help and documentation come.

import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { messageOf } from "../common/errors.ts";
import { expandHome } from "../common/home.ts";
import { DATASET_NAMES } from "./datasets.ts";
import { FAMILY_NAMES, type FamilyName, parseFamily } from "./families.ts";
import { MODEL_NAMES } from "./models.ts";
import type { NameParser } from "./names.ts";
import { QUEUE_PREFIX, QUEUE_PREFIX_FORM, QUEUE_URL, QUEUE_URL_FORM } from "./queue.ts";
import { BASES, type BaseName, parseBase, USUAL_BASES } from "./recipes.ts";
import { EXTENDED_TECHNIQUES, parseTechnique, TECHNIQUES, type TechniqueName } from "./techniques.ts";

/** A kind of value: how it is checked, and how explanations and errors describe it. */
interface Kind<S extends z.ZodType> {
  readonly schema: S;
  readonly type: string;
  /** Whether it may be the path of a file or a folder. */
  readonly isPath?: boolean;
}

interface KeyNotes {
  readonly type: string;
  readonly explanation: string;
  readonly isPath: boolean;
}

const notes = z.registry<KeyNotes>();

/** The names that a text may be. */
interface KnownNames {
  readonly names: readonly string[];
  /** What else it may be: nothing, the same names in other case or with other separators, or any text. */
  readonly others: "case" | "spellings" | "any";
}

/** Of texts that may be names; their schemas do not say which. */
const knownNames = z.registry<KnownNames>();

/** The names that a text of this schema may be, if these are known. */
export function namesFor(schema: z.core.$ZodType): KnownNames | undefined {
  return knownNames.get(schema as z.ZodType);
}

function namedText(names: readonly string[], others: KnownNames["others"]): z.ZodString {
  const schema = others === "case" ? z.string().toLowerCase() : z.string();
  knownNames.add(schema, { names, others });
  return schema;
}

/** A key with a default; a key without one (`undefined`) must be given. */
export function key<S extends z.ZodType>(
  kind: Kind<S>,
  explanation: string,
  fallback: z.output<S>,
): z.ZodDefault<S>;
export function key<S extends z.ZodType>(kind: Kind<S>, explanation: string): S;
export function key(kind: Kind<z.ZodType>, explanation: string, fallback?: unknown): z.ZodType {
  const schema = fallback === undefined ? kind.schema : z._default(kind.schema, fallback);
  notes.add(schema, { type: kind.type, explanation, isPath: kind.isPath ?? false });
  return schema;
}

export const text = (type: string) => ({ schema: z.string().min(1), type });

/** A path, in which `~/` is the user's home folder. */
export const path = (type: string) => ({
  schema: z
    .string()
    .regex(/^[^\0]+$/)
    .overwrite(expandHome),
  type,
  isPath: true,
});

/** A path, or one of these names. */
function nameOrPath(names: readonly string[], type: string) {
  const kind = path(type);
  knownNames.add(kind.schema, { names, others: "any" });
  return kind;
}

export const datasetOrPath = () => nameOrPath(DATASET_NAMES, "a dataset's name, or a path");

export const modelOrPath = () => nameOrPath(MODEL_NAMES, "a model's name, or a path");

/** The address of a queue. */
const queueUrl = { schema: z.string().regex(QUEUE_URL_FORM), type: QUEUE_URL };

/** The prefix of a queue's keys. */
const queuePrefix = {
  schema: z.string().regex(QUEUE_PREFIX),
  type: QUEUE_PREFIX_FORM,
};

export const whole = (minimum: number, maximum: number) => ({
  schema: z.int().min(minimum).max(maximum),
  type: `a whole number from ${minimum} to ${maximum}`,
});

export const yesOrNo = { schema: z.boolean(), type: "true or false" };

export const choice = <const T extends readonly string[]>(options: T) => ({
  schema: z.enum(options),
  type: `one of ${options.join(", ")}`,
});

/** The keys of a run whose trainings may run on other machines. */
export const queueKeys = (run: string) => ({
  queue: key(
    optional(queueUrl),
    `The Redis server through which other machines train (docs/machines.md). User and password may be in the URL or in the environment (DEEPAUGMENT_QUEUE_USER, DEEPAUGMENT_QUEUE_PASSWORD); the folder of the ${run} does not contain them. null: trainings run on this machine.`,
    null,
  ),
  queue_prefix: key(
    queuePrefix,
    "What the names of all keys in Redis begin with: teams with prefixes of their own share a server.",
    "deepaugment",
  ),
  mixed: key(
    yesOrNo,
    "Whether machines with another engine, precision, instruction set or graphics card may train, whose results differ in the last digits; machines.csv lists what each training ran on.",
    false,
  ),
});

/** A number in [minimum, maximum]. */
export const numberFrom = (minimum: number, maximum: number) => ({
  schema: z.number().min(minimum).max(maximum),
  type: `a number from ${minimum} to ${maximum}`,
});

/** A number from 0 to below 1. */
export const shareBelowOne = {
  schema: z.number().min(0).lt(1),
  type: "a number from 0 to below 1",
};

/** Whole numbers in [minimum, maximum], each greater than the one before it; perhaps none. */
export const ascending = (minimum: number, maximum: number) => ({
  schema: z.array(z.int().min(minimum).max(maximum)).superRefine((numbers, context) => {
    const index = numbers.findIndex((number, i) => i > 0 && number <= numbers[i - 1]);
    if (index < 0) return;
    const message = `${numbers[index]} is not greater than ${numbers[index - 1]}, the number before it`;
    context.addIssue({ code: "custom", message, path: [index] });
  }),
  type: `a list of ascending whole numbers from ${minimum} to ${maximum}`,
});

/** A key that may be left unset, written as `null`. */
export const optional = <S extends z.ZodType>(kind: Kind<S>) => ({
  ...kind,
  schema: z.nullable(kind.schema),
  type: `${kind.type}, or null`,
});

export const autoOr = <S extends z.ZodType>(kind: Kind<S>) => ({
  ...kind,
  schema: z.union([z.literal("auto"), kind.schema]),
  type: `auto, or ${kind.type}`,
});

/** Names in a list; there are fewer of any kind. */
const MOST_NAMES = 1000;

/**
 * A list of at least one of what `parse` knows, each once.
 * @param others what it also knows.
 */
export const listOf = <Name extends string>(
  parse: NameParser<Name>,
  others: KnownNames["others"] = "spellings",
) =>
  z
    .array(namedText(parse.names, others))
    .min(1)
    .max(MOST_NAMES)
    .transform((names, context) => {
      const parsed: Name[] = [];
      for (const [index, text] of names.entries()) {
        try {
          const name = parse(text);
          if (parsed.includes(name)) throw new Error(`"${name}" is listed twice`);
          parsed.push(name);
        } catch (error) {
          context.addIssue({ code: "custom", message: messageOf(error), path: [index], input: text });
        }
      }
      return parsed;
    });

/** Sets of techniques by name. */
const TECHNIQUE_SETS = {
  original: TECHNIQUES,
  extended: EXTENDED_TECHNIQUES,
  all: EXTENDED_TECHNIQUES,
} as const satisfies Readonly<Record<string, readonly TechniqueName[]>>;

const SET_NAMES = Object.keys(TECHNIQUE_SETS) as (keyof typeof TECHNIQUE_SETS)[];

export const techniqueList = {
  schema: z.union([
    namedText(SET_NAMES, "case")
      .pipe(z.enum(SET_NAMES))
      .transform((name): TechniqueName[] => [...TECHNIQUE_SETS[name]]),
    listOf(parseTechnique),
  ]),
  type: `${SET_NAMES.join(", ")}, or a list of at least one technique`,
};

export const baseList = {
  schema: z.union([
    z.literal("usual").transform((): BaseName[] => [...USUAL_BASES]),
    z.literal("all").transform((): BaseName[] => [...BASES]),
    listOf(parseBase),
  ]),
  type: "usual, all, or a list of at least one base",
};

/** All families, none, or a list, which is empty in what a configuration is written as. */
export const familyList = {
  schema: z.union([
    z.literal("all").transform((): FamilyName[] => [...FAMILY_NAMES]),
    z.literal("none").transform((): FamilyName[] => []),
    z.tuple([]).transform((): FamilyName[] => []),
    listOf(parseFamily),
  ]),
  type: "all, none, or a list of families",
};

/** The description of a key, for help and documentation. */
export interface KeyDescription {
  readonly key: string;
  /** In words: "a whole number from 1 to 1000". */
  readonly type: string;
  /** As written in YAML's flow style; undefined if the key must be given. */
  readonly default: string | undefined;
  readonly explanation: string;
  /** Whether the value may be the path of a file or a folder. */
  readonly isPath: boolean;
}

/** A set of keys that make one configuration. */
export class KeySet<Keys extends Readonly<Record<string, z.ZodType>>> {
  readonly names: readonly string[];
  readonly schema: z.ZodObject<Keys, z.core.$strict>;
  readonly #keys: Keys;

  constructor(keys: Keys) {
    this.#keys = keys;
    this.names = Object.keys(keys);
    this.schema = z.strictObject(keys);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#keys, name);
  }

  /** Every key in the order of the set. */
  describeAll(): KeyDescription[] {
    return this.names.map((name) => this.describe(name));
  }

  describe(key: string): KeyDescription {
    const schema = this.#keys[key];
    return { key, default: defaultText(schema), ...notes.get(schema)! };
  }

  /** Whether a key holds text, so that `2024` on the command line stays "2024" instead of becoming a number. */
  isText(key: string): boolean {
    let schema: z.ZodType = this.#keys[key];
    while (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
      schema = schema.unwrap() as z.ZodType;
    }
    return schema instanceof z.ZodString;
  }
}

function defaultText(schema: z.ZodType): string | undefined {
  if (!(schema instanceof z.ZodDefault)) return undefined;
  const value: unknown = schema.def.defaultValue;
  if (Array.isArray(value)) {
    const sets: [string, readonly string[]][] = [
      ...Object.entries(TECHNIQUE_SETS),
      ["usual", USUAL_BASES],
      ["all", BASES],
      ["all", FAMILY_NAMES],
    ];
    const set = sets.find(([, names]) => isDeepStrictEqual(names, value));
    return set ? set[0] : `[${value.join(", ")}]`;
  }
  return String(value);
}
