// What the images of each arm go through, from the policies that were found.

import type { RedrawnStep } from "../augment/redraw.ts";
import { UsageError } from "../common/errors.ts";
import { type ArmParts, FREE_ARMS, POLICY_ARMS, parseArm } from "../config/arms.ts";
import { bestRecipe, type Policy, plainPolicy, recipeAlone } from "../policy/policy.ts";
import type { ArmAugmentation } from "./final-task.ts";

export interface PolicyUse {
  /** Best first. */
  readonly policies: readonly Policy[];
  /** How many of them `top-policies` draws from. */
  readonly top: number;
  /** The probability that it augments an image. */
  readonly chance: number;
}

/** Arms that need no policies, with the best recipe of the search that found these. @param policies best first. */
export function freeArms(policies: readonly Policy[]): string[] {
  const best = bestRecipe(policies);
  return best === undefined || FREE_ARMS.includes(best) ? [...FREE_ARMS] : [...FREE_ARMS, best];
}

/**
 * The arms of a configuration.
 * @param origin of the policies, for the message; undefined if there are none.
 * @throws UsageError if an arm needs policies, and there are none.
 */
export function settleArms(
  names: "auto" | readonly string[],
  policies: readonly Policy[],
  origin: string | undefined,
): ArmParts[] {
  if (names === "auto") {
    return [...freeArms(policies), ...(policies.length > 0 ? POLICY_ARMS : [])].map(parseArm);
  }
  const arms = names.map(parseArm);
  const needing = arms.find((arm) => arm.policies);
  if (needing && policies.length === 0) {
    const why = origin ? `${origin} has none` : "none are given";
    const fix = origin
      ? "leave the arm out, or give another file with --policy"
      : "give --experiment or --policy";
    throw new UsageError(`arm ${needing.name} needs policies, but ${why}: ${fix}`);
  }
  return arms;
}

/** The arms without `policy` if the best policy is a recipe alone that is an arm, too: both would have the same trainings. */
export function withoutRepeated(
  arms: readonly ArmParts[],
  [best]: readonly Policy[],
): { readonly arms: readonly ArmParts[]; readonly notes: readonly string[] } {
  const recipe = best && recipeAlone(best);
  const isRepeated = ({ name }: ArmParts) => name === "policy";
  if (recipe === undefined || !arms.some(isRepeated) || !arms.some(({ name }) => name === recipe))
    return { arms, notes: [] };
  const notes = [`the best policy is the recipe ${recipe} alone, so there is no arm policy beside it`];
  return { arms: arms.filter((arm) => !isRepeated(arm)), notes };
}

/** As plain data: the best policy as the search judged it, or all of them drawn anew after the recipe. */
export function augmentationOf(
  { name, recipe, policies: part }: ArmParts,
  { policies, top, chance }: PolicyUse,
): ArmAugmentation {
  const redrawn: RedrawnStep[] = recipe ? [{ recipe }] : [];
  // The arm's recipe takes the place of the policies' own bases.
  const used = policies
    .slice(0, top)
    .map(plainPolicy)
    .map((policy) => (recipe ? withoutBase(policy) : policy));
  if (part === "top-policies") redrawn.push({ policies: used, chance });
  if (part === "policy" && used[0].redrawn) redrawn.push({ policy: used[0] });
  return { name, redrawn, ...(part === "policy" && !used[0].redrawn && { added: used[0] }) };
}

function withoutBase({ base: _, ...policy }: Policy): Policy {
  return policy;
}
