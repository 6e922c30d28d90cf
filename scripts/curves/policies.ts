// The policies of the recorded learning curves: recipes, policies of the original's form, policies of the extended forms with
// techniques at random, and mixtures of whole families of techniques.

import { Random } from "../../src/common/random.ts";
import { BASES, type BaseName } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES, TECHNIQUES, type TechniqueName } from "../../src/config/techniques.ts";
import { randomPoint } from "../../src/controller/controller.ts";
import { baseAlone, type PolicyForm } from "../../src/policy/form.ts";
import type { Chain, Policy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy } from "../../src/policy/space.ts";

export interface CurvePolicy {
  readonly policy: Policy;
  /** Whether an epoch has as many images as the originals, and not as the originals and the copies. */
  readonly equalSteps: boolean;
}

const ORIGINAL = 20;
const EXTENDED = 126;
/** Every third of the extended ones is a mixture of families. */
const FAMILIES_EVERY = 3;
/** An original policy follows each of these many extended ones. */
const EVERY = 7;

const FORM: PolicyForm = { chains: 1, operationsPerChain: 2 };

/** Techniques that act alike, each with its magnitude at full strength, which is moderate: images can still be recognised. */
const FAMILIES: readonly (readonly (readonly [TechniqueName, number])[])[] = [
  [
    ...([
      ["rotate", 0.25],
      ["shear-x", 0.6],
      ["shear-y", 0.6],
    ] as const),
    ...([
      ["translate-x", 0.4],
      ["translate-y", 0.4],
      ["crop", 0.4],
    ] as const),
  ],
  [
    ...([
      ["brightness", 0.9],
      ["color", 0.9],
      ["contrast", 0.9],
      ["sharpness", 0.9],
    ] as const),
    ...([
      ["posterize", 0.8],
      ["solarize", 0.8],
      ["autocontrast", 0],
      ["equalize", 0],
    ] as const),
  ],
  [
    ["coarse-dropout", 0.5],
    ["dropout", 0.2],
  ],
  [
    ["gaussian-blur", 0.06],
    ["additive-gaussian-noise", 0.15],
  ],
];
const FAMILY_BASES: readonly BaseName[] = ["none", "flip", "flip-crop"];
/** Chains of two operations that stand for all pairs of a mixture. */
const PAIRS = 30;

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

/**
 * Some of the families with weights and strengths at random; of each image one operation is drawn, or two. The portion is 1 in
 * every other policy.
 */
function familyPolicy(index: number): Policy {
  const random = new Random("curves", "families", index);
  const drawn = FAMILIES.map((family) => ({ family, strength: random.uniform(), weight: random.uniform() }));
  const kept = drawn.filter(() => random.uniform() < 0.7);
  const families = kept.length > 0 ? kept : drawn;
  const operations = families.flatMap(({ family, strength, weight }) =>
    family.map(([type, full]) => ({
      operation: { type, magnitude: rounded(strength * full) },
      weight: weight / family.length,
    })),
  );
  const weights = operations.map(({ weight }) => weight);
  const draw = () => operations[random.weighted(weights)].operation;
  const isPairs = random.uniform() < 0.5;
  const chains: Chain[] = isPairs
    ? Array.from({ length: PAIRS }, () => [draw(), draw()])
    : operations.map(({ operation }) => [operation]);
  const base = FAMILY_BASES[random.integer(0, FAMILY_BASES.length - 1)];
  const portion = random.uniform() < 0.5 ? 1 : rounded(random.uniform());
  return {
    ...{ chains, portion, magnitudes: "drawn", redrawn: true },
    weights: isPairs ? chains.map(() => 1) : weights.map(rounded),
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
