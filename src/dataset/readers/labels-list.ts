// Lists pictures whose labels are in tables beside them: Kaggle's train.csv, Roboflow's _classes.csv, the metadata.csv or
// metadata.jsonl of Hugging Face, and others alike.

import { basename, dirname, posix, relative, sep } from "node:path";
import { count } from "../../common/count.ts";
import { UsageError } from "../../common/errors.ts";
import { readablePath } from "../../common/path-bytes.ts";
import type { LabelSource } from "../dataset.ts";
import { SPLITS, type SplitName } from "../reader.ts";
import { examplesOf, notesOnAlike, sortClasses } from "./class-names.ts";
import { setAside } from "./folder-splits.ts";
import { LayoutError } from "./layout-error.ts";
import { areWhole, HIDDEN, isHidden } from "./packed/hidden.ts";
import { type PictureGroup, type PictureList, shownSkipped } from "./picture-list.ts";
import { findTables, splitOfTableFile } from "./tables/find-tables.ts";
import type { Label, LabelledTable } from "./tables/labelled.ts";
import type { LabelledFolder } from "./tables/labelled-folder.ts";
import { isTableName } from "./tables/table.ts";

/** A label whose split is known. */
interface PlacedLabel extends Label {
  readonly split: SplitName;
}

/**
 * Lists pictures with labels in tables.
 * @param path a folder of pictures with tables, or a table beside its pictures.
 * @param folder what has been read of it.
 * @throws UsageError, one line, if the labels are unclear or contradict each other, or there are no training pictures.
 */
export function listLabelled(path: string, folder: LabelledFolder): PictureList {
  const { root, tables } = folder;
  const used = tables.filter(({ labels }) => labels.length > 0);
  const [problem] = folder.problems;
  if (used.length === 0) throw problem ?? noLabels(path, folder);
  const notes = folder.problems.map(({ message }) => `a table is not used: ${message}`);
  notes.push(...used.flatMap((table) => table.notes));
  const placed = withoutUnknown(placeLabels(used, folder), notes);
  if (problem && !placed.some(({ split }) => split === "train")) throw problem;
  const labels = withoutOtherClasses(placed, path, notes);
  notes.push(...notesOnUnlabelled(placed, folder));
  const classNames = sortClasses(
    new Set(labels.flatMap((each) => (each.split === "train" ? [each.className] : []))),
  );
  if (classNames.length < 2) throw tooFewClasses(path, used, folder, classNames);
  notes.push(...notesOnAlike(classNames));
  const skipped = used.flatMap((table) => table.skipped);
  return {
    root,
    classNames,
    groups: groupsOf(labels, classNames),
    skipped: shownSkipped(skipped),
    notes,
    labels: sourceOf(used, labels, root),
  };
}

/** Gives each label its split: as the table says, or as the picture's folder does, or train. */
function placeLabels(tables: readonly LabelledTable[], { root, splitOf }: LabelledFolder): PlacedLabel[] {
  const placed = new Map<string, PlacedLabel & { readonly table: string }>();
  for (const { path, labels } of tables) {
    for (const label of labels) {
      const split = label.split ?? splitOf(nameIn(root, label.path)) ?? "train";
      const earlier = placed.get(label.path);
      if (earlier && (earlier.className !== label.className || earlier.split !== split)) {
        const says = [earlier, { ...label, split, table: path }].map(
          (each) => `${readablePath(each.table)}: "${each.className}" in ${each.split}`,
        );
        throw new UsageError(
          `${readablePath(label.path)} has two labels (${says.join("; ")}): leave out one of the tables`,
        );
      }
      placed.set(label.path, { ...label, split, table: path });
    }
  }
  return [...placed.values()];
}

/** The labels but for −1 if it is no class. */
function withoutUnknown(labels: readonly PlacedLabel[], notes: string[]): readonly PlacedLabel[] {
  const classes = new Set(labels.map(({ className }) => className));
  if (!areWhole(classes) || !isHidden(classes, notes)) return labels;
  notes.push(`the label ${HIDDEN} means that the class is not known; give it a name if it is a class`);
  return labels.filter(({ className }) => className !== String(HIDDEN));
}

/** The labels but for those of a test split with other classes. @throws LayoutError if validation has other classes. */
function withoutOtherClasses(labels: readonly PlacedLabel[], given: string, notes: string[]): PlacedLabel[] {
  const classes = new Set(labels.filter(({ split }) => split === "train").map(({ className }) => className));
  const root = readablePath(given);
  if (classes.size === 0) {
    const splits = [...new Set(labels.map(({ split }) => split))].join(" and ");
    throw new LayoutError(
      `${root}: the labels are of ${splits} pictures alone; label training pictures too`,
      given,
    );
  }
  const other = (wanted: SplitName) =>
    labels.find(({ split, className }) => split === wanted && !classes.has(className));
  const inValidation = other("validation");
  if (inValidation) {
    throw new LayoutError(
      `${readablePath(inValidation.path)}: no training picture has the class "${inValidation.className}"; every class needs ` +
        "training pictures",
      given,
    );
  }
  const inTest = other("test");
  if (!inTest) return [...labels];
  notes.push(`the test pictures are set aside: no training picture has their class "${inTest.className}"`);
  return labels.filter(({ split }) => split !== "test");
}

/** A note for each folder that contains pictures without labels. */
function notesOnUnlabelled(labels: readonly Label[], { index, splitOf }: LabelledFolder): string[] {
  const labelled = new Set(labels.map(({ path }) => path));
  const tops = new Map<string, { first: string; without: number; with: number }>();
  for (const [i, name] of index.names.entries()) {
    const top = name.includes("/") ? name.split("/")[0] : "";
    const found = tops.get(top) ?? { first: "", without: 0, with: 0 };
    if (labelled.has(index.paths[i])) found.with++;
    else if (found.without++ === 0) found.first = name;
    tops.set(top, found);
  }
  return [...tops].flatMap(([top, found]) => {
    if (found.without === 0) return [];
    const pictures = count(found.without, "picture has", "pictures have");
    if (found.with === 0 && top !== "" && splitOf(found.first))
      return [setAside(top, `its ${pictures} no labels`)];
    return [
      `${pictures} no label and ${found.without === 1 ? "is" : "are"} left out, such as ${found.first}`,
    ];
  });
}

function groupsOf(labels: readonly PlacedLabel[], classNames: readonly string[]): PictureGroup[] {
  const files = new Map<string, string[]>();
  for (const { split, className, path } of labels) {
    const key = JSON.stringify([split, className]);
    const group = files.get(key);
    if (group) group.push(path);
    else files.set(key, [path]);
  }
  return SPLITS.flatMap((split) =>
    classNames.flatMap((className, label): PictureGroup[] => {
      const own = files.get(JSON.stringify([split, className]))?.sort();
      return own ? [{ split, label, folder: commonFolder(own), files: own }] : [];
    }),
  );
}

/** The deepest folder that contains all of these. */
function commonFolder(paths: readonly string[]): string {
  let common = dirname(paths[0]);
  for (const path of paths) {
    const isAbove = () =>
      common === dirname(common) || `${dirname(path)}${sep}`.startsWith(`${common}${sep}`);
    while (!isAbove()) common = dirname(common);
  }
  return common;
}

/** What was understood, with examples of as many classes as possible. */
function sourceOf(
  tables: readonly LabelledTable[],
  labels: readonly PlacedLabel[],
  root: string,
): LabelSource {
  const splitOf = new Map(labels.map(({ path, split }) => [path, split]));
  return {
    tables: tables.flatMap(({ path, imageColumn, labelColumns, labels: own }) => {
      const images: Record<string, number> = {};
      for (const { path: picture } of own) {
        const split = splitOf.get(picture);
        if (split) images[split] = (images[split] ?? 0) + 1;
      }
      return Object.keys(images).length > 0 ? [{ path, imageColumn, labelColumns, images }] : [];
    }),
    examples: examplesOf(labels).map(({ path, className, split }) => ({
      image: nameIn(root, path),
      className,
      split,
    })),
  };
}

function nameIn(root: string, path: string): string {
  return readablePath(relative(root, path).split(sep).join(posix.sep));
}

function tooFewClasses(
  given: string,
  used: readonly LabelledTable[],
  { index }: LabelledFolder,
  [name]: readonly string[],
): LayoutError {
  const labelled = used.reduce((sum, { labels }) => sum + labels.length, 0);
  const files = used.map(({ path }) => readablePath(path)).join(" and ");
  return new LayoutError(
    `${readablePath(given)}: only one class ("${name}") in ${files}, with labels of ${labelled} of the ` +
      `${count(index.paths.length, "picture")}; a classifier needs two or more`,
    given,
  );
}

function noLabels(given: string, { root, index, tables }: LabelledFolder): LayoutError {
  const shown = readablePath(given);
  // It is usual that the test pictures have no labels.
  const unlabelled = tables.find(({ path }) => splitOfTableFile(basename(path)) !== "test");
  if (unlabelled) {
    return new LayoutError(
      `${readablePath(unlabelled.path)} names pictures (column "${unlabelled.imageColumn}") but no classes: add a column "label"`,
      given,
    );
  }
  const where = isTableName(given)
    ? shown
    : `${findTables(root)
        .map(({ path }) => readablePath(path))
        .join(", ")}`;
  if (index.names.length === 0) {
    return new LayoutError(
      `${shown}: there are no pictures in ${readablePath(root)}: give the folder that contains both the table and its pictures`,
      given,
    );
  }
  return new LayoutError(
    `${shown}: no column of ${where} names its pictures: write their paths, or names, into a column "file", such as ` +
      `"${index.names[0]}"`,
    given,
  );
}
