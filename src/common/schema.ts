// Holds values that were read against what they should be.

import type { z } from "zod";

/** What is wrong with a value, with the key, for a message: `dataset.name: expected string, received nothing`. Undefined: nothing. */
export function problemIn(value: unknown, schema: z.ZodType): string | undefined {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (!issue) return undefined;
  const place = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  return (
    place +
    issue.message.replace(/^Invalid (input|option): /, "").replace(/received undefined$/, "received nothing")
  );
}
