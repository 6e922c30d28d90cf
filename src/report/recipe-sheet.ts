// Shows the effect of a recipe on some of the user's pictures: each beside several draws, at its own size.

import { openSource } from "../apply/source.ts";
import { renderChain } from "../augment/chain.ts";
import { drawRecipe, meaningOf } from "../augment/recipes.ts";
import { seedOf } from "../common/random.ts";
import type { RecipeName } from "../config/recipes.ts";
import type { Pixels } from "../image/batch.ts";
import { fitPicture } from "./fit.ts";
import { pickPictures, type ShownPicture } from "./pick.ts";
import { type PreviewOptions, type PreviewOutcome, textSizeFor } from "./preview.ts";
import { DRAWS, rowsOf } from "./rows.ts";
import { drawSheet } from "./sheet.ts";
import { checkSheetPath, writeSheet } from "./sheet-file.ts";

export interface RecipePreviewOptions extends PreviewOptions {
  readonly recipe: RecipeName;
  /** A folder with one subfolder per class, an archive, or a dataset's name. */
  readonly data: string;
  /** Maximum number of pictures: 1 or more. */
  readonly images: number;
  /** Number of draws per picture, 1 or more; 5 by default. */
  readonly draws?: number;
}

/**
 * Writes a sheet of pictures beside draws of a recipe. The same options and data give the same file.
 * @throws UsageError if the data or the output is not usable; RunError if the file cannot be written; InterruptedError on
 * abort.
 */
export async function previewRecipe(options: RecipePreviewOptions): Promise<PreviewOutcome> {
  const {
    recipe,
    data,
    out,
    seed,
    size,
    images,
    draws = DRAWS,
    onProgress,
    signal,
    columns,
    arrays,
  } = options;
  checkSheetPath(out);
  const source = await openSource(data, { onProgress, signal, columns, arrays });
  const { shown, skipped } = await pickPictures(source, data, { ...options, count: images });
  const copies = Array.from({ length: draws }, (_, i) => i + 1);
  const rows = await rowsOf(
    shown,
    (picture) => {
      const drawn = copies.map((copy) => augment(picture, recipe, seed, copy));
      return [picture, ...drawn].map((cell) => fitPicture(cell, size));
    },
    options,
  );
  const meaning = meaningOf(recipe);
  const content = {
    title: [recipe],
    details: [`${meaning[0].toUpperCase()}${meaning.slice(1)}.`],
    grids: [{ groups: [["original"], copies.map((copy) => `draw ${copy}`)], rows }],
  };
  const sheet = await drawSheet(content, textSizeFor(size, 0.14));
  await writeSheet(out, sheet);
  const { height, width } = sheet;
  const pictures = shown.map(({ data: _, index: __, ...picture }) => picture);
  return { out, height, width, pictures, skipped, notes: source.notes };
}

/** Draw number `copy` of the recipe, as before the policy of a copy with this number. */
function augment(
  { data, height, width, index }: ShownPicture,
  recipe: RecipeName,
  seed: number,
  copy: number,
): Pixels {
  const shape = { height, width };
  const drawn = drawRecipe(recipe, shape, { seed: seedOf(seed, "copy", copy), imageIndex: index });
  return { data: renderChain(data, shape, drawn), height, width };
}
