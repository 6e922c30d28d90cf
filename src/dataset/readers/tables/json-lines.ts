// Tables as JSON Lines: one object per line, as in the metadata.jsonl of Hugging Face. Reference: https://jsonlines.org.

import { messageOf, UsageError } from "../../../common/errors.ts";
import { parseExactly } from "../exact-json.ts";
import type { Row } from "./table.ts";
import { checkTableSize } from "./table-size.ts";

/** The rows of a text in JSON Lines. */
export interface JsonRows {
  /** The first row has the names of the columns: all keys whose values are text, numbers or truth values. */
  readonly rows: readonly Row[];
  /** The keys whose values are lists or objects in some row: boxes, or several classes. */
  readonly nested: readonly string[];
}

/**
 * @param path names the file in errors.
 * @throws UsageError with the line of the first mistake.
 */
export function parseJsonLines(text: string, path: string): JsonRows {
  const nested = new Set<string>();
  const objects = text.split("\n").flatMap((line, i) => {
    if (line.trim() === "") return [];
    return [{ line: i + 1, cells: parseObject(line, `${path}, line ${i + 1}`, nested) }];
  });
  if (objects.length === 0) return { rows: [], nested: [] };
  const columns = [...new Set(objects.flatMap(({ cells }) => [...cells.keys()]))].filter(
    (column) => !nested.has(column),
  );
  checkTableSize(path, objects.length, columns.length);
  const rows = objects.map(({ line, cells }) => {
    return { line, cells: columns.map((column) => cells.get(column) ?? "") };
  });
  return { rows: [{ line: 0, cells: columns }, ...rows], nested: [...nested] };
}

/** @param nested gets the keys with lists and objects. */
function parseObject(line: string, place: string, nested: Set<string>): Map<string, string> {
  let value: unknown;
  try {
    value = parseExactly(line);
  } catch (error) {
    throw new UsageError(`${place}: not valid JSON: ${messageOf(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`${place}: not a JSON object, such as {"file_name": "0.png", "label": "cat"}`);
  const cells = new Map<string, string>();
  for (const [name, cell] of Object.entries(value)) {
    if (typeof cell === "object" && cell !== null) nested.add(name);
    else if (cell !== null) cells.set(name, String(cell));
  }
  return cells;
}
