// Which files of the samples in shards contain their classes: `.cls`, a field of `.json`, or `.txt`.

import { UsageError } from "../../../common/errors.ts";
import { decodeText } from "../../../common/text.ts";
import type { SplitName } from "../../reader.ts";
import { parseExactly } from "../exact-json.ts";
import { labelColumns } from "../tables/columns.ts";
import { type SplitColumn, splitColumn } from "../tables/split-column.ts";
import type { Row } from "../tables/table.ts";
import type { Sample } from "./samples.ts";

/** Where the class of a sample is. */
export interface LabelPlace {
  readonly extension: string;
  /** In JSON, the key of the class; undefined if the whole file is the class. */
  readonly field?: string;
}

/** Extensions of files that contain a class by itself; the first ones are preferred. */
const CLASS_FILES = ["cls", "class", "label", "labels", "target", "category"];

/** Samples by which files are judged. */
const SAMPLE = 2000;

/** The samples with pictures by which files are judged, and what they have. */
export interface JudgedSamples {
  readonly samples: readonly Sample[];
  readonly extensions: readonly string[];
  /** The extension of the JSON files with fields, if there are any. */
  readonly json?: string;
  readonly fields: readonly string[];
}

export function judgeSamples(all: readonly Sample[]): JudgedSamples {
  const samples = all.filter(({ pictures }) => pictures.size > 0).slice(0, SAMPLE);
  const extensions = [...new Set(samples.flatMap(({ others }) => [...others.keys()]))];
  const json = extensions.find((extension) => extension === "json" || extension.endsWith(".json"));
  const fields = json === undefined ? [] : fieldsOf(samples, json, isScalar);
  return { samples, extensions, ...(json !== undefined && { json }), fields };
}

/**
 * @param shown names the shard in errors.
 * @param wanted an extension, or the key of a class in JSON, if the user says so.
 * @throws UsageError, one line, if the place is missing or unclear: what was found, and what to set.
 */
export function placeOfLabels(judged: JudgedSamples, shown: string, wanted: string | undefined): LabelPlace {
  const { extensions, json, fields } = judged;
  const files = extensions.filter((extension) => extension !== json || fields.length === 0);
  const found = [
    ...files.map((extension) => `.${extension}`),
    ...fields.map((field) => `"${field}" in .${json}`),
  ];
  const list = found.length > 8 ? `${found.slice(0, 8).join(", ")}, …` : found.join(", ");
  if (wanted !== undefined) {
    const plain = wanted.replace(/^\./, "");
    if (json !== undefined && fields.includes(wanted)) return { extension: json, field: wanted };
    if (extensions.includes(plain.toLowerCase())) return { extension: plain.toLowerCase() };
    throw new UsageError(
      `${shown}: label_column is "${wanted}", but the samples have ${list || "only pictures"}`,
    );
  }
  const byName = CLASS_FILES.find((extension) => extensions.includes(extension));
  if (byName) return { extension: byName };
  const inJson = placeInJson(judged, shown);
  if (inJson) return inJson;
  if (extensions.includes("txt") && json === undefined) return { extension: "txt" };
  if (found.length === 0) {
    throw new UsageError(
      `${shown}: its samples have pictures but no classes: add a file .cls to each, or unpack it if its folders are the classes`,
    );
  }
  throw new UsageError(
    `${shown}: it is unclear which files of its samples contain the classes (${list}): set label_column to one of these`,
  );
}

/** The place in JSON files; undefined if there are none, or it is unclear. @throws UsageError if it has lists. */
function placeInJson({ samples, json, fields }: JudgedSamples, shown: string): LabelPlace | undefined {
  if (json === undefined) return undefined;
  const nested = fieldsOf(samples, json, (value) => typeof value === "object" && value !== null);
  if (fields.length === 0 && nested.length === 0) return { extension: json };
  const rows = rowsOf(samples, json, fields);
  const splits = splitColumn(fields, rows, shown);
  const columns = labelColumns(fields, rows, new Set(splits ? [splits.column] : []), nested);
  if (columns.kind === "named") return { extension: json, field: fields[columns.column] };
  if (columns.kind !== "nested") return undefined;
  throw new UsageError(
    `${shown}: "${columns.name}" in .${json} has lists or objects, as for several classes or boxes, but a classifier needs one ` +
      "class for each picture: add a file .cls to each",
  );
}

function rowsOf(samples: readonly Sample[], json: string, fields: readonly string[]): Row[] {
  return samples.map((sample, line) => {
    const object = objectIn(sample, json);
    return { line, cells: fields.map((field) => textOf(object[field])) };
  });
}

/** The split of a sample; undefined if it says none. */
export type SplitOfSample = (sample: Sample, shown: string) => SplitName | undefined;

/** How samples say their split: in a field of their JSON, if there is one of splits. @throws UsageError like splitColumn. */
export function splitsOfSamples({ samples, json, fields }: JudgedSamples, shown: string): SplitOfSample {
  if (json === undefined) return () => undefined;
  const splits: SplitColumn | undefined = splitColumn(fields, rowsOf(samples, json, fields), shown);
  if (!splits) return () => undefined;
  const field = fields[splits.column];
  return (sample, shard) => {
    return splits.of(textOf(objectIn(sample, json)[field]), () => `${shard}: ${sample.key}.${json}`);
  };
}

/** The class of a sample; undefined if it has none. */
export function classOf(sample: Sample, { extension, field }: LabelPlace): string | undefined {
  const text =
    field === undefined ? contentOf(sample, extension) : textOf(objectIn(sample, extension)[field]);
  return text === "" ? undefined : text;
}

/** How a place is shown: `.cls`, `label in .json`. */
export function placeName({ extension, field }: LabelPlace): string {
  return field === undefined ? `.${extension}` : `${field} in .${extension}`;
}

/** The text of a file; of JSON that is one value, this. */
function contentOf({ others }: Sample, extension: string): string {
  const content = others.get(extension);
  if (!content) return "";
  let text: string;
  try {
    text = decodeText(content).trim();
  } catch {
    return "";
  }
  if (!extension.endsWith("json")) return textOf(text);
  const value = parse(text);
  return typeof value === "object" ? "" : textOf(value);
}

/** The keys with values of a kind, in the order in which they appear. */
function fieldsOf(
  samples: readonly Sample[],
  extension: string,
  isWanted: (value: unknown) => boolean,
): string[] {
  const fields = samples.flatMap((sample) =>
    Object.entries(objectIn(sample, extension)).flatMap(([name, value]) => (isWanted(value) ? [name] : [])),
  );
  return [...new Set(fields)];
}

/** Whether a value may be a class. */
function isScalar(value: unknown): boolean {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}

function objectIn({ others }: Sample, extension: string): Record<string, unknown> {
  const value = parse(others.get(extension)?.toString("utf8") ?? "");
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** What is not valid JSON has no class; that is reported for the sample. */
function parse(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return null;
  }
}

function textOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === "object") return "";
  return String(value)
    .replace(/\p{Cc}+/gu, " ")
    .trim();
}
