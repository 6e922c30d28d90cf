// Opens files of arrays: finds out which arrays they contain, without reading their values.

import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { conventionsOf } from "./conventions.ts";
import { type ArrayFile, isSingle, stemOf } from "./files.ts";
import { openMatlab } from "./matlab.ts";
import { openNpy, openNpz } from "./numpy-files.ts";
import { openPickle } from "./pickled.ts";
import { openPixelTable } from "./pixel-tables.ts";
import { explain } from "./problem.ts";
import { type ArrayPlace, checkArrays, type FoundArray, isReadable } from "./stored-array.ts";

/** The arrays of all files. @throws UsageError naming a file that cannot be read. */
export async function openArrays(files: readonly ArrayFile[]): Promise<FoundArray[]> {
  const arrays: FoundArray[] = [];
  for (const file of files) {
    const shown = readablePath(file.path);
    const place = { file: shown, ...(file.split && { split: file.split }) };
    try {
      const found = await openFile(file, place);
      const names = new Set(found.map(({ name }) => name));
      // Its own name is arr_0.
      const isNamedByFile = found.length === 1 && file.kind === "npz" && isSingle(file, files);
      const own = isNamedByFile ? found.map((array) => ({ ...array, name: stemOf(file.path) })) : found;
      arrays.push(...own.map((array) => (isReadable(array) ? conventionsOf(array, names) : array)));
      checkArrays(arrays.length);
    } catch (error) {
      throw explain(shown, error);
    }
  }
  return arrays;
}

function openFile(
  { path, kind }: ArrayFile,
  place: Omit<ArrayPlace, "name">,
): Promise<readonly FoundArray[]> {
  switch (kind) {
    case "npz":
      return openNpz(path, place);
    case "npy":
      return openNpy(path, { ...place, name: stemOf(path) }).then((array) => [array]);
    case "matlab":
      return openMatlab(path, place);
    case "pickle":
      return openPickle(path, place);
    case "pixels":
      return openTable(path, place);
  }
}

async function openTable(path: string, place: Omit<ArrayPlace, "name">): Promise<FoundArray[]> {
  const { pixels, labels } = await openPixelTable(path, place);
  if (labels) return [labels, pixels];
  // Kaggle's test images have none.
  if (place.split === "test") return [pixels];
  throw new UsageError(`${place.file}: it has no column of labels: name it "label"`);
}
