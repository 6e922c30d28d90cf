// Combines a file, command-line options and `--set key=value` into one checked configuration. Every mistake is reported
// in one line: what is wrong, where (file and line, or option), and how to fix it.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  stringify,
  type YAMLError,
} from "yaml";
import type { z } from "zod";
import { messageOf, mismatch, nearest, systemReason, UsageError } from "../common/errors.ts";
import { expandHome } from "../common/home.ts";
import { readOrdinaryFile } from "../common/ordinary-files.ts";
import { shortName, withoutCredentials } from "../common/printable.ts";
import { decodeText } from "../common/text.ts";
import type { KeySet } from "./keys.ts";
import { CONFIG, type Config, EARLIER, SIZES, type SizedConfig } from "./schema.ts";

type Keys = Readonly<Record<string, z.ZodType>>;

/** What a set of keys resolves to. */
type Values<K extends Keys> = z.output<z.ZodObject<K, z.core.$strict>>;

export interface ConfigSources {
  /** A YAML file. */
  readonly file?: string;
  /**
   * Values of command-line options by key; undefined ones were not given. Strings are parsed as YAML unless the key
   * holds text. They take precedence over the file.
   */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Strings of the form `key=value`, with the value in YAML. They take precedence over everything else. */
  readonly set?: readonly string[];
}

/** A value for a key, and where it was given, worded for error messages. */
interface Given {
  readonly value: unknown;
  readonly place: string;
  /** Where the items of a list were given. */
  readonly itemPlaces?: readonly string[];
}

/**
 * The checked configuration of a search from `sources`, with defaults for all other keys. The file of an experiment of an
 * earlier version, which has no key for what was the same in all searches then, means the same search as then.
 * @throws UsageError in one line for the first mistake, with the number of others.
 */
export function loadConfig(sources: ConfigSources): Config {
  const { file } = sources;
  const isOfExperiment = file !== undefined && existsSync(join(dirname(file), "experiment.json"));
  return loadKeys(CONFIG, sources, isOfExperiment ? EARLIER : impliedBy(givenKeys(sources)));
}

/** Who gives the form of chains wants policies of chains. */
function impliedBy(given: ReadonlySet<string>): Readonly<Record<string, unknown>> {
  const isOfChains = given.has("policy_chains") || given.has("operations_per_chain");
  return isOfChains ? { families: "none" } : {};
}

/** The configuration that an experiment keeps. @throws UsageError if it leaves something to the data. */
export function loadSizedConfig(file: string): SizedConfig {
  const config = loadConfig({ file });
  const open = SIZES.find((key) => config[key] === "auto");
  if (open === undefined) return config as SizedConfig;
  throw new UsageError(
    `${file}: ${open} is auto, but an experiment has a value; restore the file as it was written`,
  );
}

/** The keys of a search that the sources give a value. @throws UsageError if they cannot be read. */
export function givenKeys(sources: ConfigSources): ReadonlySet<string> {
  return new Set(readSources(CONFIG, sources).keys());
}

/**
 * Like `loadConfig`, for any set of keys.
 * @param fallbacks values for keys that no source gives, instead of their defaults.
 */
export function loadKeys<K extends Keys>(
  keys: KeySet<K>,
  sources: ConfigSources,
  fallbacks: Readonly<Record<string, unknown>> = {},
): Values<K> {
  const implied = Object.entries(fallbacks).map(([key, value]) => [key, { value, place: key }] as const);
  const given = new Map([...implied, ...readSources(keys, sources)]);
  checkQueueOptions(given);
  return checkKeys(keys, given, sources.file);
}

/** @throws UsageError if an option means nothing without a queue; a file may keep it. */
function checkQueueOptions(given: ReadonlyMap<string, Given>): void {
  if ((given.get("queue")?.value ?? null) !== null) return;
  for (const key of ["queue_prefix", "mixed"]) {
    const { place = "", value } = given.get(key) ?? {};
    if (place.startsWith("--") && value !== false)
      throw new UsageError(`${place}: there is no queue; add --queue redis://host:6379/0`);
  }
}

function readSources<K extends Keys>(keys: KeySet<K>, sources: ConfigSources): Map<string, Given> {
  const given = new Map<string, Given>();
  if (sources.file !== undefined) readConfigFile(sources.file, given);
  for (const [key, value] of Object.entries(sources.overrides ?? {})) {
    if (value === undefined) continue;
    const place = `--${key.replaceAll("_", "-")}`;
    const isWritten = typeof value === "string";
    given.set(key, { value: isWritten ? parseOption(keys, key, value, place) : value, place });
  }
  for (const assignment of sources.set ?? []) {
    const place = `--set ${withoutCredentials(assignment)}`;
    const equals = assignment.indexOf("=");
    if (equals < 1) throw new UsageError(`${place}: expected key=value, such as --set child_epochs=20`);
    const key = assignment.slice(0, equals).trim();
    given.set(key, { value: parseOption(keys, key, assignment.slice(equals + 1).trim(), place), place });
  }
  return given;
}

/**
 * The configuration from plain values, as passed to the library.
 * @throws UsageError like `loadConfig`.
 */
export function resolveConfig(values: Readonly<Record<string, unknown>>): Config {
  const given = new Map<string, Given>();
  const chosen = Object.entries(values).filter(([, value]) => value !== undefined);
  const implied = impliedBy(new Set(chosen.map(([key]) => key)));
  for (const [key, value] of [...Object.entries(implied), ...chosen]) {
    given.set(key, { value, place: "the configuration" });
  }
  return checkKeys(CONFIG, given, undefined);
}

/** All resolved keys as YAML that `loadConfig` reads back to the same configuration. */
export function formatConfig(config: Config): string {
  return formatKeys(CONFIG, config);
}

/** Like `formatConfig`, for any set of keys. User and password of the queue are not written. */
export function formatKeys<K extends Keys>(keys: KeySet<K>, values: Values<K>): string {
  const written = keys.names.map((key) => {
    const value = values[key as keyof Values<K>];
    return [key, key === "queue" && typeof value === "string" ? withoutCredentials(value) : value];
  });
  return stringify(Object.fromEntries(written));
}

function checkKeys<K extends Keys>(
  keys: KeySet<K>,
  given: ReadonlyMap<string, Given>,
  file: string | undefined,
): Values<K> {
  // Of many mistakes only the first one is put into words: finding the key that is meant takes time.
  const problems: (() => string)[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, { value, place }] of given) {
    if (keys.has(key)) values[key] = value;
    else problems.push(() => unknownKey(keys, key, place));
  }
  const result = keys.schema.safeParse(values);
  const seen = new Set<string>();
  for (const issue of (result.error?.issues ?? []).map(customInside)) {
    const key = String(issue.path[0]);
    const source = given.get(key);
    if (!source) {
      problems.push(() => missingKey(keys, key, file));
    } else if (issue.code === "custom") {
      const index = Number(issue.path[1]);
      problems.push(
        () => `${key}[${index}]: ${issue.message} (${source.itemPlaces?.[index] ?? source.place})`,
      );
    } else if (!seen.has(key)) {
      seen.add(key);
      const { type } = keys.describe(key);
      problems.push(() => `${mismatch(key, type, source.value)} (${source.place})`);
    }
  }
  if (result.success && problems.length === 0) return result.data as Values<K>;
  const others = problems.length - 1;
  const more = others === 0 ? "" : `; and ${others} more ${others === 1 ? "mistake" : "mistakes"}`;
  throw new UsageError(problems[0]() + more);
}

/** Of a value that may be `auto` or something with messages of its own: the first of these. */
function customInside(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== "invalid_union") return issue;
  const custom = issue.errors.flat().find(({ code }) => code === "custom");
  return custom ? { ...custom, path: [...issue.path, ...custom.path] } : issue;
}

function unknownKey({ names }: Pick<KeySet<Keys>, "names">, key: string, place: string): string {
  const suggestion = nearest(key, names);
  const fix = suggestion ? `did you mean "${suggestion}"?` : `known keys are ${names.join(", ")}`;
  return `unknown key "${key}" (${place}); ${fix}`;
}

function missingKey<K extends Keys>(keys: KeySet<K>, key: string, file: string | undefined): string {
  const where = file === undefined ? "" : ` (${file})`;
  return `"${key}" is missing${where}; give ${keys.describe(key).type}, such as --set ${key}=cifar10`;
}

/** The value of a command-line option: YAML, except for keys that hold text. */
function parseOption<K extends Keys>(keys: KeySet<K>, key: string, text: string, place: string): unknown {
  if (keys.has(key) && keys.isText(key)) return text === "null" ? null : text;
  const document = parseDocument(text, PARSING);
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw new UsageError(`${place}: not a YAML value: ${reasonOf(problem)}`);
  return toValue(document.contents, document, place);
}

/** A configuration has a hundred lines; parsing a megabyte of YAML takes seconds. */
const MOST_BYTES = 262_144;

/** The library compares each key with all others; see `readConfigFile`. */
const PARSING = { prettyErrors: false, uniqueKeys: false } as const;

function readConfigText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readOrdinaryFile(expandHome(file), MOST_BYTES);
  } catch (error) {
    throw new UsageError(`cannot read the configuration ${file}: ${systemReason(error)}`);
  }
  try {
    return decodeText(bytes);
  } catch (error) {
    throw new UsageError(`cannot read the configuration ${file}: ${messageOf(error)}; save it as UTF-8`);
  }
}

/** Adds the keys of a YAML file, with their lines. */
function readConfigFile(file: string, given: Map<string, Given>): void {
  const text = readConfigText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, ...PARSING });
  const invalid = (position: number, reason: string) => {
    const { line, col } = lines.linePos(position);
    return new UsageError(`${file}, line ${line}, column ${col}: not valid YAML: ${reason}`);
  };
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw invalid(problem.pos[0], reasonOf(problem));
  const root = document.contents;
  if (root === null || (isScalar(root) && root.value === null)) {
    throw new UsageError(`${file} is empty; write keys with values, such as "data: cifar10"`);
  }
  const placeOf = (node: Node) => `${file}, line ${lines.linePos(node.range?.[0] ?? 0).line}`;
  if (!isMap(root)) {
    throw new UsageError(`${file} contains no keys with values; write one per line, such as "data: cifar10"`);
  }
  for (const { key, value } of root.items) {
    // Keys are nodes in every parsed document; the library's types allow others for documents built by hand.
    const place = isNode(key) ? placeOf(key) : file;
    if (!isScalar(key)) throw new UsageError(`${place}: expected the name of a key, such as "data"`);
    const name = String(key);
    if (given.has(name)) throw invalid(key.range?.[0] ?? 0, "map keys must be unique");
    given.set(name, {
      value: toValue(value, document, place),
      place,
      itemPlaces: isSeq(value)
        ? value.items.map((item) => (isNode(item) ? placeOf(item) : place))
        : undefined,
    });
  }
}

/** A node's plain value. @throws UsageError for an alias without its anchor, or aliases of aliases that make too many values. */
function toValue(node: unknown, document: Document, place: string): unknown {
  if (!isNode(node)) return node;
  try {
    return node.toJS(document);
  } catch (error) {
    throw new UsageError(`${place}: not valid YAML: ${lowerFirst(messageOf(error))}`);
  }
}

function reasonOf({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "it contains more than one document";
  if (code === "RESOURCE_EXHAUSTION") return "it has too many levels";
  // The library quotes the rest of the file: with a slash in it, it would count as a path, which is not cut.
  return lowerFirst(message.replace(/: "(.*)"$/s, (_, quote: string) => `: "${shortName(quote)}"`));
}

function lowerFirst(text: string): string {
  const line = text.replace(/\s*\n\s*/g, " ");
  return line.charAt(0).toLowerCase() + line.slice(1);
}
