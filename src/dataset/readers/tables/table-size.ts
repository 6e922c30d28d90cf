// How large a table of labels may be.

import { UsageError } from "../../../common/errors.ts";

/** A column for each of many classes is fewer. */
const MOST_COLUMNS = 30_000;
/** With columns that only some rows have: JSON Lines may have other keys in every line. */
const MOST_CELLS = 2 ** 25;

/** @throws UsageError if the table would take too much memory and time. */
export function checkTableSize(path: string, rows: number, columns: number): void {
  if (columns <= MOST_COLUMNS && rows * columns <= MOST_CELLS) return;
  throw new UsageError(
    `${path} has ${columns} columns in ${rows} rows, more than a table of labels may have (${MOST_COLUMNS} columns, ` +
      `${MOST_CELLS} cells); keep the columns of the pictures and of their classes`,
  );
}
