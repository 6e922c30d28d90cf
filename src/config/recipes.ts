// The names of the recipes: augmentations that are used as they are, without a search. Their implementations are in
// `augment/`; the names are here because the command line and configurations use them too.

import { type NameParser, nameParser } from "./names.ts";

export const RECIPES = ["flip", "crop", "flip-crop", "trivialaugment", "randaugment"] as const;

export type SingleRecipe = (typeof RECIPES)[number];

/** One recipe after another. */
export const RECIPE_PAIRS = [
  "flip+trivialaugment",
  "flip+randaugment",
  "crop+trivialaugment",
  "crop+randaugment",
  "flip-crop+trivialaugment",
  "flip-crop+randaugment",
] as const satisfies readonly `${SingleRecipe}+${SingleRecipe}`[];

export type RecipeName = SingleRecipe | (typeof RECIPE_PAIRS)[number];

/** Every recipe, those of two among them. */
export const ALL_RECIPES: readonly RecipeName[] = [...RECIPES, ...RECIPE_PAIRS];

/**
 * The recipe that `text` names; hyphens, underscores, spaces and case are ignored.
 * @throws UsageError suggesting the nearest known name.
 */
export const parseRecipe: NameParser<RecipeName> = nameParser("recipe", ALL_RECIPES);

/** The one or two recipes that a recipe consists of, in order. */
export function singleRecipes(name: RecipeName): SingleRecipe[] {
  return name.split("+") as SingleRecipe[];
}

/** What a policy may be based on: a recipe, or nothing. */
export const BASES = ["none", ...ALL_RECIPES] as const;

export type BaseName = (typeof BASES)[number];

/** Those that a search tries unless others are given: of the pairs, RandAugment's do better than TrivialAugment's. */
export const USUAL_BASES: readonly BaseName[] = BASES.filter((base) => !base.endsWith("+trivialaugment"));

/** Whether a base flips and crops at most. */
export function isSimple(base: BaseName): boolean {
  return ["none", "flip", "crop", "flip-crop"].includes(base);
}

/** The base that `text` names, like `parseRecipe`. */
export const parseBase: NameParser<BaseName> = nameParser("base", BASES);
