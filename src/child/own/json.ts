// Values of a file of JSON, before it is known what they are.

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What Python objects are written as: {class_name, config}, or a name alone. */
export interface Named {
  readonly className: string;
  readonly config: JsonObject;
}

/** Undefined where it is neither. */
export function namedOf(value: unknown): Named | undefined {
  if (typeof value === "string") return { className: value, config: {} };
  if (!isObject(value) || typeof value.class_name !== "string") return undefined;
  return { className: value.class_name, config: isObject(value.config) ? value.config : {} };
}

/** On one line, and not too long. */
export function showJson(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
