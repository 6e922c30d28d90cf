// Which arrays are the images, and which their labels: by their names, by what they contain, or by the setting `arrays`.

import { formatValue, UsageError } from "../../../common/errors.ts";
import { type ArraySettings, SPLITS, type SplitName } from "../../reader.ts";
import { canBeLabels, labelCounts } from "./labels.ts";
import { canBeImages, possibleCounts } from "./layout.ts";
import { type ArrayName, parseArrayName } from "./names.ts";
import { type FoundArray, isReadable, placeOf, type StoredArray, shownName } from "./stored-array.ts";
import { isText, shapeText } from "./values.ts";

/** The images and labels of a split. */
export interface ArrayPair {
  readonly split: SplitName;
  readonly images: StoredArray;
  readonly labels: StoredArray;
  /** Along which axes both agree. */
  readonly count: number;
}

export interface Pairing {
  /** The training pair first. */
  readonly pairs: readonly ArrayPair[];
  /** The names of the classes. */
  readonly names: StoredArray | undefined;
  readonly notes: readonly string[];
}

/** An array with what its name says. */
interface Named {
  readonly array: FoundArray;
  readonly name: ArrayName;
  /** Of its name, or else of its file. */
  readonly split: SplitName | undefined;
}

/** If there are several pairs, the first of these is used: the usual names, in lower case. */
const USUAL: readonly (readonly [string, string])[] = [
  ["x_train", "y_train"],
  ["train_images", "train_labels"],
  ["x_val", "y_val"],
  ["x_valid", "y_valid"],
  ["val_images", "val_labels"],
  ["x_test", "y_test"],
  ["test_images", "test_labels"],
  ["images", "labels"],
  ["x", "y"],
];

interface PairingOptions extends Pick<ArraySettings, "names"> {
  /** Whether all arrays are of one split, also if their names say another. */
  readonly isOneSplit: boolean;
}

const EXPECTED = "expected x_train and y_train, images and labels, or x and y";

/**
 * @param path names the data in errors.
 * @throws UsageError if there are no images with labels, or several could be meant.
 */
export function pairArrays(
  arrays: readonly FoundArray[],
  path: string,
  { names: given, isOneSplit }: PairingOptions,
): Pairing {
  const named = arrays.map((array): Named => {
    const name = parseArrayName(array.name);
    return { array, name, split: isOneSplit ? undefined : splitIn(array, name) };
  });
  const names = findNames(named, path);
  const others = named.filter(({ array }) => array !== names);
  if (given) return { ...givenPairs(others, path, given), names };
  const notes: string[] = [];
  const pairs = SPLITS.flatMap((split) => findPair(others, split, { path, notes }) ?? []);
  if (pairs[0]?.split !== "train")
    throw pairs.length > 0 ? lacksTraining(pairs, path) : lacksImages(arrays, path);
  const used = new Set<FoundArray>(pairs.flatMap(({ images, labels }) => [images, labels]));
  notes.push(...notesOnUnused(others, used, path));
  return { pairs, names, notes };
}

/** A file's own split counts, but for a training file, which may have all. */
function splitIn({ split }: FoundArray, name: ArrayName): SplitName | undefined {
  if (split === "validation" || split === "test") return split;
  return name.split ?? split;
}

function findNames(named: readonly Named[], path: string): StoredArray | undefined {
  for (const { array, name } of named) {
    if (name.role !== "names") continue;
    if (!isReadable(array)) {
      if (/^class_?names$/i.test(array.name)) throw problemOf(array, path);
      continue;
    }
    if (isText(array.type) && array.shape.length === 1) return array;
  }
  return undefined;
}

function problemOf(array: FoundArray, path: string): UsageError {
  const reason = isReadable(array) ? "it is not used" : array.problem;
  return new UsageError(`${placeOf(array, path)}: ${reason}`);
}

function givenPairs(
  named: readonly Named[],
  path: string,
  given: NonNullable<ArraySettings["names"]>,
): Pick<Pairing, "pairs" | "notes"> {
  const find = (wanted: string): StoredArray => {
    const found = named.filter(({ array }) => array.name.toLowerCase() === wanted.toLowerCase());
    const [{ array } = { array: undefined }] = found
      .filter(({ array }) => array.name === wanted)
      .concat(found);
    if (!array)
      throw new UsageError(
        `arrays: ${path} has no ${formatValue(wanted)}; it contains ${listOf(named.map((each) => each.array))}`,
      );
    if (!isReadable(array)) throw problemOf(array, path);
    return array;
  };
  const pairs = SPLITS.flatMap((split): ArrayPair[] => {
    const names = given[split];
    return names ? [pairOf(split, find(names[0]), find(names[1]), path)] : [];
  });
  return { pairs, notes: [] };
}

interface Context {
  readonly path: string;
  readonly notes: string[];
}

/** The pair of a split. Without a split in any name, it is the training pair. */
function findPair(named: readonly Named[], split: SplitName, context: Context): ArrayPair | undefined {
  const own = named.filter((each) => each.split === split);
  const found = pairAmong(own, split, context);
  if (found || split !== "train") return found;
  return pairAmong(
    named.filter((each) => each.split === undefined),
    split,
    context,
  );
}

function pairAmong(named: readonly Named[], split: SplitName, context: Context): ArrayPair | undefined {
  const byName = pairsByName(named);
  const usual = usualPair(byName);
  if (usual) return checked(usual, split, context);
  const byContent = byName.length > 0 ? byName : pairsByContent(named);
  if (byContent.length > 1) throw ambiguous(byContent, named, split, context);
  if (byContent.length === 1) return checked(byContent[0], split, context);
  return withoutLabels(named, split, context);
}

type NamedPair = readonly [images: Named, labels: Named];

/** The first pair that has usual names; undefined if several have the same ones. */
function usualPair(pairs: readonly NamedPair[]): NamedPair | undefined {
  for (const [images, labels] of USUAL) {
    const found = pairs.filter((pair) => sameName(pair[0], images) && sameName(pair[1], labels));
    // Of `y` and `Y` nobody can know which is meant.
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
  }
  return undefined;
}

function sameName({ array }: Named, name: string): boolean {
  return array.name.toLowerCase() === name;
}

/** Arrays whose names say what they are, and have the same other words. */
function pairsByName(named: readonly Named[]): NamedPair[] {
  const images = named.filter(
    ({ name, array }) => name.role === "images" && (!isReadable(array) || isLikeImages(array)),
  );
  const labels = named.filter(({ name }) => name.role === "labels");
  return images.flatMap((image) =>
    labels.flatMap((label): NamedPair[] => (label.name.rest === image.name.rest ? [[image, label]] : [])),
  );
}

/** Images are numbers with a usual shape; but for a name that says nothing else, another shape is a mistake. */
function isLikeImages({ type, shape, name }: StoredArray): boolean {
  return (canBeImages(shape) && !isText(type)) || parseArrayName(name).rest === "";
}

/** Arrays that have the shapes of images and of as many labels. Flat images count only if there are no others. */
function pairsByContent(named: readonly Named[]): NamedPair[] {
  const readable = named.filter(({ array }) => isReadable(array));
  const shaped = (least: number) =>
    readable.filter(({ array, name }) => {
      const { shape, type } = array as StoredArray;
      return shape.length >= least && canBeImages(shape) && !isText(type) && name.role !== "labels";
    });
  const images = shaped(3).length > 0 ? shaped(3) : shaped(2);
  const labels = readable.filter(
    (each) => !images.includes(each) && each.name.role !== "images" && canBeLabels(each.array as StoredArray),
  );
  const byRole = labels.filter(({ name }) => name.role === "labels");
  return images.flatMap((image) =>
    (byRole.length > 0 ? byRole : labels).flatMap((label): NamedPair[] => {
      const counts = labelCounts((label.array as StoredArray).shape);
      const isSame = possibleCounts((image.array as StoredArray).shape).some((count) =>
        counts.includes(count),
      );
      return isSame ? [[image, label]] : [];
    }),
  );
}

function checked([images, labels]: NamedPair, split: SplitName, { path }: Context): ArrayPair {
  for (const { array } of [images, labels]) if (!isReadable(array)) throw problemOf(array, path);
  return pairOf(split, images.array as StoredArray, labels.array as StoredArray, path);
}

function pairOf(split: SplitName, images: StoredArray, labels: StoredArray, path: string): ArrayPair {
  const counts = possibleCounts(images.shape);
  const wanted = labelCounts(labels.shape);
  const count = counts.find((each) => wanted.includes(each));
  if (count !== undefined) return { split, images, labels, count };
  // The layout will say what is wrong with images of another shape.
  if (!canBeImages(images.shape)) return { split, images, labels, count: images.shape[0] ?? 0 };
  const place =
    images.file === labels.file || labels.file === "" ? shownName(labels.name) : placeOf(labels, path);
  const found =
    wanted.length === 1
      ? `${place} ${wanted[0]} labels`
      : `${place} has the shape ${shapeText(labels.shape)}`;
  throw new UsageError(`${placeOf(images, path)} has ${counts[0]} images, ${found}`);
}

/** Images whose labels are missing: an error, but the test images are not needed. */
function withoutLabels(named: readonly Named[], split: SplitName, { path, notes }: Context): undefined {
  const images = named.find(
    ({ name, array }) => name.role === "images" && isReadable(array) && canBeImages(array.shape),
  );
  if (!images) return undefined;
  const place = placeOf(images.array, path);
  if (split === "test") {
    notes.push(`${place} is set aside: it has no labels`);
    return undefined;
  }
  const usual = USUAL.find(([name]) => sameName(images, name));
  if (!usual) return undefined;
  const others = named.filter((each) => each !== images).map(({ array }) => array);
  const found = others.length > 0 ? `; it contains ${listOf(others)} besides: ${HOW}` : "";
  throw new UsageError(
    `${path}: it has ${shownName(images.array.name)} but not its labels ${usual[1]}${found}`,
  );
}

const HOW = "name them, such as --set arrays=[pictures,kinds]";

function ambiguous(
  pairs: readonly NamedPair[],
  named: readonly Named[],
  split: SplitName,
  { path }: Context,
): UsageError {
  const [[images, labels]] = pairs;
  const own = [images, labels].map(({ array }) => shownName(array.name)).join(",");
  const setting = split === "train" ? `[${own}]` : `{${split}: [${own}]}`;
  return new UsageError(
    `${path}: it is not clear which arrays are the ${split} images and labels: ${listOf(named.map(({ array }) => array))}; ` +
      `name them, such as --set arrays='${setting}'`,
  );
}

function lacksTraining(pairs: readonly ArrayPair[], path: string): UsageError {
  const splits = pairs.map(({ split }) => split).join(" and ");
  const names = pairs.map(({ images }) => placeOf(images, path)).join(", ");
  return new UsageError(
    `${path} has only ${splits} images (${names}): add training images, such as x_train and y_train`,
  );
}

function lacksImages(arrays: readonly FoundArray[], path: string): UsageError {
  const names = arrays.slice(0, MOST_LISTED).map(({ name }) => shownName(name));
  const more = arrays.length > MOST_LISTED ? ` and ${arrays.length - MOST_LISTED} more` : "";
  const found = `${names.join(", ")}${more}` || "nothing";
  const how = arrays.length > 1 ? `; or ${HOW}` : "";
  return new UsageError(`${path} contains ${found}; ${EXPECTED}${how}${whyUnread(arrays)}`);
}

/** Why one of the arrays is not read, which may be the images or the labels. */
function whyUnread(arrays: readonly FoundArray[]): string {
  const unread = arrays.filter((array) => !isReadable(array));
  const array = unread.find(({ name }) => parseArrayName(name).role !== undefined) ?? unread.at(0);
  return array && !isReadable(array) ? `; ${shownName(array.name)}: ${array.problem}` : "";
}

/** At most this many arrays are named. */
const MOST_LISTED = 8;

function listOf(arrays: readonly FoundArray[]): string {
  const shown = arrays
    .slice(0, MOST_LISTED)
    .map((array) => shownName(array.name) + (isReadable(array) ? ` ${shapeText(array.shape)}` : ""));
  return arrays.length > MOST_LISTED
    ? `${shown.join(", ")} and ${arrays.length - MOST_LISTED} more`
    : shown.join(", ");
}

/** Arrays that could have been images. */
function notesOnUnused(named: readonly Named[], used: ReadonlySet<FoundArray>, path: string): string[] {
  return named.flatMap(({ array, name }) => {
    if (used.has(array) || !isReadable(array) || array.shape.length < 3 || !canBeImages(array.shape))
      return [];
    // A note says already that they have no labels.
    return name.role === "images" && splitIn(array, name) === "test"
      ? []
      : [`${placeOf(array, path)} is not used`];
  });
}
