// Checks that the folders taken as classes are classes: that they are on the right level, and have pictures.

import { readablePath } from "../../common/path-bytes.ts";
import { isEmptyFolder, kindsOf } from "./entries.ts";
import { folderNames, LayoutError } from "./layout-error.ts";
import { splitOf } from "./split-names.ts";
import { allOthers, hasOnlyFolders, hasPictures, type Tree, withoutWrappers } from "./tree.ts";

/** Folders of at least this many classes make a dataset. */
const LEAST_CLASSES = 2;

/**
 * @param given the path as given, for the error.
 * @param folder the folder of the classes.
 * @param notes gets a note if every class contains only folders, whose pictures are taken together.
 * @throws LayoutError if the classes are probably one level further down, or are splits.
 */
export function checkClasses(given: string, folder: string, classes: readonly Tree[], notes: string[]): void {
  checkWrapper(given, folder, classes);
  checkSplitsWithin(given, folder, classes);
  checkAnnotations(given, folder, classes);
  const divided = classes.filter(isDivided);
  checkSameWithin(given, folder, divided);
  if (divided.length < LEAST_CLASSES || divided.length < classes.length) return;
  const [first] = divided;
  const inner = folderNames(withoutWrappers(first).folders.map(nameOf));
  notes.push(
    `the classes are ${folderNames(classes.map(nameOf))}, each with the pictures of all folders in it (${nameOf(first)}/: ` +
      `${inner}); if those are the classes, give the folder that contains them`,
  );
}

/** A class that contains only folders, two or more, also if they are further down. */
function isDivided(tree: Tree): boolean {
  return (
    hasOnlyFolders(tree) &&
    withoutWrappers(tree).folders.length >= LEAST_CLASSES &&
    hasOnlyFolders(withoutWrappers(tree))
  );
}

/** One folder around the class folders. */
function checkWrapper(given: string, folder: string, classes: readonly Tree[]): void {
  if (classes.length !== 1) return;
  const inner = innermost(classes[0]);
  const filled = inner.folders.filter(hasPictures);
  if (filled.length < LEAST_CLASSES && !filled.some(({ name }) => splitOf(name) === "train")) return;
  throw new LayoutError(
    `${readablePath(folder)} contains a single folder, with ${folderNames(filled.map(nameOf))} in it: give ${readablePath(inner.path)}`,
    given,
    readablePath(inner.path),
  );
}

/** Like withoutWrappers, but a folder of splits is not passed. */
function innermost(tree: Tree): Tree {
  const [only] = tree.folders;
  if (!hasOnlyFolders(tree) || tree.folders.length > 1 || splitOf(only.name)) return tree;
  return innermost(only);
}

/** cats/train/ and cats/test/: splits within classes, or several datasets in one folder. */
function checkSplitsWithin(given: string, folder: string, classes: readonly Tree[]): void {
  const ofSplits = classes.filter((tree) => {
    const splits = withoutWrappers(tree).folders.map(({ name }) => splitOf(name));
    return (
      hasOnlyFolders(tree) && splits.length > 1 && splits.includes("train") && !splits.includes(undefined)
    );
  });
  const [first] = ofSplits;
  if (!first) return;
  const inner = withoutWrappers(first);
  const names = folderNames(ofSplits.map(nameOf));
  const contain = ofSplits.length === 1 ? "contains" : "contain";
  const found = `${readablePath(folder)}: ${names} ${contain} splits (${folderNames(inner.folders.map(nameOf))})`;
  if (inner.folders.every(({ pictures }) => pictures.length === 0)) {
    const meant = readablePath(inner.path);
    throw new LayoutError(`${found}: give one dataset, such as ${meant}`, given, meant);
  }
  const split = nameOf(inner.folders.find(({ name }) => splitOf(name) === "train")!);
  throw new LayoutError(
    `${found}: put the classes into the splits, such as ${split}/${nameOf(first)}/ instead of ${nameOf(first)}/${split}/`,
    given,
  );
}

const CONTAINERS = /^(images?|imgs?|jpegimages|pictures?|photos?)$/i;
const ANNOTATIONS =
  /^(masks?|labels?|annotations?|boxes|bboxes|gt|ground[-_ ]?truths?|segmentation(class|object)?)$/i;

/** Whether a folder of this name contains pictures, or annotations of pictures, of all classes. */
export function isContainerName(name: string): boolean {
  return CONTAINERS.test(name) || ANNOTATIONS.test(name);
}

/** images/ and masks/: pictures for another task than classification. */
function checkAnnotations(given: string, folder: string, classes: readonly Tree[]): void {
  const names = classes.map(nameOf);
  const isOne = names.every(isContainerName);
  const hasBoth = names.some((name) => CONTAINERS.test(name)) && names.some((name) => ANNOTATIONS.test(name));
  // Class folders may be in one of them.
  if (!isOne || !hasBoth || classes.some(isDivided)) return;
  throw new LayoutError(
    `${readablePath(folder)}: ${folderNames(names)} look like pictures and annotations for another task, not like classes: ` +
      "put the pictures of each class into a separate folder, or add a CSV file of their labels (docs/data-layouts.md)",
    given,
  );
}

/** Folders that contain the same folders are splits of a kind that we do not know. */
function checkSameWithin(given: string, folder: string, divided: readonly Tree[]): void {
  for (const [i, first] of divided.entries()) {
    const names = new Set(withoutWrappers(first).folders.map(({ name }) => name));
    for (const second of divided.slice(i + 1)) {
      const others = withoutWrappers(second).folders.map(({ name }) => name);
      const same = others.filter((name) => names.has(name));
      if (same.length < LEAST_CLASSES || 2 * same.length < Math.min(names.size, others.length)) continue;
      const both = folderNames([first, second].map(nameOf));
      throw new LayoutError(
        `${readablePath(folder)}: ${both} contain only folders, and the same ones (${folderNames(same.map(readablePath))}): ` +
          "if they are splits, name them train/, val/ and test/; if they are classes, put their pictures directly into them",
        given,
      );
    }
  }
}

/**
 * @param classes all classes, one of which may contain what is meant.
 * @throws LayoutError saying what a class without pictures contains.
 */
export function checkFilled(given: string, tree: Tree, classes: readonly Tree[]): void {
  if (hasPictures(tree)) return;
  const shown = readablePath(tree.path);
  const name = `class "${nameOf(tree)}" (${shown})`;
  const others = allOthers(tree);
  const [dataset, ...more] = classes.filter((other) => isDivided(other) && hasPictures(other));
  if (dataset && more.length === 0) {
    const meant = readablePath(withoutWrappers(dataset).path);
    const inner = folderNames(withoutWrappers(dataset).folders.map(nameOf));
    throw new LayoutError(
      `${shown} contains no pictures, and ${meant} contains ${inner}: give ${meant}`,
      given,
      meant,
    );
  }
  if (others.length > 0) {
    throw new LayoutError(
      `${name} has no picture that can be read, only ${kindsOf(others)}: save its pictures as PNG or JPEG, or give ` +
        "a folder that contains only class folders",
      given,
    );
  }
  if (tree.folders.length > 0)
    throw new LayoutError(`${name} contains only empty folders: add pictures`, given);
  if (isEmptyFolder(tree.path)) throw new LayoutError(`${name} is empty: add pictures or remove it`, given);
  throw new LayoutError(
    `${name} has no pictures, only hidden files or files of the system: add pictures`,
    given,
  );
}

function nameOf({ name }: Pick<Tree, "name">): string {
  return readablePath(name);
}
