// Tables as JSON Lines: one object per line, as in the metadata.jsonl of Hugging Face. Reference: https://jsonlines.org.

import { messageOf, UsageError } from "../../../common/errors.ts";
import type { Row } from "./table.ts";
import { checkTableSize } from "./table-size.ts";

/**
 * The rows of a text in JSON Lines. The first row has the names of the columns: all keys whose values are text, numbers or
 * truth values. Lists and objects, such as boxes, are no labels and left out.
 * @param path names the file in errors.
 * @throws UsageError with the line of the first mistake.
 */
export function parseJsonLines(text: string, path: string): Row[] {
  const objects = text.split("\n").flatMap((line, i) => {
    return line.trim() === "" ? [] : [{ line: i + 1, cells: parseObject(line, `${path}, line ${i + 1}`) }];
  });
  if (objects.length === 0) return [];
  const columns = [...new Set(objects.flatMap(({ cells }) => [...cells.keys()]))];
  checkTableSize(path, objects.length, columns.length);
  const rows = objects.map(({ line, cells }) => {
    return { line, cells: columns.map((column) => cells.get(column) ?? "") };
  });
  return [{ line: 0, cells: columns }, ...rows];
}

function parseObject(line: string, place: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new UsageError(`${place}: not valid JSON: ${messageOf(error)}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new UsageError(`${place}: not a JSON object, such as {"file_name": "0.png", "label": "cat"}`);
  const scalars = Object.entries(value).filter(([, cell]) => cell !== null && typeof cell !== "object");
  return new Map(scalars.map(([name, cell]) => [name, String(cell)]));
}
