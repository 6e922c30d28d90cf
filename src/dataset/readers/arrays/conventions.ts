// How the authors of well-known datasets store images and number classes: EMNIST (Cohen et al. 2017), SVHN (Netzer et al.
// 2011), STL-10 (Coates et al. 2011).

import { basename, dirname, resolve } from "node:path";
import type { FoundLabels } from "./labels.ts";
import type { StoredArray } from "./stored-array.ts";

/** The name of each label's class, in the order of the classes. */
export interface KnownClasses {
  readonly names: ReadonlyMap<number, string>;
  readonly note?: string;
}

const DIGITS = "0123456789";
const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const MERGED = `${DIGITS}${CAPITALS}abdefghnqrt`;

/** The sets of EMNIST by the words in their names, and their characters. */
const EMNIST: readonly (readonly [word: string, first: number, characters: string])[] = [
  ["letters", 1, CAPITALS],
  ["balanced", 0, MERGED],
  ["bymerge", 0, MERGED],
  ["byclass", 0, `${DIGITS}${CAPITALS}abcdefghijklmnopqrstuvwxyz`],
  ["digits", 0, DIGITS],
  ["mnist", 0, DIGITS],
];

/** The part of a path in which its authors' names are: a file and its folder. */
function nameOf(path: string): string {
  const whole = resolve(path);
  return `${basename(dirname(whole))}/${basename(whole)}`;
}

/** Whether files of this name are EMNIST's, whose images have rows and columns swapped. */
export function isEmnist(path: string): boolean {
  return /(^|[^a-z])emnist/i.test(nameOf(path));
}

const LETTERS = 26;
const LETTER_SIDE = 28;

/** Whether these are EMNIST's letters, by what they contain: 26 labels from 1, images of 28 × 28. */
export function areEmnistLetters(labels: Iterable<number>, height: number, width: number): boolean {
  const present = new Set(labels);
  const isComplete =
    present.size === LETTERS && Math.min(...present) === 1 && Math.max(...present) === LETTERS;
  return isComplete && height === LETTER_SIDE && width === LETTER_SIDE;
}

/** EMNIST's classes, by the name of a file. */
export function emnistClasses(path: string, labels: Iterable<number>): KnownClasses | undefined {
  const present = new Set(labels);
  const name = nameOf(path)
    .toLowerCase()
    .replace(/emnist/g, "");
  for (const [word, first, characters] of EMNIST) {
    const last = first + characters.length - 1;
    if (
      !name.includes(word) ||
      present.size < 1 ||
      present.size > characters.length ||
      Math.min(...present) < first ||
      Math.max(...present) > last
    )
      continue;
    return { names: new Map(Array.from(characters, (character, i) => [first + i, character])) };
  }
  return undefined;
}

export const EMNIST_LETTERS: KnownClasses = {
  names: new Map(Array.from(CAPITALS, (character, i) => [1 + i, character])),
};

/** SVHN's labels: 10 is the digit 0. */
function svhnClasses(images: StoredArray, labels: Iterable<number>): KnownClasses | undefined {
  if (images.origin !== "matlab" || !/svhn|32x32/i.test(nameOf(images.file))) return undefined;
  const present = new Set(labels);
  const isSvhn =
    present.has(10) && present.size <= 10 && Math.min(...present) >= 1 && Math.max(...present) === 10;
  if (!isSvhn) return undefined;
  const names = new Map([[10, "0"], ...Array.from(DIGITS.slice(1), (digit, i) => [i + 1, digit] as const)]);
  return { names, note: "the label 10 is the digit 0, as in SVHN" };
}

/** The numbers of labels, also if they are texts in a table. */
function numbersOf(found: FoundLabels): number[] | undefined {
  if ("numbers" in found) return found.classes === undefined ? [...found.numbers] : undefined;
  const isNumeric = found.texts.every((text) => /^\d{1,9}$/.test(text));
  return isNumeric ? found.texts.map(Number) : undefined;
}

/** The classes of the training labels, if they are numbered as authors of well-known datasets do. */
export function knownClasses(images: StoredArray, found: FoundLabels): KnownClasses | undefined {
  const numbers = numbersOf(found);
  if (!numbers) return undefined;
  if (images.isTransposed) return emnistClasses(images.file, numbers);
  return isLetterTable(images, numbers) ? EMNIST_LETTERS : svhnClasses(images, numbers);
}

function isLetterTable({ origin, shape }: StoredArray, numbers: readonly number[]): boolean {
  const side = Math.sqrt(shape[1]);
  return origin === "table" && areEmnistLetters(numbers, side, side);
}

/** The images, with what their authors' conventions say of their order. @param found the training labels. */
export function withConventions(images: StoredArray, found: FoundLabels): StoredArray {
  const numbers = numbersOf(found);
  return numbers && isLetterTable(images, numbers) ? { ...images, isTransposed: true } : images;
}

/** Bytes of an image of STL-10: three planes of 96 × 96. */
const STL_IMAGE = 3 * 96 * 96;

/** What files of these names and contents are known to have. */
export function conventionsOf(array: StoredArray, names: ReadonlySet<string>): StoredArray {
  if (array.origin === "table" && isEmnist(array.file)) return { ...array, isTransposed: true };
  const isStl = array.origin === "matlab" && array.shape.length === 2 && array.shape[1] === STL_IMAGE;
  if (isStl && (names.has("fold_indices") || /stl/i.test(nameOf(array.file))))
    return { ...array, isByColumns: true };
  return array;
}
