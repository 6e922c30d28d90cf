// The names of classes that are numbers, in a file beside the shards.

import { statSync } from "node:fs";
import { join } from "node:path";
import { readOrdinaryFile } from "../../../common/ordinary-files.ts";
import { readablePath, systemPath } from "../../../common/path-bytes.ts";
import { decodeText } from "../../../common/text.ts";
import { unreadable } from "../../reader.ts";

/** Files with the names of classes, one a line, beside the shards. */
const NAMES = ["classnames.txt", "class_names.txt", "classes.txt"];

/** The names of classes that are numbers. */
export interface ClassNames {
  /** The name of the file that has them. */
  readonly file: string;
  /** By number; undefined for numbers without a name. */
  readonly names: readonly (string | undefined)[];
}

/** The names in a file beside the shards, if the classes are numbers that it names. */
export function namesBeside(
  root: string,
  classes: ReadonlySet<string>,
  notes: string[],
): ClassNames | undefined {
  const file = NAMES.find((name) =>
    statSync(join(systemPath(root).toString(), name), { throwIfNoEntry: false })?.isFile(),
  );
  if (file === undefined) return undefined;
  const path = join(root, file);
  let text: string;
  try {
    text = decodeText(readOrdinaryFile(systemPath(path)));
  } catch (error) {
    throw unreadable(readablePath(path), error);
  }
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => line.trim());
  const names = numberedNames(lines) ?? lines;
  const empty = names.indexOf("");
  const known = names.filter((name) => name !== undefined);
  const areNamed = [...classes].every((name) => /^\d+$/.test(name) && names[Number(name)] !== undefined);
  if (areNamed && empty < 0 && new Set(known).size === known.length) return { file, names };
  const reason =
    areNamed && empty >= 0
      ? `its line ${empty + 1} is empty, so it is unclear which class each line names`
      : `its lines are not the names of the classes ${sampleOf(classes)}`;
  notes.push(`${readablePath(path)} is not used: ${reason}`);
  return undefined;
}

/** The names in lines such as `3 cat` or `3: cat`, by their numbers; undefined if some line has none, or one that is there twice. */
function numberedNames(lines: readonly string[]): (string | undefined)[] | undefined {
  const found = lines.map((line) => /^(\d{1,6})[\s,;:.)]+(\S.*)$/.exec(line));
  const names: (string | undefined)[] = [];
  for (const match of found) {
    const number = Number(match?.[1]);
    if (!match || names[number] !== undefined) return undefined;
    names[number] = match[2];
  }
  return names;
}

function sampleOf(classes: ReadonlySet<string>): string {
  const some = [...classes].slice(0, 3).map((name) => `"${name}"`);
  return classes.size > some.length ? `${some.join(", ")}, …` : some.join(", ");
}
