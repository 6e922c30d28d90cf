// The names of classes that are numbers, in the metadata of several files: files may have them in other orders, or lack them.

import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { LayoutError } from "../layout-error.ts";
import type { PackedSamples } from "../packed/arrange.ts";
import { inFolder } from "../packed/find-packed.ts";
import { featuresOf } from "./features.ts";
import type { ParquetFile } from "./file.ts";
import { type Column, kindIn } from "./kinds.ts";

/** The names of classes that a file's metadata have. */
function namesOf({ metadata }: ParquetFile, { name }: Column): readonly string[] | undefined {
  return featuresOf(metadata).get(name)?.names;
}

/**
 * The names for files that do not have their own.
 * @param files those with training pictures first.
 * @param notes gets a note for each file with such numbers, and each whose names cannot be used.
 * @throws LayoutError if files with names contradict each other, so that those of another file could be either.
 */
export function commonNames(
  files: readonly ParquetFile[],
  label: Column,
  root: string,
  notes: string[],
): readonly string[] | undefined {
  const named = files.filter((file) => namesOf(file, label));
  const [first] = named;
  const numbered = files.filter((file) => !namesOf(file, label) && kindIn(file, label.name) === "numbers");
  const shown = ({ path }: ParquetFile) => inFolder(root, path);
  for (const file of files)
    if (featuresOf(file.metadata).get(label.name)?.hasUnclearNames)
      notes.push(
        `${shown(file)}: the names of its classes are not used, since some are equal or empty: classes are numbers`,
      );
  if (!first) return undefined;
  const key = JSON.stringify(namesOf(first, label));
  const other = named.find((file) => JSON.stringify(namesOf(file, label)) !== key);
  const [unnamed] = numbered;
  if (unnamed && other) {
    throw new LayoutError(
      `${readablePath(unnamed.path)} does not name its classes, and ${shown(first)} and ${shown(other)} number them in ` +
        "different ways: write all files with the same names",
      unnamed.path,
    );
  }
  for (const file of numbered)
    notes.push(`${shown(file)} does not name its classes; the names in ${shown(first)} are used`);
  return namesOf(first, label);
}

/** A file with what was read of it. */
interface ReadFile {
  readonly file: ParquetFile;
  readonly samples: PackedSamples;
}

/**
 * @param isNamed whether numbers without names of their own have those of another file.
 * @throws UsageError if some files have numbers as classes, and others texts: nobody knows which mean the same.
 */
export function checkSameKind(
  read: readonly ReadFile[],
  label: Column,
  isNamed: boolean,
  root: string,
): void {
  const kindOf = ({ file, samples: { classes } }: ReadFile) => {
    const kind = kindIn(file, label.name);
    if (kind === "truth values" || (kind === "numbers" && !isNamed)) return kind;
    // Text may be that of numbers.
    return classes.every((name) => /^-?\d+$/.test(name)) ? undefined : "text";
  };
  const [first, ...others] = read.filter((each) => each.samples.classes.length > 0 && kindOf(each));
  const other = others.find((each) => kindOf(each) !== kindOf(first));
  if (!other) return;
  const [a, b] = [first, other].map(
    ({ file, samples }) => `${inFolder(root, file.path)} ("${samples.classes[0]}")`,
  );
  throw new UsageError(
    `${readablePath(root)}: the column "${label.name}" has ${kindOf(first)} in ${a} and ${kindOf(other)} in ${b}: write the same kind of classes ` +
      "into all files",
  );
}
