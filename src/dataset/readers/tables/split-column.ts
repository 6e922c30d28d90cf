// Which column of a table divides its rows into splits.

import { UsageError } from "../../../common/errors.ts";
import type { SplitName } from "../../reader.ts";
import { splitOf } from "../split-names.ts";
import { isLabelName, lettersOf, TRUTHS } from "./columns.ts";
import type { Row } from "./table.ts";

/** Usual names of such columns, in the letters of `lettersOf`; the first ones are preferred. */
const SPLIT_NAMES =
  "split splits splitname datasplit set setname subset partition phase usage dataset fold traintest trainvaltest traintestsplit";

/** Columns of truth values, and the splits of true and false. */
const TRUTH_NAMES = new Map<string, readonly [SplitName, SplitName]>([
  ...["istrain", "istraining", "istrainingimg", "istrainingimage"].map(
    (name) => [name, ["train", "test"]] as const,
  ),
  ...["isvalid", "isval", "isvalidation"].map((name) => [name, ["validation", "train"]] as const),
  ...["istest", "istesting"].map((name) => [name, ["test", "train"]] as const),
]);

/** More different values than a column of splits has. */
const MOST_VALUES = 10;

/** A column of splits. */
export interface SplitColumn {
  readonly column: number;
  /** @throws UsageError if the cell names no split: `place` says which cell. */
  of(cell: string, place: () => string): SplitName;
}

/**
 * The column of splits, if there is one: by its name, or because every cell names a split.
 * @param path as in errors.
 * @throws UsageError if a column of this name has splits and other values.
 */
export function splitColumn(
  columns: readonly string[],
  rows: readonly Row[],
  path: string,
): SplitColumn | undefined {
  const valuesOf = (column: number) => new Set(rows.map(({ cells }) => cells[column]));
  for (const name of SPLIT_NAMES.split(" ")) {
    const column = columns.findIndex((each) => lettersOf(each) === name);
    if (column < 0) continue;
    const values = valuesOf(column);
    const unknown = [...values].filter((cell) => splitOf(cell) === undefined);
    if (unknown.length === 0) return wordsIn(columns, column);
    const isEmpty = unknown.length === 1 && unknown[0] === "" && values.size === 1;
    // A column `dataset` or `set` may mean anything else if no cell is a split.
    const isOther = unknown.length === values.size && !["split", "splits"].includes(name);
    if (!isEmpty && !isOther) throw unknownSplits(columns[column], unknown, path);
  }
  const truths = columns.findIndex((each, column) => {
    return (
      TRUTH_NAMES.has(lettersOf(each)) &&
      [...valuesOf(column)].every((cell) => TRUTHS.has(cell.toLowerCase()))
    );
  });
  if (truths >= 0) return truthsIn(columns, truths);
  const unnamed = columns.findIndex((name, column) => {
    return !isLabelName(name) && areSplits(valuesOf(column));
  });
  return unnamed < 0 ? undefined : wordsIn(columns, unnamed);
}

/** Whether these name several splits, with training among them, and nothing else. */
function areSplits(values: ReadonlySet<string>): boolean {
  if (values.size > MOST_VALUES) return false;
  const splits = new Set([...values].map(splitOf));
  return splits.size > 1 && splits.has("train") && !splits.has(undefined);
}

function wordsIn(columns: readonly string[], column: number): SplitColumn {
  return {
    column,
    of: (cell, place) => {
      const split = splitOf(cell);
      if (split === undefined) throw unknownSplits(columns[column], [cell], place());
      return split;
    },
  };
}

function truthsIn(columns: readonly string[], column: number): SplitColumn {
  const [whenTrue, whenFalse] = TRUTH_NAMES.get(lettersOf(columns[column]))!;
  return {
    column,
    of: (cell, place) => {
      const truth = TRUTHS.get(cell.toLowerCase());
      if (truth === undefined)
        throw new UsageError(
          `${place()}: the column "${columns[column]}" has "${cell}", which is not 1 or 0`,
        );
      return truth ? whenTrue : whenFalse;
    },
  };
}

function unknownSplits(column: string, unknown: readonly string[], place: string): UsageError {
  const shown = unknown.slice(0, 3).map((cell) => (cell === "" ? "nothing" : `"${cell}"`));
  const list = unknown.length > shown.length ? `${shown.join(", ")}, …` : shown.join(" and ");
  return new UsageError(
    `${place}: the column "${column}" has ${list} for a split: write train, val or test, or rename the column if it means ` +
      "something else",
  );
}
