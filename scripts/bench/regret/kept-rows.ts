// Tables of regrets on a page whose rows were measured in several runs, when the results of an earlier run are no longer
// available: a new table keeps the old one's rows of the methods that it lacks.

import { UsageError } from "../../../src/common/errors.ts";
import { REFERENCE } from "./tables.ts";

/**
 * The new lines, with the old ones' rows of other methods below each table's own.
 * @param lines as `formatResults` makes them.
 * @param previous the lines that they replace.
 * @throws UsageError if a row would be kept whose regrets were read after other numbers of trials, or whose differences are
 * to another reference than the new table's.
 */
export function keepOtherRows(lines: readonly string[], previous: readonly string[]): string[] {
  const old = tablesOf(previous);
  const added = new Map<number, string[]>();
  for (const [objective, table] of tablesOf(lines)) {
    const before = old.get(objective);
    const known = new Set(table.rows.map(methodOf));
    const kept = before?.rows.filter((row) => !known.has(methodOf(row))) ?? [];
    if (before === undefined || kept.length === 0) continue;
    const name = methodOf(kept[0]);
    if (before.head !== table.head) {
      throw new UsageError(`the row "${name}" of "${objective}" has other columns; measure it again`);
    }
    const reference = ({ rows }: Table) => rows.find((row) => methodOf(row) === REFERENCE);
    if (reference(table) === undefined) {
      throw new UsageError(`the new table of "${objective}" has no row "${REFERENCE}"; add it to --methods`);
    }
    if (reference(before) !== reference(table)) {
      throw new UsageError(
        `the row "${name}" of "${objective}" was compared with another "${REFERENCE}"; measure both again`,
      );
    }
    added.set(table.end, kept);
  }
  const below = (index: number) => added.get(index) ?? [];
  return [...lines.flatMap((line, index) => [...below(index), line]), ...below(lines.length)];
}

interface Table {
  readonly head: string;
  readonly rows: readonly string[];
  /** The number of the line behind its last row. */
  readonly end: number;
}

/** The table of each objective, which is the heading above it. */
function tablesOf(lines: readonly string[]): Map<string, Table> {
  const tables = new Map<string, Table>();
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith("#### ")) continue;
    const start = lines.findIndex((each, place) => place > index && each.startsWith("|"));
    if (start < 0) continue;
    const after = lines.findIndex((each, place) => place > start && !each.startsWith("|"));
    const end = after < 0 ? lines.length : after;
    tables.set(line.slice("#### ".length), { head: lines[start], rows: lines.slice(start + 2, end), end });
  }
  return tables;
}

function methodOf(row: string): string {
  return row.split("|")[1].trim();
}
