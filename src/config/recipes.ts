// The names of the recipes: augmentations that are used as they are, without a search. Their implementations are in
// `augment/`; the names are here because the command line and configurations use them too.

import { nameParser } from "./names.ts";

export const RECIPES = ["flip", "flip-crop", "trivialaugment", "randaugment"] as const;

export type RecipeName = (typeof RECIPES)[number];

/**
 * The recipe that `text` names; hyphens, underscores, spaces and case are ignored.
 * @throws UsageError suggesting the nearest known name.
 */
export const parseRecipe: (text: string) => RecipeName = nameParser("recipe", RECIPES);

/** What a policy may be based on: a recipe, or nothing. */
export const BASES = ["none", ...RECIPES] as const;

export type BaseName = (typeof BASES)[number];

/** The base that `text` names, like `parseRecipe`. */
export const parseBase: (text: string) => BaseName = nameParser("base", BASES);
