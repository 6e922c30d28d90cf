// The policy types.

import type { RecipeName } from "../config/recipes.ts";
import { type TechniqueName, usesMagnitude } from "../config/techniques.ts";
import { formatFamilies } from "./family-policy.ts";

/** One technique with a magnitude in [0, 1]. */
export interface Operation {
  readonly type: TechniqueName;
  readonly magnitude: number;
}

/** Operations in order: each image goes through all of them. */
export type Chain = readonly Operation[];

/**
 * How training images are augmented. In the original's form, which the optional keys leave, `portion` (in [0, 1]) of the
 * images is drawn once without replacement; each drawn image goes through every chain, and the results are added to the
 * originals.
 */
export interface Policy {
  readonly chains: readonly Chain[];
  readonly portion: number;
  /** The recipe that images go through before a chain. Missing: none. */
  readonly base?: RecipeName;
  /** A positive number per chain: a drawn image goes through one chain only, drawn in proportion to them. */
  readonly weights?: readonly number[];
  /**
   * Of a redrawn policy without weights: a number from 0 to 1 per chain. An image goes through each chain in turn with its
   * chance, independently of the others, instead of through one chain.
   */
  readonly chances?: readonly number[];
  /** drawn: each magnitude is drawn uniformly from 0 to the one given, for each image. Missing: it is the one given. */
  readonly magnitudes?: "drawn";
  /**
   * Images are drawn anew for every epoch and replace their originals: all go through the base, and each with probability
   * `portion` through one chain, or through several by their chances. Missing: the results are drawn once and added to the
   * originals.
   */
  readonly redrawn?: true;
}

/** Whether an image goes through one of the policy's chains, instead of through each of them. */
export function isMixture({ weights, redrawn }: Policy): boolean {
  return redrawn === true || weights !== undefined;
}

/** How many chains an image goes through, each for an image of its own. */
export function chainsPerImage(policy: Policy): number {
  return isMixture(policy) ? 1 : policy.chains.length;
}

/** The recipe that a policy is, if it has nothing besides: all images go through the base, and none through a chain. */
export function recipeAlone({ base, portion, redrawn }: Policy): RecipeName | undefined {
  return redrawn && portion === 0 ? base : undefined;
}

/** The first of these that is a recipe alone: a search judges recipes, too. */
export function bestRecipe(policies: readonly Policy[]): RecipeName | undefined {
  return policies.map(recipeAlone).find((recipe) => recipe !== undefined);
}

/** A policy without what is known of it. */
export function plainPolicy({
  chains,
  portion,
  base,
  weights,
  chances,
  magnitudes,
  redrawn,
}: Policy): Policy {
  return {
    ...{ portion, chains },
    ...(base && { base }),
    ...(weights && { weights }),
    ...(chances && { chances }),
    ...(magnitudes && { magnitudes }),
    ...(redrawn && { redrawn }),
  };
}

/**
 * The policy of trial 0, which adds nothing. The original wrote it as `rotate` with magnitude 0, twice, and portion 0;
 * here it has as many operations as the run's other policies, so that all of them fill the same columns.
 */
export function noAugmentation(chains = 1, operationsPerChain = 2): Policy {
  const rotate: Operation = { type: "rotate", magnitude: 0 };
  return {
    chains: Array.from({ length: chains }, () => Array<Operation>(operationsPerChain).fill(rotate)),
    portion: 0,
  };
}

/**
 * A short line for people: `horizontal-flip 0.95 → gamma-contrast 0.85, portion 0.97`; chains are separated by `|`.
 * Magnitudes that a technique does not use are left out; `≤` is in front of those that are drawn. A base comes first:
 * `flip, then shear-x ≤ 0.30 | fog, portion 0.50`. Chains with chances are separated by commas:
 * `flip, then 20% shear-x ≤ 0.30, 5% fog`; a family of them has its amount and its strength: `1.2 geometry ≤ 0.60`.
 */
export function formatPolicy(policy: Policy): string {
  const { base, chains, portion, magnitudes, weights, chances, redrawn } = policy;
  if (redrawn && portion === 0) return base ?? "no augmentation";
  const before = base ? `${base}, then ` : "";
  if (chances) {
    const each = chains.flatMap((chain, index) =>
      chances[index] > 0 ? [`${percent(chances[index])} ${formatChain(chain, magnitudes)}`] : [],
    );
    const parts = magnitudes === "drawn" ? (formatFamilies(policy) ?? each) : each;
    return before + [...parts, ...(portion < 1 ? [`portion ${portion.toFixed(2)}`] : [])].join(", ");
  }
  const formatted = chains.map((chain, index) => {
    const weight = weights?.some((other) => other !== weights[0]) ? `${weights[index]} × ` : "";
    return weight + formatChain(chain, magnitudes);
  });
  return `${before}${formatted.join(" | ")}, portion ${portion.toFixed(2)}`;
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))}%`;
}

/** A chain for people: `horizontal-flip 0.95 → fog`. */
export function formatChain(chain: Chain, magnitudes?: Policy["magnitudes"]): string {
  const most = magnitudes === "drawn" ? "≤ " : "";
  const format = ({ type, magnitude }: Operation) =>
    usesMagnitude(type) ? `${type} ${most}${magnitude.toFixed(2)}` : type;
  return chain.map(format).join(" → ");
}
