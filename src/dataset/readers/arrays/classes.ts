// From labels as they are in files to classes with names: numbers from 0 or from 1, a column per class, or texts.

import { formatValue, UsageError } from "../../../common/errors.ts";
import { numberedClasses, type SplitName } from "../../reader.ts";
import type { KnownClasses } from "./conventions.ts";
import type { FoundLabels } from "./labels.ts";
import { ArrayProblem } from "./problem.ts";

/** The labels of one split. */
export interface SplitLabels {
  readonly split: SplitName;
  readonly found: FoundLabels;
  /** Names the labels in messages. */
  readonly source: string;
}

export interface Classes {
  readonly classNames: readonly string[];
  /** The label of each image, for the splits that are used. */
  readonly labels: ReadonlyMap<SplitName, Int32Array>;
  readonly notes: readonly string[];
}

/**
 * @param splits the training split first.
 * @param given names of classes in the file.
 * @throws UsageError if labels contradict each other, or cannot be class numbers.
 */
export function classesOf(
  splits: readonly SplitLabels[],
  given: readonly string[] | undefined,
  known?: KnownClasses,
): Classes {
  const [train] = splits;
  const isText = ({ found }: SplitLabels) => "texts" in found;
  const other = splits.find((each) => isText(each) !== isText(train));
  if (other) {
    const [texts, numbers] = isText(train) ? [train, other] : [other, train];
    throw new UsageError(`${texts.source} has texts, but ${numbers.source} numbers: label all splits alike`);
  }
  if (known && !given) return ofKnown(splits, known);
  return isText(train) ? ofTexts(splits, given) : ofNumbers(splits, given);
}

function ofKnown(splits: readonly SplitLabels[], { names, note }: KnownClasses): Classes {
  const classNames = [...new Set(names.values())];
  const index = new Map([...names].map(([label, name]) => [label, classNames.indexOf(name)]));
  const labels = splits.map(({ split, found, source }) => {
    const stored = "texts" in found ? found.texts.map(Number) : [...found.numbers];
    const unknown = stored.find((label) => !index.has(label));
    if (unknown !== undefined)
      throw new UsageError(`${source}: a label is ${unknown}, which no training image has`);
    return [split, Int32Array.from(stored, (label) => index.get(label)!)] as const;
  });
  return { classNames, labels: new Map(labels), notes: note === undefined ? [] : [note] };
}

function ofTexts(splits: readonly SplitLabels[], given: readonly string[] | undefined): Classes {
  const textsOf = ({ found }: SplitLabels) => ("texts" in found ? found.texts.map(normal) : []);
  const [train] = splits;
  const empty = textsOf(train).indexOf("");
  if (empty >= 0) throw new UsageError(`${train.source}: the label of image ${empty} is empty`);
  const classNames = given ?? sortClasses(new Set(textsOf(train)));
  const index = new Map(classNames.map((name, i) => [name, i]));
  const notes: string[] = [];
  const labels = new Map<SplitName, Int32Array>();
  for (const each of splits) {
    const texts = textsOf(each);
    const unknown = texts.findIndex((text) => !index.has(text));
    if (unknown < 0) {
      labels.set(
        each.split,
        Int32Array.from(texts, (text) => index.get(text)!),
      );
      continue;
    }
    const what = `its image ${unknown} has the class ${formatValue(texts[unknown])}, which ${given ? "is not one of the class names" : "no training image has"}`;
    if (each.split !== "test" || given) throw new UsageError(`${each.source}: ${what}`);
    notes.push(`the test images are set aside: ${each.source}: ${what}`);
  }
  return { classNames, labels, notes };
}

/** `5.0` in a table is the class 5. */
function normal(text: string): string {
  return /^-?\d+\.0*$/.test(text) ? String(Number(text)) : text;
}

/** By number if all are numbers, else by code unit, as in Python. */
function sortClasses(names: ReadonlySet<string>): string[] {
  const all = [...names];
  const areNumbers = all.every((name) => /^-?\d+$/.test(name));
  return areNumbers ? all.sort((a, b) => Number(a) - Number(b)) : all.sort((a, b) => (a < b ? -1 : 1));
}

function ofNumbers(splits: readonly SplitLabels[], given: readonly string[] | undefined): Classes {
  const numbersOf = ({ found }: SplitLabels) => ("numbers" in found ? found.numbers : new Int32Array());
  const columns = splits.map(({ found }) => ("numbers" in found ? found.classes : undefined));
  const [train] = splits;
  const labels = new Map(splits.map((each) => [each.split, numbersOf(each)]));
  if (
    columns.some((classes) => classes !== columns[0] && classes !== undefined && columns[0] !== undefined)
  ) {
    const counts = splits.map(({ source }, i) => `${source}: ${columns[i]}`).join(", ");
    throw new UsageError(`the splits have different numbers of columns, one for each class (${counts})`);
  }
  if (columns[0] !== undefined) return ofColumns(labels, columns[0], given, train.source);
  const numbers = numbersOf(train);
  const all = splits.map(numbersOf);
  const isFromOne = numbers.length > 0 && all.every((part) => leastOf(part) >= 1) && isWithoutGaps(numbers);
  if (isFromOne && (given === undefined || given.length === mostOf(numbers))) {
    const count = mostOf(numbers);
    const classNames = given ?? Array.from({ length: count }, (_, i) => String(i + 1));
    const note = `labels count from 1 (${train.source}: 1 to ${count})`;
    return { classNames, labels: shifted(labels, 1), notes: [note] };
  }
  return { classNames: given ?? numberedClasses(numbers, train.source), labels, notes: [] };
}

function ofColumns(
  labels: ReadonlyMap<SplitName, Int32Array>,
  count: number,
  given: readonly string[] | undefined,
  source: string,
): Classes {
  if (given && given.length !== count) {
    throw new UsageError(
      `${source}: there are ${count} columns, one for each class, but ${given.length} class names`,
    );
  }
  const classNames = given ?? Array.from({ length: count }, (_, i) => String(i));
  return { classNames, labels, notes: [] };
}

function shifted(labels: ReadonlyMap<SplitName, Int32Array>, first: number): Map<SplitName, Int32Array> {
  return new Map([...labels].map(([split, numbers]) => [split, numbers.map((label) => label - first)]));
}

function leastOf(numbers: Int32Array): number {
  return numbers.reduce((least, label) => Math.min(least, label), Number.POSITIVE_INFINITY);
}

function mostOf(numbers: Int32Array): number {
  return numbers.reduce((most, label) => Math.max(most, label), Number.NEGATIVE_INFINITY);
}

/** Whether every number from 1 to the highest one occurs. */
function isWithoutGaps(numbers: Int32Array): boolean {
  const present = new Set(numbers);
  return present.size === mostOf(numbers);
}

/** @throws ArrayProblem if a name is empty, or two classes have the same. */
export function checkNames(names: readonly string[]): void {
  const empty = names.findIndex((name) => name.trim() === "");
  if (empty >= 0) throw new ArrayProblem(`the name of class ${empty} is empty`);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new ArrayProblem(`two classes are named ${formatValue(twice)}`);
}
