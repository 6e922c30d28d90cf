// Holds values that were read against what they should be.

import type { z } from "zod";
import { formatValue } from "./errors.ts";

/** What is wrong with a value, with the key, for a message: `dataset.name: expected string, received nothing`. Undefined: nothing. */
export function problemIn(value: unknown, schema: z.ZodType): string | undefined {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (!issue) return undefined;
  const place = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  const message = issue.message
    .replace(/^Invalid (input|option): /, "")
    .replace(/received undefined$/, "received nothing");
  // What a schema has looked into has a place for each key.
  const found = issue.path.reduce<unknown>(
    (parent, key) => (parent as Record<PropertyKey, unknown>)[key],
    value,
  );
  const isShort = typeof found !== "object" || found === null || Array.isArray(found);
  if (!message.startsWith("expected") || message.includes("received") || !isShort) return place + message;
  return `${place}${message}, received ${found === undefined ? "nothing" : formatValue(found)}`;
}
