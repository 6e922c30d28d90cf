// Sets of keys as JSON Schemas (draft 7), by which editors complete, explain and check configurations. Names are suggested
// as they are written in files; other spellings that the program knows are valid, too.

import { z } from "zod";
import { type KeySet, namesFor } from "./keys.ts";

/** A JSON Schema, or a part of one. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * The schema of a configuration. No key is required: `data` may be given on the command line.
 * @param title what is configured.
 */
export function jsonSchemaOf<Keys extends Readonly<Record<string, z.ZodType>>>(
  keys: KeySet<Keys>,
  title: string,
): JsonSchema {
  const { $schema, properties = {} } = z.toJSONSchema(keys.schema, {
    target: "draft-7",
    io: "input",
    reused: "inline",
    override: ({ zodSchema, jsonSchema }) => {
      suggestNames(zodSchema, jsonSchema);
      if (jsonSchema.type === "array" && zodSchema instanceof z.ZodArray) jsonSchema.uniqueItems = true;
      // Draft 7 has no empty list of schemas; maxItems says that the list is empty.
      if (Array.isArray(jsonSchema.items) && jsonSchema.items.length === 0) {
        delete jsonSchema.items;
        delete jsonSchema.additionalItems;
      }
    },
  });
  const described = keys.describeAll().map(({ key, default: fallback, explanation }) => {
    const { default: value = fallback, ...rest } = properties[key] as JsonSchema;
    return [key, { description: explanation, ...(value !== undefined && { default: value }), ...rest }];
  });
  return {
    $schema,
    title,
    type: "object",
    properties: Object.fromEntries(described),
    additionalProperties: false,
  };
}

function suggestNames(zodSchema: z.core.$ZodType, jsonSchema: JsonSchema): void {
  const known = namesFor(zodSchema);
  if (!known) return;
  const { names, others } = known;
  if (others === "any") {
    jsonSchema.examples = [...names];
    return;
  }
  delete jsonSchema.type;
  const separators = others === "spellings" ? "[-_ ]*" : "";
  const spellings = names.map((name) => patternOf(name, separators)).join("|");
  jsonSchema.anyOf = [
    { type: "string", enum: [...names] },
    { type: "string", pattern: `^(?:${spellings})$` },
  ];
}

/** Matches a name in any case, and with these between its letters. */
function patternOf(name: string, separators: string): string {
  const letters = separators === "" ? name : name.replace(/[-_ ]/g, "");
  const each = [...letters].map((letter) => {
    const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()];
    return lower === upper ? letter.replace(/[^\w]/, "\\$&") : `[${lower}${upper}]`;
  });
  return [separators, ...each.flatMap((letter) => [letter, separators])].join("");
}
