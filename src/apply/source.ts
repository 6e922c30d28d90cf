// The pictures to augment: those of a folder, each decoded when its turn comes, at its own size; or the images of an
// archive or a named dataset, which are in memory as a whole.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { relative, sep } from "node:path";
import { UsageError } from "../common/errors.ts";
import { readablePath, systemPath } from "../common/path-bytes.ts";
import type { Dataset, SkippedFile } from "../dataset/dataset.ts";
import { pixelDigests } from "../dataset/identical.ts";
import { type LoadOptions, listSource, loadListed } from "../dataset/load.ts";
import { type DataSettings, type ReadOptions, SPLITS, type SplitName, splitsOf } from "../dataset/reader.ts";
import { decodeAll } from "../dataset/readers/decode.ts";
import type { PackedContent, PictureGroup, PictureList } from "../dataset/readers/picture-list.ts";
import { imageAt, type Pixels } from "../image/batch.ts";
import { extensionFor, type FormSettings } from "./forms.ts";
import { classFolders, foldersInTheWay, OutputStems, type PictureExtension } from "./names.ts";
import { packedSource } from "./packed-source.ts";
import { resizedPath, sourceIn } from "./source-paths.ts";

/** A picture with its output paths, as plain data. Output paths are relative to the output folder, with `/`. */
export interface Picture {
  /** Index in the sorted listing: training pictures first, then the other splits'. */
  readonly index: number;
  /** Its name in the manifest; see ManifestRow. */
  readonly source: string;
  readonly split: SplitName;
  readonly className: string;
  /** Index into the class names. */
  readonly label: number;
  /** The output path of the original. */
  readonly original: string;
  /** The output path of augmented copies, without the suffix from `augmentedPath`. */
  readonly stem: string;
  /** Extension of augmented copies. */
  readonly extension: PictureExtension;
  /** Size of its file or its pixels in bytes. */
  readonly bytes: number;
  readonly content: PictureFile | PackedPlace | PackedFile | Pixels;
}

interface PictureFile {
  readonly path: string;
}

/** A picture inside a larger file that has not been read. */
interface PackedPlace {
  readonly place: number;
}

/** A picture file's bytes, and its name for messages; or the reason why there are none. */
interface PackedFile {
  readonly name: string;
  readonly file: PackedContent;
}

/** All pictures of a dataset, in order. */
export interface PictureSource {
  readonly classNames: readonly string[];
  readonly count: number;
  /**
   * Identifies the data: a digest of the paths and sizes of a folder's pictures, else the dataset's own. In
   * hexadecimal.
   */
  readonly digest: string;
  /** Files left out of the listing, or that the reader could not decode. */
  readonly skipped: readonly SkippedFile[];
  /** Notes on the data for the user. */
  readonly notes: readonly string[];
  /** Whether the first part of every output path is the folder of its split. */
  readonly hasSplitFolders: boolean;
  pictures(): Iterable<Picture>;
  /** The same pictures with what is inside larger files; that is read as it is needed. */
  load<Some extends Picture>(pictures: Iterable<Some>): Iterable<Some> | AsyncIterable<Some>;
  /** One per picture, by its index: only pictures with the same pixels have the same one. Decodes all pictures. */
  keys(): Promise<string[]>;
  /** The name of a picture in messages. */
  nameOf(picture: Picture): string;
}

export type SourceOptions = Pick<ReadOptions, "workers" | "onProgress" | "signal" | keyof DataSettings> &
  Pick<LoadOptions, "fetchers">;

/** How the pictures are written, as far as their names depend on it. */
export interface NamingOptions {
  readonly form: FormSettings;
  /** Whether originals may be resized, so that they are not copied. */
  readonly isResized: boolean;
}

const PNG_FILES: FormSettings = { as: "folders", format: "png", grey: false };

/**
 * The pictures of `data`: a folder with one subfolder per class, an archive, or a dataset's name.
 * @throws UsageError or RunError like `listFolder` and `loadDataset`.
 */
export async function openSource(
  data: string,
  { form = PNG_FILES, isResized = false, ...options }: SourceOptions & Partial<NamingOptions>,
): Promise<PictureSource> {
  const naming = { form, isResized };
  const found = await listSource(data, options);
  if (!found.named && found.list) {
    const source = found.list.packed ? packedSource : fileSource;
    return source(found.list, found.notes, naming, options);
  }
  const dataset = await loadListed(found, options);
  return datasetSource(data, dataset, extensionFor(naming.form));
}

/**
 * The pictures of a list. In class folders, originals keep their paths below the folder, and their names unless they are
 * resized; pictures with labels in a table get class folders.
 */
function fileSource(
  list: PictureList,
  notes: readonly string[],
  naming: NamingOptions,
  options: SourceOptions,
): PictureSource {
  const { root, classNames, labels, skipped } = list;
  const groups = SPLITS.flatMap((split) => list.groups.filter((group) => group.split === split));
  const places = labels ? placesByLabel(list, groups) : groups.map(({ files }) => files.map(sourceIn(root)));
  checkDistinct(root, places);
  const tops = places.flatMap(([first]) => (first === undefined ? [] : [first.split("/")[0]]));
  const [inTheWay] = foldersInTheWay(tops);
  if (inTheWay !== undefined) {
    throw new UsageError(`${root}: the folder "${inTheWay}" has the same name as an output file; rename it`);
  }
  const files = groups.flatMap((group) => group.files);
  const sizes = Float64Array.from(files, (path) => {
    return statSync(systemPath(path), { throwIfNoEntry: false })?.size ?? 0;
  });
  const hash = createHash("sha256");
  const names = groups.flatMap(({ label }, i) => places[i].map(() => (labels ? [classNames[label]] : [])));
  for (const [i, path] of files.entries())
    hash.update(`${JSON.stringify([sourceIn(root)(path), sizes[i], ...names[i]])}\n`);
  return {
    classNames,
    count: files.length,
    digest: hash.digest("hex"),
    skipped,
    notes: [...notes, ...list.notes],
    hasSplitFolders: labels
      ? hasSeveralSplits(groups)
      : groups.every(({ folder }) => relative(root, folder).split(sep).length > 1),
    pictures: () => filePictures(list, groups, places, sizes, naming),
    load: (pictures) => pictures,
    keys: () => keysOfFiles(files, options),
    nameOf: ({ content, source }) => ("path" in content ? readablePath(content.path) : source),
  };
}

/** @throws UsageError if two pictures would be written to the same path: their names differ in encoding alone. */
function checkDistinct(root: string, places: readonly (readonly string[])[]): void {
  for (const own of places) {
    const seen = new Set<string>();
    for (const place of own) {
      if (seen.has(place))
        throw new UsageError(
          `${root}: two pictures are named "${place}", in different encodings; rename one`,
        );
      seen.add(place);
    }
  }
}

function hasSeveralSplits(groups: readonly PictureGroup[]): boolean {
  return new Set(groups.map(({ split }) => split)).size > 1;
}

/** For each group, the output paths of its pictures below the class folders: `train/cat/a.png`. */
function placesByLabel({ classNames }: PictureList, groups: readonly PictureGroup[]): string[][] {
  const folders = classFolders(classNames);
  const isSplit = hasSeveralSplits(groups);
  return groups.map(({ split, label, folder, files }) => {
    const above = isSplit ? `${split}/${folders[label]}` : folders[label];
    return files.map((path) => `${above}/${sourceIn(folder)(path)}`);
  });
}

async function keysOfFiles(
  files: readonly string[],
  { workers, onProgress, signal }: SourceOptions,
): Promise<string[]> {
  const keys = [...files];
  const report: SourceOptions["onProgress"] = (progress) =>
    onProgress?.({ ...progress, stage: "comparing pictures" });
  await decodeAll(files, { digestsOnly: true }, { workers, onProgress: report, signal }, (file, index) => {
    // A file that cannot be decoded is like no other one.
    if ("digest" in file) keys[index] = `${file.height} ${file.width} ${file.digest}`;
  });
  return keys;
}

function* filePictures(
  { root, classNames }: PictureList,
  groups: readonly PictureGroup[],
  places: readonly (readonly string[])[],
  sizes: Float64Array,
  { form, isResized }: NamingOptions,
): Generator<Picture> {
  let index = 0;
  for (const [group, { split, label, files }] of groups.entries()) {
    const isOneExtension = form.as === "folders" && form.format !== "input" && !isResized;
    const stems = new OutputStems(places[group], isOneExtension ? extensionFor(form) : "any");
    const className = classNames[label];
    for (const [i, place] of places[group].entries()) {
      const stem = stems.take(place);
      const extension = extensionFor(form, place);
      const original = isResized ? resizedPath(stem, place, extension) : place;
      const source = sourceIn(root)(files[i]);
      const content = { path: files[i] };
      const bytes = sizes[index];
      yield { index: index++, source, split, className, label, original, stem, extension, bytes, content };
    }
  }
}

/** The images of a dataset in memory, named by their index within their split. */
function datasetSource(data: string, dataset: Dataset, extension: PictureExtension): PictureSource {
  const { classNames, digest, skipped, notes = [] } = dataset;
  return {
    classNames,
    count: splitsOf(dataset).reduce((sum, [, { labels }]) => sum + labels.length, 0),
    digest,
    skipped,
    notes,
    hasSplitFolders: splitsOf(dataset).length > 1,
    pictures: () => datasetPictures(dataset, extension),
    load: (pictures) => pictures,
    keys: async () => splitsOf(dataset).flatMap(([, { images }]) => pixelDigests(images)),
    nameOf: ({ source }) => `${data}: ${source}`,
  };
}

function* datasetPictures(dataset: Dataset, extension: PictureExtension): Generator<Picture> {
  const folders = classFolders(dataset.classNames);
  const splits = splitsOf(dataset);
  let index = 0;
  for (const [split, { images, labels }] of splits) {
    const digits = Math.max(5, String(images.count - 1).length);
    const prefix = splits.length > 1 ? `${split}/` : "";
    for (const [i, label] of labels.entries()) {
      const name = String(i).padStart(digits, "0");
      const stem = `${prefix}${folders[label]}/${name}`;
      const content = { data: imageAt(images, i), height: images.height, width: images.width };
      const source = `${split}/${name}`;
      const className = dataset.classNames[label];
      const original = `${stem}.${extension}`;
      const bytes = content.data.length;
      yield { index: index++, source, split, className, label, original, stem, extension, bytes, content };
    }
  }
}
