// What a source of data is: a dataset's name, or a path with its reader.

import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { nearest, systemCode, UsageError } from "../common/errors.ts";
import { isFolder } from "../common/files.ts";
import { checkOrdinary } from "../common/ordinary-files.ts";
import { readablePath } from "../common/path-bytes.ts";
import { findNamed, NAMED_DATASETS, type NamedDataset } from "./named/named.ts";
import { type ColumnChoice, type DatasetReader, unreadable } from "./reader.ts";
import { whyUnsupported } from "./readers/arrays/kinds.ts";
import { subfolders } from "./readers/entries.ts";
import { FolderSearch } from "./readers/folder-walk.ts";
import { LayoutError } from "./readers/layout-error.ts";
import { isPictureReader, type PictureReader, pictureReader } from "./readers/pictures.ts";
import { READERS } from "./readers/registry.ts";
import { holdsPictures } from "./readers/tree.ts";

/** A source with its reader, and what the user should know about the choice. */
export type Source =
  | { readonly named: NamedDataset }
  | {
      readonly named?: undefined;
      readonly reader: DatasetReader | PictureReader;
      readonly notes: readonly string[];
    };

/**
 * Finds out what `source` is. A folder wins over a dataset of the same name, with a note.
 * @throws UsageError if there is no such path (suggesting the nearest name), or no reader accepts it.
 */
export async function findSource(source: string, columns?: ColumnChoice): Promise<Source> {
  const named = findNamed(source);
  if (!named) return { reader: await readerOf(source, columns), notes: [] };
  if (!isFolder(source)) return { named };
  const note = `${source} is read as the folder of this name, not as the dataset ${named.name}; rename the folder to read that`;
  return { reader: withNote(await readerOf(source, columns), note), notes: [note] };
}

/** The reader, whose errors on the layout have the note. */
function withNote(reader: DatasetReader | PictureReader, note: string): DatasetReader | PictureReader {
  if (!isPictureReader(reader)) return reader;
  const list: PictureReader["list"] = async (path, options) => {
    try {
      return await reader.list(path, options);
    } catch (error) {
      if (!(error instanceof LayoutError)) throw error;
      throw new LayoutError(`${error.message} (${note})`, error.given, error.meant);
    }
  };
  return pictureReader({ ...reader, list });
}

/**
 * The reader for an existing path.
 * @throws UsageError if the path does not exist (suggesting the nearest name), or no reader accepts it.
 */
async function readerOf(
  source: string,
  columns: ColumnChoice | undefined,
): Promise<DatasetReader | PictureReader> {
  try {
    const stats = statSync(source);
    if (!stats.isDirectory()) checkOrdinary(stats);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw unreadable(source, error);
    throw missing(source);
  }
  for (const candidate of READERS) {
    const recognised = await candidate.recognises(source, columns);
    if (!recognised) continue;
    const reader = recognised === true ? candidate : recognised;
    // The last reader takes every folder.
    if (candidate === READERS.at(-1) && isFolder(source)) checkNotDeeper(source);
    return reader;
  }
  const reason = whyUnsupported(source);
  if (reason !== undefined) throw new UsageError(`${source}: ${reason}`);
  const forms = READERS.map(({ reads }) => reads)
    .reverse()
    .join(", or ");
  throw new UsageError(`${source} is not a supported dataset: expected ${forms}`);
}

function missing(source: string): UsageError {
  const none = `no dataset "${source}": there is no such file or folder`;
  if (source.includes("\ufffd")) {
    return new UsageError(
      `${none}; its name is not UTF-8: go into the folder and give "." instead, or rename it`,
    );
  }
  if (/^~[^/\\]/.test(source)) {
    return new UsageError(`${none}; "~" is only expanded for your own home folder (~/): give the whole path`);
  }
  // How WebDataset names many shards, and shells many files.
  if (/\{.*\.\..*\}|\*/.test(source))
    return new UsageError(`${none}; the files are found in their folder: give ${dirname(source)}`);
  const names = NAMED_DATASETS.map(({ name }) => name);
  const suggestion = /[\\/]/.test(source) ? undefined : nearest(source, names);
  const hint = suggestion ? `did you mean "${suggestion}"?` : `give a path, or one of ${names.join(", ")}`;
  return new UsageError(`${none}; ${hint}`);
}

/** Levels below the given folder on which data of another form are looked for: MNIST/raw/. */
const DEEPEST = 3;

/** @throws LayoutError if a folder contains no pictures, but data of another form further down. */
function checkNotDeeper(source: string): void {
  if (holdsPictures(source)) return;
  const found = findDeeper(source, DEEPEST);
  if (found.length === 0) return;
  const [first] = found;
  throw new LayoutError(
    `${source} contains no pictures, but there are other data in ${found.join(" and ")}: give ${found.length === 1 ? first : "one of these"}`,
    source,
    first,
  );
}

/** The paths of data below a folder that another reader reads. */
function findDeeper(folder: string, levels: number, search = new FolderSearch()): string[] {
  if (levels === 0 || !search.isNew(folder, levels)) return [];
  return subfolders(folder).flatMap(({ name }) => {
    const path = join(folder, name);
    const reader = READERS.find((candidate) => !isPictureReader(candidate) && candidate.recognises(path));
    return reader ? [readablePath(path)] : findDeeper(path, levels - 1, search);
  });
}
