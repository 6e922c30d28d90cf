// Policies of families of techniques: what an image goes through, on average, of each family, and how strong it is.

import { isDeepStrictEqual } from "node:util";
import { FAMILY_NAMES, type Family, familiesOf } from "../config/families.ts";
import type { Policy } from "./policy.ts";

/** How a policy uses a family; both are multiples of 1 / `GRID`, so that they are the same after a policy was written. */
export interface FamilySetting {
  /** How many of the family's techniques an image goes through on average, from 0 to `mostOf`. */
  readonly amount: number;
  /** By how much the magnitudes of the family are multiplied, from 0 to 1. */
  readonly strength: number;
}

export const GRID = 1000;

/** The greatest amount of a family: each technique has a chance of at most 1. */
export function mostOf({ techniques }: Family): number {
  return Math.min(1.5, techniques.length);
}

/** Whether policies differ in the strength of a family. */
export function hasStrength({ techniques, fixed }: Family): boolean {
  return !fixed && techniques.some(([, magnitude]) => magnitude > 0);
}

/** Chains of one technique each, with chances; undefined if no family has an amount. */
export function familyChains(
  families: readonly Family[],
  settings: readonly FamilySetting[],
): Required<Pick<Policy, "chains" | "chances">> | undefined {
  const used = families.flatMap(({ techniques }, index) => {
    const { amount, strength } = settings[index];
    if (amount === 0) return [];
    return techniques.map(([type, magnitude]) => ({
      operation: { type, magnitude: strength * magnitude },
      chance: amount / techniques.length,
    }));
  });
  if (used.length === 0) return undefined;
  return { chains: used.map(({ operation }) => [operation]), chances: used.map(({ chance }) => chance) };
}

/** How a policy uses each family; undefined if it is not one that `familyChains` makes of them. */
export function familySettings(
  families: readonly Family[],
  { chains, chances, portion }: Policy,
): FamilySetting[] | undefined {
  if (portion === 0) return families.map(() => ({ amount: 0, strength: 0 }));
  const settings = families.map((family) => {
    const used = chains.flatMap((chain, index) => {
      const [, full] = family.techniques.find(([type]) => type === chain[0]?.type) ?? [];
      return full === undefined ? [] : [{ chance: chances?.[index] ?? 0, full, ...chain[0] }];
    });
    const amount = used.reduce((sum, { chance }) => sum + chance, 0);
    const strong = hasStrength(family) ? used.find(({ full }) => full > 0) : undefined;
    const strength = strong ? strong.magnitude / strong.full : hasStrength(family) || amount === 0 ? 0 : 1;
    return { amount: rounded(amount), strength: rounded(strength) };
  });
  const made = familyChains(families, settings);
  return isDeepStrictEqual(made, { chains, chances }) ? settings : undefined;
}

/** The amount of each family, followed by its strength if policies differ in it; undefined as in `familySettings`. */
export function familyNumbers(families: readonly Family[], policy: Policy): number[] | undefined {
  return familySettings(families, policy)?.flatMap(({ amount, strength }, index) =>
    hasStrength(families[index]) ? [amount, strength] : [amount],
  );
}

/** The same in words, such as `1.2 geometry ≤ 0.60`; undefined if it is not a policy of families. */
export function formatFamilies(policy: Policy): string[] | undefined {
  const families = familiesOf(
    FAMILY_NAMES,
    policy.chains.flatMap((chain) => chain.map(({ type }) => type)),
  );
  return familySettings(families, policy)?.map(({ amount, strength }, index) => {
    const family = families[index];
    const most = hasStrength(family) ? ` ≤ ${strength.toFixed(2)}` : "";
    return `${Number(amount.toPrecision(2))} ${family.name}${most}`;
  });
}

function rounded(value: number): number {
  return Math.round(value * GRID) / GRID;
}
