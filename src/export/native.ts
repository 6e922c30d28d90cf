// Policies as the framework's own transforms, if every operation is exact: the same distribution of what is drawn, and the same
// pixels (docs/export.md has what was measured). All others are refused by name.

import { UsageError } from "../common/errors.ts";
import { type RecipeName, singleRecipes } from "../config/recipes.ts";
import { usesMagnitude } from "../config/techniques.ts";
import type { Operation, Policy } from "../policy/policy.ts";
import type { ModuleContent } from "./module.ts";

/** How a framework writes transforms; `T` is one of them as it is written. */
export interface Notation<T> {
  /** For messages. */
  readonly name: string;
  /** An operation at a fixed magnitude, or at one that is drawn from 0 to it; undefined if it is not exact. */
  operation(operation: Operation, isDrawn: boolean): T | undefined;
  /** A recipe of one; undefined if it is not exact. */
  recipe(name: RecipeName): T | undefined;
  /** One after the other, with this probability. */
  inTurn(parts: readonly T[], probability: number): T;
  /** One of them, in proportion to these weights. */
  oneOf(parts: readonly T[], weights: readonly number[]): T;
}

/** The images' transform. @throws UsageError naming all operations that are not exact. */
export function nativeTransform<T>(content: ModuleContent, notation: Notation<T>): T {
  checkExact(content, notation);
  const { recipe, policies } = content;
  const before = recipe === undefined ? [] : partsOf(recipe, notation);
  // A recipe for all images takes the place of the policies' own.
  const each = policies.map((policy) => policyAs(recipe ? { ...policy, base: undefined } : policy, notation));
  if (each.length > 1)
    before.push(
      notation.oneOf(
        each,
        each.map(() => 1),
      ),
    );
  else before.push(...each);
  return notation.inTurn(before, 1);
}

function checkExact<T>({ recipe, policies }: ModuleContent, notation: Notation<T>): void {
  const bases = recipe ? [recipe] : policies.flatMap(({ base }) => base ?? []);
  const wrongBases = bases.flatMap(singleRecipes).filter((name) => !notation.recipe(name));
  const wrongOperations = policies.flatMap(({ chains, magnitudes, portion, chances }) =>
    chains
      .filter((_, index) => portion > 0 && chances?.[index] !== 0)
      .flat()
      .filter((operation) => !notation.operation(operation, magnitudes === "drawn"))
      .map(({ type }) =>
        magnitudes === "drawn" && usesMagnitude(type) ? `${type} at drawn magnitudes` : type,
      ),
  );
  const wrong = new Set([...wrongBases, ...wrongOperations]);
  if (wrong.size === 0) return;
  throw new UsageError(
    `--native: ${notation.name} has no transforms that do exactly the same as ${[...wrong].join(", ")}; export without --native`,
  );
}

function policyAs<T>(policy: Policy, notation: Notation<T>): T {
  const { base, chains, portion, weights, chances, magnitudes, redrawn } = policy;
  const before = base ? partsOf(base, notation) : [];
  const chainAs = (index: number, probability: number) =>
    notation.inTurn(
      chains[index].flatMap((operation) => notation.operation(operation, magnitudes === "drawn") ?? []),
      probability,
    );
  const used = [...chains.keys()].filter((index) => portion > 0 && chances?.[index] !== 0);
  const shares = weights ?? chains.map(() => 1);
  if (!redrawn)
    return elementAs(
      before,
      used.map((index) => chainAs(index, 1)),
      policy,
      notation,
    );
  if (used.length === 0) return notation.inTurn(before, 1);
  const drawn = chances
    ? notation.inTurn(
        used.map((index) => chainAs(index, chances[index])),
        portion,
      )
    : notation.inTurn(
        [
          notation.oneOf(
            used.map((index) => chainAs(index, 1)),
            shares,
          ),
        ],
        portion,
      );
  return notation.inTurn([...before, drawn], 1);
}

/** One of the originals and copies: an original with weight 1, a copy of each chain with weight portion. */
function elementAs<T>(
  before: readonly T[],
  chains: readonly T[],
  { portion, weights }: Policy,
  notation: Notation<T>,
): T {
  const sum = weights?.reduce((total, weight) => total + weight, 0) ?? 1;
  const copies = chains.map((chain) => notation.inTurn([...before, chain], 1));
  const shares = chains.map((_, index) => (portion * (weights?.[index] ?? 1)) / sum);
  return notation.oneOf([notation.inTurn([], 1), ...copies], [1, ...shares]);
}

function partsOf<T>(recipe: RecipeName, notation: Notation<T>): T[] {
  return singleRecipes(recipe).flatMap((name) => notation.recipe(name) ?? []);
}

/** The bits that posterize keeps with their probabilities, at a magnitude or at one drawn from 0 to it. */
export function bitsKept(magnitude: number, isDrawn: boolean): [bits: number, probability: number][] {
  if (!isDrawn || magnitude === 0) return [[8 - Math.round(6 * magnitude), 1]];
  const most = 6 * magnitude;
  return Array.from({ length: Math.round(most) + 1 }, (_, lost): [number, number] => {
    const [low, high] = [Math.max(0, lost - 0.5), Math.min(most, lost + 0.5)];
    return [8 - lost, (high - low) / most];
  }).filter(([, probability]) => probability > 0);
}

/** The probability of a flip: its magnitude, of which a drawn one has half on average. */
export function flipProbability(magnitude: number, isDrawn: boolean): number {
  return isDrawn ? magnitude / 2 : magnitude;
}

/** The least level that solarize inverts at a magnitude, from 0 to 255. */
export function solarizedFrom(magnitude: number): number {
  return Math.ceil(255 * (1 - magnitude));
}

/** By how much the factors of enhancements, and the tangent of a shear, change at most. */
const LARGEST_CHANGE = 0.99;

/** The factors of an enhancement at a magnitude: either with probability 1/2, or any between them if it is drawn. */
export function factorsOf(magnitude: number): [low: number, high: number] {
  return [1 - LARGEST_CHANGE * magnitude, 1 + LARGEST_CHANGE * magnitude];
}

/** The degrees of a shear at a magnitude, to one side or to the other. */
export function shearDegrees(magnitude: number): number {
  return (Math.atan(LARGEST_CHANGE * magnitude) * 180) / Math.PI;
}
