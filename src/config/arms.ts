// The arms of an evaluation: what a training is given, by name. An arm is `none`, a recipe, policies, or a recipe and
// policies: `flip-crop+top-policies`. A recipe may be two of them: `flip-crop+randaugment`.

import { nearest, UsageError } from "../common/errors.ts";
import { ALL_RECIPES, parseRecipe, RECIPE_PAIRS, RECIPES, type RecipeName } from "./recipes.ts";

/** How an arm uses the policies of a file: the best one as the search judged it, or all of them drawn anew for every image. */
const POLICY_PARTS = ["policy", "top-policies"] as const;

type PolicyPart = (typeof POLICY_PARTS)[number];

/** An arm: `none` has neither recipe nor policies. */
export interface ArmParts {
  /** As it is written in tables and files: `flip-crop+top-policies`. */
  readonly name: string;
  readonly recipe?: RecipeName;
  readonly policies?: PolicyPart;
}

/** Arms that need no policies, without `crop`, which serves data that must not be mirrored. */
export const FREE_ARMS: readonly string[] = ["none", "flip", "flip-crop", "trivialaugment", "randaugment"];

/** Arms of policies that are compared unless others are given. */
export const POLICY_ARMS: readonly string[] = [...POLICY_PARTS, "flip-crop+top-policies"];

/** All arms. */
export const ARM_NAMES: readonly string[] = [
  ...["none", ...ALL_RECIPES, ...POLICY_PARTS],
  ...ALL_RECIPES.flatMap((recipe) => POLICY_PARTS.map((part) => `${recipe}+${part}`)),
];

/**
 * The arm that `text` names; hyphens, underscores and case are ignored, and so is the order of its parts.
 * @throws UsageError naming the part that is not known, with the nearest one.
 */
export function parseArm(text: string): ArmParts {
  const parts = text.split("+").map((part) => part.trim());
  if (parts.length === 1 && letters(parts[0]) === "none") return { name: "none" };
  const recipes: RecipeName[] = [];
  let policies: PolicyPart | undefined;
  for (const part of parts) {
    const known = POLICY_PARTS.find((name) => letters(name) === letters(part));
    if (known === undefined) {
      recipes.push(parseRecipePart(part, text));
    } else {
      if (policies) throw new UsageError(`arm "${text}" has policies twice; write policy or top-policies`);
      policies = known;
    }
  }
  const recipe = recipes.length > 1 ? pairOf(recipes, text) : recipes[0];
  const name = [recipe, policies].filter((part) => part !== undefined).join("+");
  return { name, ...(recipe && { recipe }), ...(policies && { policies }) };
}

/** The recipe that these make in either order. */
function pairOf(recipes: readonly RecipeName[], arm: string): RecipeName {
  const names = [recipes.join("+"), recipes.toReversed().join("+")];
  const found = ALL_RECIPES.find((name) => names.includes(name));
  if (found) return found;
  throw new UsageError(
    `arm "${arm}" combines recipes that do not go together; those of two recipes are ${RECIPE_PAIRS.join(", ")}`,
  );
}

function parseRecipePart(part: string, arm: string): RecipeName {
  try {
    return parseRecipe(part);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const known = ["none", ...RECIPES, ...POLICY_PARTS];
    const suggestion = nearest(part, known);
    const fix = suggestion ? `did you mean "${suggestion}"?` : `known are ${known.join(", ")}`;
    throw new UsageError(`unknown arm "${arm}": ${fix}; a recipe and policies are joined by +`);
  }
}

function letters(text: string): string {
  return text.toLowerCase().replace(/[-_ ]/g, "");
}
