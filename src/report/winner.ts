// Which policies and which recipe a report shows on pictures: what the evaluation recommends, or the best that was found.

import type { AppliedPolicy } from "../apply/draws.ts";
import { parseArm } from "../config/arms.ts";
import type { RecipeName } from "../config/recipes.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { PolicyFile } from "../policy/policy-file.ts";

export interface Winner {
  readonly title: string;
  readonly note: string;
  readonly policies: readonly AppliedPolicy[];
  readonly recipe: RecipeName | null;
}

/**
 * Undefined if there is nothing to show.
 * @param recommended the arm that an evaluation recommends.
 */
export function winnerOf(recommended: string | null, file: PolicyFile | undefined): Winner | undefined {
  const arm = recommended === null || recommended === "none" ? undefined : parseArm(recommended);
  const [best] = file?.policies ?? [];
  if (arm?.recipe && !arm.policies) {
    const note = "It needs no search, and the evaluation recommends it.";
    return { title: `The recipe ${arm.recipe}`, note, policies: [], recipe: arm.recipe };
  }
  if (!best || !file) return undefined;
  const isTop = arm?.policies === "top-policies";
  const before = arm?.recipe ? `${arm.recipe}, then ` : "";
  return {
    title: isTop ? "The best policies" : `The best policy (trial ${best.trial})`,
    note: isTop
      ? `${before}one of ${file.policies.length} policies per image.`
      : `${before}${formatPolicy(best)}`,
    policies: isTop ? file.policies : [best],
    recipe: arm?.recipe ?? null,
  };
}
