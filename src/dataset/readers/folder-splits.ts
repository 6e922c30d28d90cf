// Finds the folders of the splits in a folder of pictures.

import { count } from "../../common/count.ts";
import { readablePath } from "../../common/path-bytes.ts";
import { isPictureName } from "../../image/sniff.ts";
import type { SkippedFile } from "../dataset.ts";
import type { SplitName } from "../reader.ts";
import { type Entry, entriesOf, isEmptyFolder, subfolders } from "./entries.ts";
import { folderNames, LayoutError } from "./layout-error.ts";
import { isOwnOutput } from "./own-output.ts";
import { splitOf, splitsAmong } from "./split-names.ts";

export interface SplitFolder {
  readonly split: SplitName;
  readonly path: string;
  /** Its folders of classes. */
  readonly classes: readonly Entry[];
}

/** A validation or test split whose pictures are not in class folders. */
export interface FlatFolder extends SplitFolder {
  readonly name: string;
  /** Why it cannot be read as it is. */
  readonly reason: string;
}

interface FoundSplits {
  readonly splits: readonly SplitFolder[];
  readonly flat: readonly FlatFolder[];
}

/** What the search for splits adds to. */
interface Findings {
  readonly skipped: SkippedFile[];
  readonly notes: string[];
}

/** A folder whose name is that of a split. */
interface Candidate extends SplitFolder {
  readonly name: string;
  readonly pictures: number;
}

/**
 * The folders of the splits; a folder without splits is `train` itself.
 * @throws LayoutError if there is no `train`, two folders for one split, or only splits without class folders.
 */
export function findSplits(path: string, { skipped, notes }: Findings): FoundSplits {
  const all = subfolders(path);
  const splits = splitsAmong(all.map(({ name }) => name));
  // The training pictures may have been augmented alone: train/ is then an output.
  const found = all.filter((folder) => splits.has(folder.name) || !isOwnOutput(folder));
  const candidates = found.flatMap((entry) => {
    const split = splits.get(entry.name);
    return split ? [candidateOf(split, entry)] : [];
  });
  const others = found.filter(({ name }) => !splits.has(name));
  const divided = candidates.filter(({ classes }) => classes.length > 0);
  const flat = candidates.filter(({ classes }) => classes.length === 0);
  if (divided.length === 0) return undivided(path, flat, others, notes);
  const trains = divided.filter(({ split }) => split === "train");
  if (trains.length === 0) throw withoutTrain(path, divided, flat, others);
  const taken = new Set(divided.map(({ split }) => split));
  if (taken.size < divided.length) {
    const repeated = divided.filter(({ split }, i) =>
      divided.some((each, k) => k !== i && each.split === split),
    );
    const list = repeated.map(({ name }) => `${readablePath(name)}/`).join(", ");
    throw new LayoutError(
      `${readablePath(path)} has two folders for the same split (${list}): remove or rename one`,
      path,
    );
  }
  for (const entry of others) skipped.push({ path: entry.path, reason: "it is not train/, val/ or test/" });
  return { splits: divided, flat: flat.map((each) => ({ ...each, reason: withoutClasses(each.pictures) })) };
}

/** A note on a split that is not read. */
export function setAside(name: string, reason: string): string {
  return `${readablePath(name)}/ is set aside: ${reason}`;
}

export function withoutClasses(pictures: number): string {
  if (pictures === 0) return "it contains no pictures";
  return `its ${count(pictures, "picture is", "pictures are")} not in class folders`;
}

function candidateOf(split: SplitName, entry: Entry): Candidate {
  const { path } = withoutRepetition(split, entry);
  const entries = entriesOf(path);
  const classes = entries.filter((inner) => inner.isFolder && !isOwnOutput(inner));
  const pictures = entries.filter((inner) => !inner.isFolder && isPictureName(inner.name)).length;
  return { split, name: entry.name, path, classes, pictures };
}

/** Archives often contain a split twice: seg_train/seg_train/. */
function withoutRepetition(split: SplitName, entry: Entry): Entry {
  const entries = entriesOf(entry.path);
  const [inner, ...others] = entries.filter(({ isFolder }) => isFolder);
  const hasPictures = entries.some(({ name, isFolder }) => !isFolder && isPictureName(name));
  if (!inner || others.length > 0 || hasPictures) return entry;
  const isSame = inner.name.toLowerCase() === entry.name.toLowerCase() || splitOf(inner.name) === split;
  return isSame ? withoutRepetition(split, inner) : entry;
}

function isVoid({ path }: Candidate): boolean {
  return isEmptyFolder(path);
}

/** The folder itself as `train`, if none of its folders is a split with class folders. */
function undivided(
  path: string,
  flat: readonly Candidate[],
  others: readonly Entry[],
  notes: string[],
): FoundSplits {
  const filled = flat.filter(({ pictures }) => pictures > 0);
  if (others.length === 0 && flat.some(({ split }) => split === "train") && flat.every(isVoid)) {
    const names = folderNames(flat.map(({ name }) => readablePath(name)));
    throw new LayoutError(
      `${readablePath(path)}: ${names} ${flat.length === 1 ? "is" : "are"} empty: put one folder of pictures per class into ` +
        `${readablePath(flat.find(({ split }) => split === "train")!.name)}/`,
      path,
    );
  }
  if (others.length === 0 && filled.length > 0) {
    const names = folderNames(filled.map(({ name }) => readablePath(name)));
    const { name } = filled.find(({ split }) => split === "train") ?? filled[0];
    const [verb, has] =
      filled.length === 1 ? ["looks like a split", "it has"] : ["look like splits", "they have"];
    throw new LayoutError(
      `${readablePath(path)}: ${names} ${verb}, but ${has} no class folders: put the pictures of each class into a ` +
        `separate folder, such as ${readablePath(name)}/cats/, or add a CSV file of their labels (docs/data-layouts.md)`,
      path,
    );
  }
  const classes = [...others];
  const beside: FlatFolder[] = [];
  for (const each of flat) {
    const { name, path: folder, split, pictures } = each;
    // Pictures to be classified are often beside the classes; a class of trains is beside cars and ships.
    if (split !== "train" && others.length >= 2) {
      beside.push({ ...each, reason: `${withoutClasses(pictures)}; rename the folder if it is a class` });
      continue;
    }
    if (others.length > 0) {
      const like = folderNames(others.map((other) => readablePath(other.name)));
      notes.push(`${readablePath(name)}/ is taken as a class, like ${like}`);
    }
    classes.push({ name, path: folder, isFolder: true });
  }
  classes.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { splits: [{ split: "train", path, classes }], flat: beside };
}

function withoutTrain(
  path: string,
  divided: readonly Candidate[],
  flat: readonly Candidate[],
  others: readonly Entry[],
): LayoutError {
  const shown = readablePath(path);
  const has = `${shown} has ${divided.map(({ name }) => `${readablePath(name)}/`).join(" and ")}`;
  const train = flat.find(({ split }) => split === "train");
  if (train) {
    const name = readablePath(train.name);
    return new LayoutError(
      `${has} with class folders, but the pictures in ${name}/ are not in class folders: put those of each class into a ` +
        `separate folder, such as ${name}/${readablePath(divided[0].classes[0].name)}/`,
      path,
    );
  }
  const beside =
    others.length > 0
      ? `: put ${folderNames(others.map(({ name }) => readablePath(name)))} into ${shown}/train/ if they are the classes`
      : `: name the folder of training pictures train/, or give ${readablePath(divided[0].path)} alone`;
  const meant = others.length === 0 && divided.length === 1 ? divided[0].path : undefined;
  return new LayoutError(`${has} but no train/ folder${beside}`, path, meant);
}
