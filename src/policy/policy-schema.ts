// What a policy from another machine must be, with limits.

import { z } from "zod";
import { ALL_RECIPES } from "../config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../config/techniques.ts";

/** Twice as many as a search gives a policy; as in a policy file. */
const MOST_OPERATIONS = 1000;

const SHARE = z.number().min(0).max(1);

const OPERATION = z.strictObject({ type: z.enum(EXTENDED_TECHNIQUES), magnitude: SHARE });

export const RECIPE = z.enum(ALL_RECIPES);

/** A `Policy`. */
export const POLICY = z
  .strictObject({
    chains: z.array(z.array(OPERATION).max(MOST_OPERATIONS)).max(MOST_OPERATIONS),
    portion: SHARE,
    base: RECIPE.optional(),
    weights: z.array(z.number().positive()).max(MOST_OPERATIONS).optional(),
    chances: z.array(SHARE).max(MOST_OPERATIONS).optional(),
    magnitudes: z.literal("drawn").optional(),
    redrawn: z.literal(true).optional(),
  })
  .refine(({ chains }) => chains.flat().length <= MOST_OPERATIONS, {
    error: `expected at most ${MOST_OPERATIONS} operations`,
  })
  .refine(
    ({ chains, weights, chances }) =>
      [weights, chances].every((each) => !each || each.length === chains.length),
    {
      error: "expected a weight and a chance for each chain",
    },
  );
