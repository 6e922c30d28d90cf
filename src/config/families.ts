// Families of techniques that act alike. A search finds how much of each family helps, in place of single techniques: that takes
// far fewer trials.

import { type NameParser, nameParser } from "./names.ts";
import type { TechniqueName } from "./techniques.ts";

export interface Family {
  readonly name: FamilyName;
  /** Each in one family only, with its magnitude at strength 1, which is moderate: what an image shows can still be recognised. */
  readonly techniques: readonly (readonly [TechniqueName, magnitude: number])[];
  /** Whether the strength is 1 in all policies. */
  readonly fixed?: boolean;
}

export const FAMILY_NAMES = ["geometry", "orientation", "colour", "occlusion", "noise"] as const;

export type FamilyName = (typeof FAMILY_NAMES)[number];

export const FAMILIES: readonly Family[] = [
  {
    name: "geometry",
    techniques: [
      ["rotate", 0.25],
      ["shear-x", 0.6],
      ["shear-y", 0.6],
      ["translate-x", 0.4],
      ["translate-y", 0.4],
      ["crop", 0.4],
    ],
  },
  // A base mirrors left to right. The magnitude is a probability.
  { name: "orientation", techniques: [["vertical-flip", 1]], fixed: true },
  {
    name: "colour",
    techniques: [
      ["brightness", 0.9],
      ["color", 0.9],
      ["contrast", 0.9],
      ["sharpness", 0.9],
      ["posterize", 0.8],
      ["solarize", 0.8],
      ["autocontrast", 0],
      ["equalize", 0],
    ],
  },
  {
    name: "occlusion",
    techniques: [
      ["coarse-dropout", 0.5],
      ["dropout", 0.2],
    ],
  },
  {
    name: "noise",
    techniques: [
      ["gaussian-blur", 0.06],
      ["additive-gaussian-noise", 0.15],
    ],
  },
];

/** The families of these names, with those of the techniques that are allowed; without a family of which none is. */
export function familiesOf(names: readonly FamilyName[], allowed: readonly TechniqueName[]): Family[] {
  return FAMILIES.filter(({ name }) => names.includes(name)).flatMap((family) => {
    const techniques = family.techniques.filter(([technique]) => allowed.includes(technique));
    return techniques.length > 0 ? [{ ...family, techniques }] : [];
  });
}

/** The family that `text` names; hyphens, underscores, spaces and case are ignored. @throws UsageError */
export const parseFamily: NameParser<FamilyName> = nameParser("family", FAMILY_NAMES);
