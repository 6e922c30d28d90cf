// Recognises columns of text that have several classes in one value, as datasets with several labels for each picture do.

import { UsageError } from "../../common/errors.ts";

/** What separates classes in a value; spaces are also within names. */
const SEPARATORS = /[,;|]/;

/** A column of classes, or another place of them. */
interface ClassColumn {
  /** The file, as in messages. */
  readonly path: string;
  /** What the values are in: `the column "label"`. */
  readonly what: string;
  /** All different values. */
  readonly classes: ReadonlySet<string>;
  /** What `label_column` is set to if they are single classes nevertheless. */
  readonly setting: string;
  /** Whether it is set to that. */
  readonly isChosen: boolean;
}

/**
 * @returns a note if some values are lists of classes, but the user has chosen the column.
 * @throws UsageError if the user has not.
 */
export function checkSingleClasses({ path, what, classes, setting, isChosen }: ClassColumn): string[] {
  const list = listAmong(classes);
  if (list === undefined) return [];
  if (isChosen) return [`${path}: "${list}" in ${what} is one class, as label_column is set to ${setting}`];
  throw new UsageError(
    `${path}: ${what} has several classes in one value ("${list}"), but a classifier needs one for each picture: keep one of ` +
      `them, or set label_column to ${setting} if that is the name of a class`,
  );
}

function listAmong(classes: ReadonlySet<string>): string | undefined {
  const all = [...classes];
  const written = all.find((name) => /^(\[\s*(['"\d]|[^\]]*,).*\]|[({]\s*['"].*[)}])$/.test(name));
  if (written !== undefined) return written;
  return separatedAmong(all) ?? spacedAmong(all);
}

/** A name of which each part, between separators, is also one of another name. */
function separatedAmong(classes: readonly string[]): string | undefined {
  const partsOf = (name: string) => [...new Set(name.split(SEPARATORS).map((part) => part.trim()))];
  const counts = countOf(classes.flatMap(partsOf));
  return classes.find((name) => {
    const parts = partsOf(name);
    return parts.length > 1 && parts.every((part) => part !== "" && counts.get(part)! > 1);
  });
}

/**
 * A name of words that are all classes by themselves; or one of many names, of different lengths, that are made of few words:
 * "golden retriever" is a class beside "golden eagle", but three tags in all orders are not.
 */
function spacedAmong(classes: readonly string[]): string | undefined {
  const single = new Set(classes);
  const wordsOf = (name: string) => name.split(/\s+/);
  const several = classes.filter((name) => wordsOf(name).length > 1);
  const ofClasses = several.find((name) => wordsOf(name).every((word) => single.has(word)));
  if (ofClasses !== undefined) return ofClasses;
  const words = new Set(classes.flatMap(wordsOf));
  const lengths = new Set(classes.map((name) => wordsOf(name).length));
  return lengths.size > 2 && 2 * words.size < classes.length ? several[0] : undefined;
}

function countOf(parts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1);
  return counts;
}
