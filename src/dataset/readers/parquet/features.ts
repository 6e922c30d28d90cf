// What the metadata of Hugging Face's library `datasets`, in a Parquet file's key "huggingface", say of its columns.

import type { FileMetaData } from "hyparquet";

export interface Feature {
  /** The class that describes the column: `Image`, `ClassLabel`, `Value`, … */
  readonly type: string;
  /** The names of a ClassLabel, by number; missing if they are not all different, or one is empty. */
  readonly names?: readonly string[];
  /** Whether it has names that are missing here. */
  readonly hasUnclearNames?: boolean;
}

/** The features of the columns that have one by themselves; lists and structures have none. Empty without metadata. */
export function featuresOf({ key_value_metadata: pairs = [] }: FileMetaData): ReadonlyMap<string, Feature> {
  const text = pairs.find(({ key }) => key === "huggingface")?.value;
  const features = new Map<string, Feature>();
  for (const [name, value] of Object.entries(objectIn(objectIn(parse(text), "info"), "features"))) {
    const { _type: type, names } = asObject(value);
    if (typeof type !== "string") continue;
    const isNames =
      Array.isArray(names) &&
      names.every((each) => typeof each === "string" && each.trim() !== "") &&
      new Set(names).size === names.length;
    const isUnclear = !isNames && Array.isArray(names) && names.length > 0;
    features.set(name, { type, ...(isNames && { names }), ...(isUnclear && { hasUnclearNames: true }) });
  }
  return features;
}

/** Other programs may have written anything into the key; then it says nothing. */
function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "{}");
  } catch {
    return {};
  }
}

function objectIn(value: unknown, key: string): Record<string, unknown> {
  return asObject(asObject(value)[key]);
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
