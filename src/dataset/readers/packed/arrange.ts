// Makes the list of the pictures in larger files from the labels that were read in them.

import { count } from "../../../common/count.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import type { LabelTable, SkippedFile } from "../../dataset.ts";
import { SPLITS, type SplitName } from "../../reader.ts";
import { examplesOf, notesOnAlike, sortClasses } from "../class-names.ts";
import { LayoutError } from "../layout-error.ts";
import {
  type PackedContent,
  type PackedPictures,
  type PictureGroup,
  type PictureList,
  shownSkipped,
} from "../picture-list.ts";
import { inFolder } from "./find-packed.ts";
import type { PackedPlaces } from "./places.ts";

/** The samples of one larger file: pictures with their labels. */
export interface PackedSamples {
  readonly path: string;
  /** The split of those that have none by themselves. */
  readonly split: SplitName;
  /** The class of each sample, as its place in `classes`; -1 if it has none. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** The split of each sample, if the file says it. */
  readonly splits?: readonly (SplitName | undefined)[];
  /** How they were read. */
  readonly table: Pick<LabelTable, "imageColumn" | "labelColumns" | "classNames">;
  /** The name of a sample in messages, after that of the file: `train.parquet, row 12`. */
  nameOf(file: string, sample: number): string;
  /** The name of a sample's picture as a file in a folder of all. */
  fileOf(sample: number): string;
  /** Reads the pictures of these samples, which ascend, one after another: exactly one result for each. */
  read(samples: Iterable<number>): AsyncIterable<PackedContent>;
  /** The same as places that another process reads, `most` or fewer at a time; missing if that is not possible. */
  placesOf?(samples: Iterable<number>, most: number): AsyncIterable<PackedPlaces>;
}

export interface PackedData {
  /** The path as given. */
  readonly given: string;
  readonly root: string;
  readonly files: readonly PackedSamples[];
  readonly skipped: readonly SkippedFile[];
  readonly notes: readonly string[];
  /** The order of the classes; sorted if missing. Those without training pictures are left out. */
  readonly classOrder?: readonly string[];
}

/** A sample with its class. */
interface Labelled {
  readonly file: PackedSamples;
  readonly sample: number;
  /** See PackedPictures. */
  readonly place: number;
  readonly split: SplitName;
  readonly className: string;
}

/** @throws LayoutError, one line, if there are no training pictures with labels, or classes without any. */
export function arrangePacked(data: PackedData): PictureList {
  const { given, root, files, skipped } = data;
  const notes = [...data.notes];
  const all = labelledIn(files);
  notes.push(...notesOnUnlabelled(files));
  const labels = withoutOtherClasses(all, given, notes);
  const found = new Set(labels.flatMap((each) => (each.split === "train" ? [each.className] : [])));
  const classNames = orderClasses(found, data.classOrder, notes);
  if (classNames.length < 2) {
    throw new LayoutError(
      `${readablePath(given)}: only one class ("${classNames[0]}") among the labels of ${count(labels.length, "picture")}; ` +
        "a classifier needs two or more",
      given,
    );
  }
  notes.push(...notesOnAlike(classNames));
  const named = (label: Labelled) => ({
    image: label.file.nameOf(inFolder(root, label.file.path), label.sample),
    className: label.className,
    split: label.split,
  });
  return {
    root,
    classNames,
    groups: groupsOf(labels, classNames, root),
    skipped: shownSkipped(skipped),
    notes,
    labels: { tables: tablesOf(labels), examples: examplesOf(labels).map(named) },
    packed: packedPictures(files),
  };
}

function labelledIn(files: readonly PackedSamples[]): Labelled[] {
  let place = 0;
  return files.flatMap((file) => {
    const first = place;
    place += file.labels.length;
    return Array.from(file.labels).flatMap((label, sample) => {
      if (label < 0) return [];
      const split = splitOfSample(file, sample);
      return [{ file, sample, place: first + sample, split, className: file.classes[label] }];
    });
  });
}

function splitOfSample({ splits, split }: PackedSamples, sample: number): SplitName {
  return splits?.[sample] ?? split;
}

function nameOf(file: PackedSamples, sample: number): string {
  return file.nameOf(readablePath(file.path), sample);
}

/** A note for each split without labels, and one for the other samples without. */
function notesOnUnlabelled(files: readonly PackedSamples[]): string[] {
  const counts = new Map<SplitName, { without: number; with: number; first: string }>();
  for (const file of files) {
    for (const [sample, label] of file.labels.entries()) {
      const split = splitOfSample(file, sample);
      const own = counts.get(split) ?? { without: 0, with: 0, first: "" };
      if (label >= 0) own.with++;
      else if (own.without++ === 0) own.first = nameOf(file, sample);
      counts.set(split, own);
    }
  }
  return [...counts].flatMap(([split, own]) => {
    if (own.without === 0) return [];
    if (own.with === 0 && split !== "train")
      return [`the ${split} pictures are set aside: ${ofAll(own.without)} a label`];
    const kind = split === "train" ? "training" : split;
    const pictures = count(own.without, `${kind} picture has`, `${kind} pictures have`);
    return [`${pictures} no label and ${own.without === 1 ? "is" : "are"} left out, such as ${own.first}`];
  });
}

function ofAll(number: number): string {
  return number === 1 ? "the only one does not have" : `none of the ${number} has`;
}

/** The labels but for those of a test split with other classes. @throws LayoutError if validation has other classes. */
function withoutOtherClasses(labels: readonly Labelled[], given: string, notes: string[]): Labelled[] {
  const classes = new Set(labels.flatMap((each) => (each.split === "train" ? [each.className] : [])));
  if (classes.size === 0)
    throw new LayoutError(`${readablePath(given)}: no training picture has a label`, given);
  const other = (split: SplitName) =>
    labels.find((each) => each.split === split && !classes.has(each.className));
  const inValidation = other("validation");
  if (inValidation) {
    const { file, sample, className } = inValidation;
    throw new LayoutError(
      `${nameOf(file, sample)}: no training picture has the class "${className}"; every class ` +
        "needs training pictures",
      given,
    );
  }
  const inTest = other("test");
  if (!inTest) return [...labels];
  notes.push(`the test pictures are set aside: no training picture has their class "${inTest.className}"`);
  return labels.filter(({ split }) => split !== "test");
}

function orderClasses(
  found: ReadonlySet<string>,
  order: readonly string[] | undefined,
  notes: string[],
): string[] {
  if (!order || ![...found].every((name) => order.includes(name))) return sortClasses(found);
  const empty = order.filter((name) => !found.has(name));
  if (empty.length > 0) {
    const names = empty.slice(0, 3).map((name) => `"${name}"`);
    const list = empty.length > names.length ? `${names.join(", ")}, …` : names.join(", ");
    notes.push(
      `${empty.length} of the ${count(order.length, "class has", "classes have")} no training pictures and ` +
        `${empty.length === 1 ? "is" : "are"} left out: ${list}`,
    );
  }
  return order.filter((name) => found.has(name));
}

function groupsOf(labels: readonly Labelled[], classNames: readonly string[], root: string): PictureGroup[] {
  const groups = new Map<string, Labelled[]>();
  for (const label of labels) {
    const key = `${label.split} ${label.className}`;
    const own = groups.get(key);
    if (own) own.push(label);
    else groups.set(key, [label]);
  }
  return SPLITS.flatMap((split) =>
    classNames.flatMap((className, label): PictureGroup[] => {
      const own = groups.get(`${split} ${className}`);
      if (!own) return [];
      const files = own.map(({ file, sample }) => nameOf(file, sample));
      return [{ split, label, folder: root, files, places: own.map(({ place }) => place) }];
    }),
  );
}

/** One entry for all files that were read alike. */
function tablesOf(labels: readonly Labelled[]): LabelTable[] {
  const tables = new Map<
    string,
    { files: Set<string>; file: PackedSamples; images: Record<string, number> }
  >();
  for (const { file, split } of labels) {
    const key = JSON.stringify([file.split, file.table]);
    const own = tables.get(key) ?? { files: new Set(), file, images: {} };
    own.files.add(file.path);
    own.images[split] = (own.images[split] ?? 0) + 1;
    tables.set(key, own);
  }
  return [...tables.values()].map(({ files, file, images }) => {
    const more = files.size > 1 ? { more: files.size - 1 } : {};
    return { path: file.path, ...more, ...file.table, images };
  });
}

function packedPictures(files: readonly PackedSamples[]): PackedPictures {
  const ends: number[] = [];
  for (const { labels } of files) ends.push((ends.at(-1) ?? 0) + labels.length);
  // Places mostly ascend, so the search continues from the file of the last one.
  let index = 0;
  const find = (place: number) => {
    if (index > 0 && place < ends[index - 1]) index = 0;
    while (place >= ends[index]) index++;
    const file = files[index];
    return { file, sample: place - ends[index] + file.labels.length };
  };
  return {
    files: files.map(({ path }) => path),
    outputOf: (place) => {
      const { file, sample } = find(place);
      return file.fileOf(sample);
    },
    async *read(places) {
      for (const { file, samples } of runsOf(places, find)) yield* file.read(samples);
    },
    async *batches(places, most) {
      for (const { file, samples } of runsOf(places, find)) {
        if (file.placesOf) for await (const found of file.placesOf(samples, most)) yield { places: found };
        else yield* inBatches(file.read(samples), most);
      }
    },
  };
}

/** The samples of each file, while they ascend. Each run must be taken to its end before the next one. */
function* runsOf(
  places: Iterable<number>,
  find: (place: number) => { readonly file: PackedSamples; readonly sample: number },
): Generator<{ file: PackedSamples; samples: Iterable<number> }, void, void> {
  const all = places[Symbol.iterator]();
  let next = all.next();
  while (!next.done) {
    const { file } = find(next.value);
    const samples = function* () {
      for (let last = -1; !next.done; next = all.next()) {
        const found = find(next.value);
        if (found.file !== file || found.sample <= last) return;
        last = found.sample;
        yield last;
      }
    };
    yield { file, samples: samples() };
  }
}

/** Large pictures make smaller batches, since several batches are in memory. */
const BATCH_BYTES = 2 ** 22;

async function* inBatches(
  pictures: AsyncIterable<PackedContent>,
  most: number,
): AsyncGenerator<{ contents: PackedContent[] }, void, void> {
  let contents: PackedContent[] = [];
  let bytes = 0;
  for await (const content of pictures) {
    contents.push(content);
    bytes += "bytes" in content ? content.bytes.length : 0;
    if (contents.length < most && bytes < BATCH_BYTES) continue;
    yield { contents };
    [contents, bytes] = [[], 0];
  }
  if (contents.length > 0) yield { contents };
}
