// Recognises what this program has written, so that outputs within the data are not read as pictures.

import { extname } from "node:path";
import { readBeginning } from "../../common/ordinary-files.ts";
import { systemPath } from "../../common/path-bytes.ts";
import { isPictureName } from "../../image/sniff.ts";
import { type Entry, entriesOf } from "./entries.ts";
import { FolderSearch } from "./folder-walk.ts";

/** The files that a run writes first into its folder, and the format that they name. */
const MARKERS: Readonly<Record<string, string>> = {
  "experiment.json": '"deepaugment-experiment"',
  "evaluation.json": '"deepaugment-evaluation"',
  "apply.json": '"deepaugment-apply"',
};

/** The text in a preview's PNG, in the chunk after the header. */
export const SHEET_TEXT = "Software\0deepaugment preview";

/** The PNG's signature and header, and that chunk. */
const SHEET_BEGINNING = 8 + 25 + 8 + SHEET_TEXT.length;

/** Within these bytes of such a file is its format. */
const MARKER_BEGINNING = 1000;

/** The names that runs give to the folders of their folders. */
const RUNS = ["experiments", "evaluations"];

/** Levels from `reports/` to a run's folder, and one more. */
const DEEPEST = 3;

/**
 * Whether a folder is an output: that of a search, an evaluation or `apply`; or contains only such folders and preview sheets,
 * as `reports/` does.
 */
export function isOwnOutput(folder: Pick<Entry, "name" | "path">): boolean {
  return isOutput(folder, DEEPEST);
}

function isOutput({ name, path }: Pick<Entry, "name" | "path">, levels: number): boolean {
  const entries = entriesOf(path);
  const files = entries.filter(({ isFolder }) => !isFolder);
  if (files.some(isMarker)) return true;
  const folders = entries.filter(({ isFolder }) => isFolder);
  // Other files, such as notes, do not make it a class.
  const pictures = files.filter((file) => isPictureName(file.name) && extname(file.name) !== "");
  if (pictures.length + folders.length === 0 || !pictures.every(isSheet)) return false;
  // A run that was killed before it wrote anything.
  if (name === "reports" && folders.every((folder) => RUNS.includes(folder.name) && isVoid(folder)))
    return true;
  return folders.length === 0 || (levels > 0 && folders.every((folder) => isOutput(folder, levels - 1)));
}

function isVoid({ path }: Entry, search = new FolderSearch()): boolean {
  if (!search.isNew(path, 0)) return true;
  return entriesOf(path).every((entry) => entry.isFolder && isVoid(entry, search));
}

function isMarker({ name, path }: Entry): boolean {
  const format = Object.hasOwn(MARKERS, name) ? MARKERS[name] : undefined;
  return format !== undefined && beginningOf(path, MARKER_BEGINNING).includes(format);
}

/** Whether a file is a sheet of `preview`. */
export function isSheet({ name, path }: Entry): boolean {
  return extname(name).toLowerCase() === ".png" && beginningOf(path, SHEET_BEGINNING).includes(SHEET_TEXT);
}

/** The reason why a picture is not read that is a sheet of `preview`, under any name; undefined for other pictures. */
export function whyNoSheet(picture: Uint8Array): string | undefined {
  const beginning = Buffer.from(
    picture.buffer,
    picture.byteOffset,
    Math.min(picture.length, SHEET_BEGINNING),
  );
  return beginning.toString("latin1").endsWith(SHEET_TEXT)
    ? "it is a sheet that preview drew, not a picture: move it out of the data"
    : undefined;
}

/** The first bytes of a file as Latin-1; none if it cannot be read, which its reader reports. */
function beginningOf(path: string, length: number): string {
  try {
    return readBeginning(systemPath(path), length).toString("latin1");
  } catch {
    return "";
  }
}
