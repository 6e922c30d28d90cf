// Reads arrays of images and labels: numpy's `.npz` and `.npy`, MATLAB's `.mat`, Python pickles, and tables with a column for
// each pixel; one file, or a folder with files of the splits or of single arrays.

import { basename, resolve } from "node:path";
import { UsageError } from "../../common/errors.ts";
import { readablePath } from "../../common/path-bytes.ts";
import type { ArrayUse } from "../dataset.ts";
import type { DatasetContent, DatasetReader, ReadOptions } from "../reader.ts";
import { checkNames, classesOf, type SplitLabels } from "./arrays/classes.ts";
import { knownClasses, withConventions } from "./arrays/conventions.ts";
import {
  type ArrayFile,
  arrayFilesIn,
  findArrayFiles,
  hasTrainingArchive,
  isFile,
  isFolder,
  stemOf,
} from "./arrays/files.ts";
import { type PixelScale, readImages, scaleOf } from "./arrays/images.ts";
import { kindOfArrays, whyUnsupported } from "./arrays/kinds.ts";
import { formOfLabels, readLabels } from "./arrays/labels.ts";
import { type ImageLayout, layoutOf } from "./arrays/layout.ts";
import { parseArrayName } from "./arrays/names.ts";
import { openArrays } from "./arrays/open.ts";
import { type ArrayPair, type Pairing, pairArrays } from "./arrays/pairs.ts";
import { about } from "./arrays/problem.ts";
import {
  type FoundArray,
  placeOf,
  plainText,
  readTexts,
  type StoredArray,
  shownName,
} from "./arrays/stored-array.ts";
import { nameOfType, shapeText } from "./arrays/values.ts";
import { holdsPictures } from "./tree.ts";

/** No dataset has more classes. */
const MOST_CLASSES = 1_000_000;

export const arraysReader: DatasetReader = {
  reads: "a file of arrays (.npz, .npy, .mat, a pickle, or a CSV file with a column for each pixel)",
  uses: "arrays",
  recognises: (path) => {
    if (!isFolder(path)) return isFile(path) && kindOfArrays(path) !== undefined;
    return hasTrainingArchive(path) || (!holdsPictures(path) && canBeData(arrayFilesIn(path)));
  },
  files: (path) => findArrayFiles(path).map((file) => file.path),
  sizes: async (path, options) => {
    const { pairs } = (await openAll(path, options)).pairing;
    const sizes = pairs.map((pair) => {
      const { count, height, width } = layoutOf(pair.images, pair.count, options.arrays?.channels);
      return { split: pair.split, count, height, width };
    });
    return {
      sizes: sizes.map(({ count, height, width }) => ({ count, height, width })),
      counts: Object.fromEntries(sizes.map(({ split, count }) => [split, count])),
    };
  },
  read: async (path, options) => {
    const { pairing, notes } = await openAll(path, options);
    const content = await readPairs(pairing, readablePath(path), options);
    return { ...content, notes: [...notes, ...(content.notes ?? [])] };
  },
};

/** Whether files of arrays may be a dataset: not if each is an array that could be anything, such as one image of a class. */
function canBeData(files: readonly ArrayFile[]): boolean {
  const roles = files.map(({ path }) => parseArrayName(stemOf(path)).role);
  const hasPair = roles.includes("images") && roles.includes("labels");
  return hasPair || files.some(({ kind }) => kind !== "npy");
}

/** The arrays at a path, paired. */
async function openAll(
  path: string,
  { arrays: settings }: Pick<ReadOptions, "arrays">,
): Promise<{ pairing: Pairing; notes: readonly string[] }> {
  const files = findArrayFiles(path);
  const shown = readablePath(path);
  if (files.length === 0)
    throw new UsageError(`${shown}: ${whyUnsupported(path) ?? "it contains no arrays of images and labels"}`);
  const arrays = await openArrays(files);
  const isAlone = !isFolder(path) && files[0].kind === "npy";
  const pairing = pairArrays(isAlone ? besideFile(arrays, shown) : arrays, shown, {
    names: settings?.names ?? null,
    isOneSplit: isAlone,
  });
  return { pairing, notes: [...notesOnFiles(path, files), ...pairing.notes] };
}

/** A note for each file in a folder that is not read, because its name says no split. */
function notesOnFiles(path: string, files: readonly ArrayFile[]): string[] {
  const read = new Set(files.map((file) => file.path));
  return arrayFilesIn(path)
    .filter((file) => !read.has(file.path))
    .map((file) => `${readablePath(file.path)} is not used: its name says no split`);
}

/** Of the arrays in a folder, a file's own and those that may belong to it. */
function besideFile(arrays: readonly FoundArray[], path: string): FoundArray[] {
  const own = arrays.find(({ file }) => resolve(file) === resolve(path));
  if (!own) throw new UsageError(`${path}: it contains no array`);
  const { split, rest } = parseArrayName(own.name);
  return arrays.filter((array) => {
    const name = parseArrayName(array.name);
    return array === own || name.role === "names" || (name.split === split && name.rest === rest);
  });
}

/** What is known of a pair before its images are read. */
interface Prepared {
  readonly pair: ArrayPair;
  readonly layout: ImageLayout;
  readonly scale: PixelScale;
  readonly form: string;
}

async function readPairs(
  { pairs, names }: Pairing,
  path: string,
  options: ReadOptions,
): Promise<DatasetContent> {
  const given = names && (await about(placeOf(names, path), () => readClassNames(names)));
  const found = await Promise.all(pairs.map((pair) => labelsOf(pair, path)));
  const train = found[0].found;
  const classes = classesOf(found, given, knownClasses(pairs[0].images, train));
  const notes: string[] = [...classes.notes];
  const prepared: Prepared[] = [];
  for (const [i, pair] of pairs.entries()) {
    if (!classes.labels.has(pair.split)) continue;
    const images = withConventions(pair.images, train);
    const place = placeOf(images, path);
    const layout = await about(place, async () => layoutOf(images, pair.count, options.arrays?.channels));
    const scale = await about(place, () => scaleOf(images, options));
    prepared.push({ pair: { ...pair, images }, layout, scale, form: formOfLabels(found[i].found) });
  }
  checkScales(prepared, path);
  const splits: Partial<Record<ArrayPair["split"], DatasetContent["train"]>> = {};
  for (const { pair, layout, scale } of prepared) {
    const place = placeOf(pair.images, path);
    const read = await about(place, () => readImages(pair.images, layout, scale, options));
    if (read.note) notes.push(`${place}: ${read.note}`);
    splits[pair.split] = { images: read.images, labels: classes.labels.get(pair.split)! };
  }
  notes.push(...notesOn(prepared, path));
  return {
    ...{ classNames: classes.classNames, ...splits, train: splits.train!, skipped: [], notes },
    arrays: prepared.map((each) => useOf(each, path)),
  };
}

async function readClassNames(names: StoredArray): Promise<readonly string[]> {
  const texts = (await readTexts(names, MOST_CLASSES)).map(plainText);
  checkNames(texts);
  return texts;
}

async function labelsOf({ split, labels, count }: ArrayPair, path: string): Promise<SplitLabels> {
  const source = placeOf(labels, path);
  return { split, source, found: await about(source, () => readLabels(labels, count)) };
}

/** @throws UsageError if splits differ in their range of values: one of them would be black, or white. */
function checkScales(prepared: readonly Prepared[], path: string): void {
  const other = prepared.find(({ scale }) => scale.isUnit !== prepared[0].scale.isUnit);
  if (!other) return;
  const words = [prepared[0], other].map(
    ({ pair, scale }) => `${placeOf(pair.images, path)}: ${scale.words || "0 to 255"}`,
  );
  throw new UsageError(`the splits have different ranges of values (${words.join("; ")}): scale them alike`);
}

/** What was done to the images that their author may not expect. */
function notesOn(prepared: readonly Prepared[], path: string): string[] {
  const [{ pair, layout, scale }] = prepared;
  const place = placeOf(pair.images, path);
  const notes: string[] = [];
  // A table has a column for each pixel; rows of other files may be anything.
  if (layout.isFlat && pair.images.origin !== "table") notes.push(`${place}: ${layout.words}`);
  if (layout.note) notes.push(`${place}: ${layout.note}`);
  if (scale.isUnit) notes.push(`${place}: ${scale.words}`);
  if (pair.images.isTransposed)
    notes.push(`${place}: EMNIST stores its images with rows and columns swapped; they are turned upright`);
  return notes;
}

function useOf({ pair, layout, scale, form }: Prepared, path: string): ArrayUse {
  const { split, images, labels } = pair;
  const part = (array: StoredArray, words: readonly string[]) => ({
    name: nameIn(array, path),
    stored: `${array.isFloats ? "float" : nameOfType(array.type)} ${shapeText(array.shape)}`,
    read: words.filter(Boolean).join("; "),
  });
  return {
    split,
    images: part(images, [layout.words, scale.words]),
    labels: part(labels, [form, labels.words ?? ""]),
  };
}

/** The name of an array, with its file if that is one of several. */
function nameIn({ file, name }: StoredArray, path: string): string {
  if (stemOf(file) === name) return basename(file);
  return file === path ? shownName(name) : `${basename(file)}: ${shownName(name)}`;
}
