// Labels that are not known, as in the test splits of competitions: −1 stands for them.

import type { PackedSamples } from "./arrange.ts";

/** The label that is not known. */
export const HIDDEN = -1;

/**
 * Whether −1 is no class among these, which are whole numbers. It is one if there are other negative numbers, or only −1 and 1, as is
 * usual for two classes.
 * @param notes gets a note for these two.
 */
export function isHidden(classes: Iterable<string>, notes: string[]): boolean {
  const others = new Set(classes);
  if (!others.delete(String(HIDDEN)) || [...others].some((each) => each.startsWith("-"))) return false;
  if (others.size === 1 && others.has("1")) {
    notes.push("the labels -1 and 1 are read as two classes, since there are no others");
    return false;
  }
  return true;
}

/** Whether texts are whole numbers. */
export function areWhole(classes: Iterable<string>): boolean {
  return [...classes].every((each) => /^-?\d+$/.test(each));
}

/** The samples of files whose classes are whole numbers; those with −1, if it is no class, have no label. */
export function withoutHidden(files: readonly PackedSamples[], notes: string[]): readonly PackedSamples[] {
  if (!isHidden(new Set(files.flatMap(({ classes }) => classes)), notes)) return files;
  const name = String(HIDDEN);
  return files.map((file) => {
    const hidden = file.classes.indexOf(name);
    if (hidden < 0) return file;
    const labels = file.labels.map((label) => (label === hidden ? -1 : label - Number(label > hidden)));
    return { ...file, labels, classes: file.classes.filter((each) => each !== name) };
  });
}
