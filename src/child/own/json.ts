// Helpers for JSON values of unknown type.

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A serialized Python object: {class_name, config}, or only a name. */
export interface Named {
  readonly className: string;
  readonly config: JsonObject;
}

/** Undefined if the value is neither form. */
export function namedOf(value: unknown): Named | undefined {
  if (typeof value === "string") return { className: value, config: {} };
  if (!isObject(value) || typeof value.class_name !== "string") return undefined;
  return { className: value.class_name, config: isObject(value.config) ? value.config : {} };
}

/** The value as one line of at most 60 characters, for error messages. */
export function showJson(value: unknown): string {
  const text = value === undefined ? "missing" : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
