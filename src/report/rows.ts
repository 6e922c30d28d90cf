// The rows of a sheet of the user's pictures: each picture beside its augmented versions.

import type { Row } from "./grid.ts";
import type { ShownPicture } from "./pick.ts";
import { breathe, type PreviewOptions } from "./preview.ts";

/** Default number of draws beside each picture. */
export const DRAWS = 5;

/**
 * One row per picture, with the cells that `cellsOf` gives it.
 * @throws InterruptedError on abort.
 */
export async function rowsOf(
  shown: readonly ShownPicture[],
  cellsOf: (picture: ShownPicture) => Row["cells"],
  { onProgress, signal }: Pick<PreviewOptions, "onProgress" | "signal">,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const picture of shown) {
    rows.push({ label: picture.className, cells: cellsOf(picture) });
    onProgress?.({ stage: "drawing", done: rows.length, total: shown.length, unit: "images" });
    await breathe(signal);
  }
  return rows;
}
