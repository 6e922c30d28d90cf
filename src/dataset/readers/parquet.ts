// Pictures in Parquet files, as on Hugging Face: a column of picture files, and one of their classes. One file, or a folder of
// files whose names say the splits.

import { statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { InterruptedError, UsageError } from "../../common/errors.ts";
import { readBeginning } from "../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../common/path-bytes.ts";
import type { SkippedFile } from "../dataset.ts";
import { LayoutError } from "./layout-error.ts";
import { arrangePacked, type PackedSamples } from "./packed/arrange.ts";
import { findPacked, firstPacked, inFolder, type PackedFile } from "./packed/find-packed.ts";
import { withoutHidden } from "./packed/hidden.ts";
import { chooseColumns, hasColumn } from "./parquet/columns.ts";
import { openParquet, type ParquetFile } from "./parquet/file.ts";
import { type Column, kindIn } from "./parquet/kinds.ts";
import { checkSameKind, commonNames } from "./parquet/names.ts";
import { readSamples } from "./parquet/samples.ts";
import type { PictureList } from "./picture-list.ts";
import { type ListOptions, pictureReader } from "./pictures.ts";
import { checkSingleClasses } from "./single-classes.ts";
import { checkClassColumn } from "./tables/columns.ts";

const PARQUET = {
  called: "Parquet files",
  // In a folder of pictures, metadata.parquet is a table of their labels.
  isNamed: (name: string) => /\.(parquet|pq|parq)$/i.test(name) && !/^metadata\.parquet$/i.test(name),
};

/** What `save_to_disk` of Hugging Face's `datasets` writes, and its cache. */
const ARROW = { called: "Arrow files", isNamed: (name: string) => /\.arrow$/i.test(name) };

/** Reads Parquet files, and folders of them that are not folders of pictures. */
export const parquetReader = pictureReader({
  reads: "a Parquet file of pictures",
  uses: "columns",
  recognises: (path) => {
    const kinds = [PARQUET, ARROW];
    if (statSync(path).isDirectory()) return kinds.some((kind) => firstPacked(path, kind) !== undefined);
    return kinds.some(({ isNamed }) => isNamed(path)) || beginsWith(path, "PAR1");
  },
  list: listParquet,
});

function beginsWith(path: string, mark: string): boolean {
  return readBeginning(systemPath(path), mark.length).toString("latin1") === mark;
}

/** @throws UsageError, one line, if a file is damaged, or its columns are missing or unclear. */
async function listParquet(
  path: string,
  { columns: choice = {}, signal }: ListOptions,
): Promise<PictureList> {
  checkArrow(path);
  const { root, files: found, skipped, notes } = findPacked(path, PARQUET);
  const opened: (PackedFile & { readonly file: ParquetFile })[] = [];
  for (const each of found) {
    const file = openParquet(each.path);
    if (file.rows > 0) opened.push({ ...each, file });
  }
  const main = opened.find(({ split }) => split === "train")?.file;
  if (!main)
    throw new LayoutError(`${readablePath(path)} has no rows for training: the files are empty`, path);
  const columns = chooseColumns(main, choice);
  const allNotes = [...notes, ...columns.notes];
  const usable = opened.map(({ file }) => file).filter((file) => hasColumn(file, columns.label));
  const names = commonNames(usable, columns.label, root, allNotes);
  const read: { file: ParquetFile; samples: PackedSamples }[] = [];
  const unused: SkippedFile[] = [];
  for (const { path: own, split, file } of opened) {
    // Lets the program notice Ctrl-C.
    await setImmediate();
    if (signal?.aborted) throw new InterruptedError("interrupted");
    const lacking = [columns.picture, columns.label].find((column) => !hasColumn(file, column));
    const isOther = lacking !== undefined && kindIn(file, lacking.name) !== undefined;
    const reason = isOther
      ? `its column "${lacking.name}" is stored in another form than in ${inFolder(root, main.path)}`
      : `it has no column "${lacking?.name}", unlike ${inFolder(root, main.path)}`;
    if (!lacking) read.push({ file, samples: readSamples({ file, split, columns, names, root }) });
    else if (split !== "train") unused.push({ path: own, reason });
    else throw new LayoutError(`${readablePath(own)}: ${reason}: remove it, or write both alike`, path);
  }
  const isNumbers = read.every(({ file }) => kindIn(file, columns.label.name) === "numbers");
  const all = read.map(({ samples }) => samples);
  const files = isNumbers && !names ? withoutHidden(all, allNotes) : all;
  checkSameKind(read, columns.label, names !== undefined, root);
  if (!names) allNotes.push(...checkLabels(files, main, columns.label, choice.label !== undefined));
  return arrangePacked({
    ...{ given: path, root, files },
    skipped: [...skipped, ...unused],
    notes: allNotes,
    ...(names && { classOrder: names }),
  });
}

/** Notes on the labels of the training pictures. @throws UsageError if they cannot be classes of single pictures. */
function checkLabels(
  files: readonly PackedSamples[],
  { path }: ParquetFile,
  { name }: Column,
  isChosen: boolean,
): string[] {
  const training = files.filter(({ split }) => split === "train");
  const different = new Set(training.flatMap(({ classes }) => classes));
  let pictures = 0;
  for (const { labels } of training) for (const label of labels) if (label >= 0) pictures++;
  const fix = "set label_column to the name of the one that does";
  const what = `the column "${name}"`;
  checkClassColumn(readablePath(path), what, different.size, pictures, fix);
  const setting = `"${name}"`;
  return checkSingleClasses({ path: readablePath(path), what, classes: different, setting, isChosen });
}

/** @throws UsageError for Arrow files. */
function checkArrow(path: string): void {
  const isFolder = statSync(path).isDirectory();
  if (isFolder && firstPacked(path, PARQUET) !== undefined) return;
  const file = isFolder ? firstPacked(path, ARROW) : ARROW.isNamed(path) ? path : undefined;
  if (file === undefined) return;
  throw new UsageError(
    `${readablePath(file)} is an Arrow file, as written by save_to_disk, which is not supported: write Parquet instead, with ` +
      'load_from_disk(…)["train"].to_parquet("train.parquet")',
  );
}
