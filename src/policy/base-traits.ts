// What bases do to images, so that a search learns from one about others, and about families of techniques.

import type { Family, FamilyName } from "../config/families.ts";
import type { BaseName } from "../config/recipes.ts";
import type { Traits } from "../controller/controller.ts";
import { familyColumns } from "./columns.ts";

/** 5 of the 14 operations of TrivialAugment and RandAugment are geometric, and 8 change colours. */
const GEOMETRIC = 5 / 14;
const COLOURING = 8 / 14;

/**
 * The recipes as amounts of families with strengths. RandAugment draws two operations at 0.3 of the greatest magnitudes, which is
 * the mean of magnitudes up to 0.6; TrivialAugment draws one, and its greatest magnitudes are larger than those of families.
 */
const AS_FAMILIES: Readonly<Record<string, Partial<Record<FamilyName, readonly [number, number]>>>> = {
  randaugment: { geometry: [2 * GEOMETRIC, 0.6], colour: [2 * COLOURING, 0.6] },
  trivialaugment: { geometry: [GEOMETRIC, 1.5], colour: [COLOURING, 1.5] },
};

/** Whether a base flips and crops, and what it has of these families. */
export function baseTraits(base: BaseName, families: readonly Family[] = []): Traits {
  const parts = base.split("+");
  const [flips, crops] = ["flip", "crop"].map((part) => Number(base.split(/[+-]/).includes(part)));
  const known = parts.map((part) => AS_FAMILIES[part]).find((each) => each !== undefined) ?? {};
  const adds = families.flatMap((family) => {
    const added = known[family.name];
    return added ? [[familyColumns(family)[0], added] as const] : [];
  });
  return { own: [flips, crops], adds: Object.fromEntries(adds) };
}
