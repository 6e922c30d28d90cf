// Generates the JSON Schemas of configurations, for editors.

import { EVALUATION } from "../../src/config/evaluation.ts";
import { type JsonSchema, jsonSchemaOf } from "../../src/config/json-schema.ts";
import { CONFIG } from "../../src/config/schema.ts";

/** The content of each file, by its path in the repository. */
export const SCHEMA_FILES: Readonly<Record<string, string>> = {
  "configs/search.schema.json": formatted(jsonSchemaOf(CONFIG, "Configuration of deepaugment optimize")),
  "configs/evaluation.schema.json": formatted(
    jsonSchemaOf(EVALUATION, "Configuration of deepaugment evaluate"),
  ),
};

function formatted(schema: JsonSchema): string {
  return `${JSON.stringify(schema, null, 2)}\n`;
}
