// Recipes: augmentations that need no search. Like a chain, a recipe draws its operations with their parameters first;
// `renderChain` renders them. All draws for an image come from one stream, keyed by (seed, image index) alone.

import { Random } from "../common/random.ts";
import { type RecipeName, type SingleRecipe, singleRecipes } from "../config/recipes.ts";
import type { DrawnOperation } from "./chain.ts";
import { drawPillowOperation, RAND_AUGMENT, TRIVIAL_AUGMENT } from "./pillow-space.ts";
import type { Shape } from "./technique.ts";

interface Recipe {
  /** One phrase for help and documentation. */
  readonly meaning: string;
  draw(shape: Shape, random: Random): DrawnOperation[];
}

/** The bin of RandAugment's magnitudes, of 0 to 30. */
const RAND_BIN = 9;

export const RECIPE_REGISTRY: Readonly<Record<SingleRecipe, Recipe>> = {
  flip: {
    meaning: "mirrored left to right with probability 0.5",
    draw: (_shape, random) => [drawFlip(random)],
  },
  crop: {
    meaning:
      "moved by up to an eighth of each side in whole pixels, with black around it (padding and a random crop)",
    draw: (shape, random) => [drawCrop(shape, random)],
  },
  "flip-crop": {
    meaning: "mirrored as in flip, then moved as in crop",
    draw: (shape, random) => [drawFlip(random), drawCrop(shape, random)],
  },
  trivialaugment: {
    meaning: "TrivialAugmentWide: one of 14 operations at one of 31 magnitudes, all with equal probability",
    draw: (shape, random) => drawPillowOperation(TRIVIAL_AUGMENT, shape, random),
  },
  randaugment: {
    meaning: "RandAugment: two of the same 14 operations, one after another, at magnitude 9 of 30",
    draw: (shape, random) => [
      ...drawPillowOperation(RAND_AUGMENT, shape, random, RAND_BIN),
      ...drawPillowOperation(RAND_AUGMENT, shape, random, RAND_BIN),
    ],
  },
};

/** The key of the stream that a recipe's draws for an image come from. */
export interface RecipeKey {
  readonly seed: number;
  /** The image's index in its dataset, regardless of its batch. */
  readonly imageIndex: number;
}

/**
 * The operations that the image with this key gets under a recipe, in order; none if it stays as it is. Operations of a
 * chain may be appended. Recipes that flip share their flips.
 */
export function drawRecipe(
  name: RecipeName,
  shape: Shape,
  { seed, imageIndex }: RecipeKey,
): DrawnOperation[] {
  const random = new Random(seed, "recipe", imageIndex);
  return singleRecipes(name).flatMap((single) => RECIPE_REGISTRY[single].draw(shape, random));
}

/** What a recipe does, in one phrase. */
export function meaningOf(name: RecipeName): string {
  return singleRecipes(name)
    .map((single) => RECIPE_REGISTRY[single].meaning)
    .join("; then ");
}

function drawFlip(random: Random): DrawnOperation {
  return { type: "horizontal-flip", parameters: { flipped: random.chance(0.5) } };
}

function drawCrop({ height, width }: Shape, random: Random): DrawnOperation {
  const draw = (side: number) => {
    const padding = Math.round(side / 8);
    return random.integer(-padding, padding) + 0;
  };
  return { type: "pad-and-crop", parameters: { right: draw(width), down: draw(height) } };
}
