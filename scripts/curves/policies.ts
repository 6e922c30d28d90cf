// The policies of the recorded learning curves: recipes, chosen policies of families on each base, families at random, policies
// of the extended forms with techniques at random, and policies of the original's form.

import { Random } from "../../src/common/random.ts";
import { FAMILIES, type FamilyName } from "../../src/config/families.ts";
import { BASES, type BaseName } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES, TECHNIQUES } from "../../src/config/techniques.ts";
import { onGrid, randomPoint } from "../../src/controller/controller.ts";
import { GRID } from "../../src/policy/family-policy.ts";
import { baseAlone, formOfFamilies, type PolicyForm, policyOfFamilies } from "../../src/policy/form.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy } from "../../src/policy/space.ts";

export interface CurvePolicy {
  readonly policy: Policy;
  /** Whether an epoch has as many images as the originals, and not as the originals and the copies. */
  readonly equalSteps: boolean;
}

const RANDOM_FAMILIES = 46;
const EXTENDED = 45;
const ORIGINAL = 13;
/** An original policy follows each of these many extended ones. */
const EVERY = 3;

const FORM: PolicyForm = { chains: 1, operationsPerChain: 2 };

/** Without upside down. */
export const CURVE_FAMILIES = FAMILIES.filter(({ name }) => name !== "orientation");
const FAMILY_BASES: readonly BaseName[] = ["none", "flip", "crop", "flip-crop"];
/** The greatest average number of a family's operations that an image goes through. */
const MOST_OF_FAMILY = 1.5;
/** The share of families that a policy leaves out. */
const LEFT_OUT = 0.3;

type Settings = Partial<Record<FamilyName, readonly [amount: number, strength: number]>>;

/** The chosen policies of families, with `FAMILY_BASES`: RandAugment's kind of mixture, its parts, less of it and more. */
const CHOSEN: readonly Settings[] = [
  { geometry: [0.7, 0.5], colour: [1.1, 0.5] },
  { geometry: [0.7, 0.5] },
  { geometry: [1.5, 1] },
  { colour: [1.1, 0.5] },
  { occlusion: [0.5, 0.5] },
  { geometry: [0.7, 0.5], colour: [1.1, 0.5], occlusion: [0.5, 0.5] },
  { geometry: [1.2, 1], colour: [1.5, 1] },
  { geometry: [1.2, 0.5], colour: [0.5, 0.5], occlusion: [0.5, 0.5] },
];
/** Bases of which it is not known whether more than they have would help: each with occlusion. */
const FULL_BASES: readonly BaseName[] = [
  "randaugment",
  "flip+randaugment",
  "flip-crop+randaugment",
  "flip+trivialaugment",
];

/** In the order in which they are recorded: no augmentation first. */
export function curvePolicies(): CurvePolicy[] {
  const redrawn = extendedForm(1, 1, "fixed", BASES);
  const recipes = BASES.map((base) => baseAlone(redrawn, base));
  const families = Array.from({ length: RANDOM_FAMILIES }, (_, index) => familyPolicy(index));
  const extended = Array.from({ length: EXTENDED }, (_, index) => extendedPolicy(index));
  const original = Array.from({ length: ORIGINAL }, (_, index) => originalPolicy(index));
  const equal = (policy: Policy) => ({ policy, equalSteps: true });
  // Interleaved, so that a part of them has both kinds.
  const others = extended.flatMap((policy, index) => {
    const old = index % EVERY === 0 ? original[index / EVERY] : undefined;
    return old ? [equal(policy), { policy: old, equalSteps: false }, equal(old)] : [equal(policy)];
  });
  return [...[...recipes, ...chosenPolicies(), ...families].map(equal), ...others];
}

function chosenPolicies(): Policy[] {
  return [
    ...CHOSEN.flatMap((settings) => FAMILY_BASES.map((base) => policyOfSettings(settings, base))),
    ...FULL_BASES.map((base) => policyOfSettings({ occlusion: [0.5, 0.5] }, base)),
  ];
}

function originalPolicy(index: number): Policy {
  const space = createSpace({ ...FORM, operations: TECHNIQUES });
  return pointToPolicy(space, randomPoint(space.dimensions, new Random("curves", "original", index)));
}

/** Chains of one or two operations, one to four of them; magnitudes drawn in two of three. */
function extendedPolicy(index: number): Policy {
  const random = new Random("curves", "extended", index);
  const chains = [1, 2, 4][random.integer(0, 2)];
  const form = extendedForm(chains, random.integer(1, 2), index % 3 === 0 ? "fixed" : "drawn", BASES);
  const space = createSpace({ ...form, operations: EXTENDED_TECHNIQUES });
  return pointToPolicy(space, randomPoint(space.dimensions, random));
}

/** The families with amounts and strengths at random; each operation has a chance of its own. */
function familyPolicy(index: number): Policy {
  const random = new Random("curves", "families", index);
  const settings: Settings = {};
  for (const { name } of CURVE_FAMILIES) {
    const strength = random.uniform();
    const amount = random.uniform(0, MOST_OF_FAMILY);
    if (!random.chance(LEFT_OUT)) settings[name] = [amount, strength];
  }
  const base = FAMILY_BASES[random.integer(0, FAMILY_BASES.length - 1)];
  return Object.keys(settings).length > 0
    ? policyOfSettings(settings, base)
    : familyPolicy(index + RANDOM_FAMILIES);
}

/** As a search may propose it. */
function policyOfSettings(settings: Settings, base: BaseName): Policy {
  const used = CURVE_FAMILIES.map(({ name }) => {
    const [amount, strength] = settings[name] ?? [0, 0];
    return { amount: onGrid({ grid: GRID }, amount), strength: onGrid({ grid: GRID }, strength) };
  });
  return policyOfFamilies(formOfFamilies(CURVE_FAMILIES, BASES), used, base);
}

function extendedForm(
  chains: number,
  operationsPerChain: number,
  magnitudes: "fixed" | "drawn",
  bases: readonly BaseName[],
): PolicyForm {
  return {
    ...{ chains, operationsPerChain },
    extension: { bases, mixture: true, magnitudes, redraw: "epoch" },
  };
}
