// Labels that are not known, as in the test splits of competitions: Hugging Face's datasets have −1 for them.

import type { PackedSamples } from "../packed/arrange.ts";

/** The label that is not known. */
export const HIDDEN = -1;

/**
 * The samples of files whose classes are whole numbers, in which −1 is no class, so that these have no label. It is one if there are
 * other negative numbers, or only −1 and 1, as is usual for two classes.
 * @param notes gets a note for these two.
 */
export function withoutHidden(files: readonly PackedSamples[], notes: string[]): readonly PackedSamples[] {
  const name = String(HIDDEN);
  const others = new Set(files.flatMap(({ classes }) => classes.filter((each) => each !== name)));
  if (!files.some(({ classes }) => classes.includes(name))) return files;
  if ([...others].some((each) => each.startsWith("-"))) return files;
  if (others.size === 1 && others.has("1")) {
    notes.push("the labels -1 and 1 are read as two classes, since there are no others");
    return files;
  }
  return files.map((file) => {
    const hidden = file.classes.indexOf(name);
    if (hidden < 0) return file;
    const labels = file.labels.map((label) => (label === hidden ? -1 : label - Number(label > hidden)));
    return { ...file, labels, classes: file.classes.filter((each) => each !== name) };
  });
}
