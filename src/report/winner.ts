// Which policies and which recipe a report shows on pictures: what the evaluation recommends, or the best that was found.

import type { AppliedPolicy } from "../apply/draws.ts";
import { parseArm } from "../config/arms.ts";
import type { RecipeName } from "../config/recipes.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { GivenPolicies, GivenPolicy } from "../policy/policy-file.ts";

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
export function winnerOf(recommended: string | null, file: GivenPolicies | undefined): Winner | undefined {
  const arm = recommended === null || recommended === "none" ? undefined : parseArm(recommended);
  const [best] = file?.policies ?? [];
  if (arm?.recipe && !arm.policies) {
    const note = "It needs no search, and the evaluation recommends it.";
    return { title: `The recipe ${arm.recipe}`, note, policies: [], recipe: arm.recipe };
  }
  if (!best || !file) return undefined;
  const applied = file.policies.map((policy) => ({ ...policy, trial: policy.trial ?? null }));
  const isTop = arm?.policies === "top-policies";
  const before = arm?.recipe ? `${arm.recipe}, then ` : "";
  return {
    title: isTop ? "The best policies" : titleOf(best),
    note: isTop
      ? `${before}one of ${file.policies.length} policies per image.`
      : `${before}${formatPolicy(best)}`,
    policies: isTop ? applied : applied.slice(0, 1),
    recipe: arm?.recipe ?? null,
  };
}

function titleOf({ trial }: GivenPolicy): string {
  return trial === undefined ? "The policy" : `The best policy (trial ${trial})`;
}
