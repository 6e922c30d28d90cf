// The policies of the recorded learning curves: recipes, policies of the original's form, policies of the extended forms with
// techniques at random, and whole families of techniques.

import { Random } from "../../src/common/random.ts";
import { BASES, type BaseName } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES, TECHNIQUES, type TechniqueName } from "../../src/config/techniques.ts";
import { randomPoint } from "../../src/controller/controller.ts";
import { baseAlone, type PolicyForm } from "../../src/policy/form.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy } from "../../src/policy/space.ts";

export interface CurvePolicy {
  readonly policy: Policy;
  /** Whether an epoch has as many images as the originals, and not as the originals and the copies. */
  readonly equalSteps: boolean;
}

const ORIGINAL = 20;
const EXTENDED = 126;
/** Every second of the extended ones has families. */
const FAMILIES_EVERY = 2;
/** An original policy follows each of these many extended ones. */
const EVERY = 7;

const FORM: PolicyForm = { chains: 1, operationsPerChain: 2 };

/** Techniques that act alike, each with its magnitude at full strength, which is moderate: images can still be recognised. */
const FAMILIES: readonly Readonly<Partial<Record<TechniqueName, number>>>[] = [
  { rotate: 0.25, "shear-x": 0.6, "shear-y": 0.6, "translate-x": 0.4, "translate-y": 0.4, crop: 0.4 },
  {
    ...{ brightness: 0.9, color: 0.9, contrast: 0.9, sharpness: 0.9 },
    ...{ posterize: 0.8, solarize: 0.8, autocontrast: 0, equalize: 0 },
  },
  { "coarse-dropout": 0.5, dropout: 0.2 },
  { "gaussian-blur": 0.06, "additive-gaussian-noise": 0.15 },
];
const FAMILY_BASES: readonly BaseName[] = ["none", "flip", "flip-crop"];
/** The greatest average number of a family's operations that an image goes through. */
const MOST_OF_FAMILY = 1.5;
/** The share of families that a policy leaves out. */
const LEFT_OUT = 0.3;

/** In the order in which they are recorded: no augmentation first. */
export function curvePolicies(): CurvePolicy[] {
  const redrawn = extendedForm(1, 1, "fixed", BASES);
  const recipes = BASES.map((base) => baseAlone(redrawn, base));
  const extended = Array.from({ length: EXTENDED }, (_, index) =>
    index % FAMILIES_EVERY === 0 ? familyPolicy(index) : extendedPolicy(index),
  );
  const original = Array.from({ length: ORIGINAL }, (_, index) => originalPolicy(index));
  const equal = (policy: Policy) => ({ policy, equalSteps: true });
  // Interleaved, so that a part of the table has all kinds.
  const mixed = extended.flatMap((policy, index) => {
    const old = index % EVERY === 0 ? original[index / EVERY] : undefined;
    return old ? [equal(policy), { policy: old, equalSteps: false }, equal(old)] : [equal(policy)];
  });
  return [...recipes.map(equal), ...mixed];
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
  const drawn = FAMILIES.flatMap((family) => {
    const strength = random.uniform();
    const amount = random.uniform(0, MOST_OF_FAMILY);
    if (random.chance(LEFT_OUT)) return [];
    const techniques = Object.entries(family) as [TechniqueName, number][];
    return techniques.map(([type, full]) => ({
      operation: { type, magnitude: rounded(strength * full) },
      chance: rounded(amount / techniques.length),
    }));
  });
  const base = FAMILY_BASES[random.integer(0, FAMILY_BASES.length - 1)];
  if (drawn.length === 0) return familyPolicy(index + EXTENDED);
  return {
    ...{ chains: drawn.map(({ operation }) => [operation]), portion: 1, magnitudes: "drawn", redrawn: true },
    chances: drawn.map(({ chance }) => chance),
    ...(base !== "none" && { base }),
  };
}

/** To three digits, and above 0. */
function rounded(value: number): number {
  return Math.max(0.001, Number(value.toFixed(3)));
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
