// The search space of policies: converts policies to points for the controller, and back.

import type { Family } from "../config/families.ts";
import { type BaseName, isSimple } from "../config/recipes.ts";
import { type TechniqueName, usesMagnitude } from "../config/techniques.ts";
import type { Dimension, Point } from "../controller/controller.ts";
import { baseTraits } from "./base-traits.ts";
import { familyColumns, policyColumns } from "./columns.ts";
import { familyNumbers, GRID, hasStrength, mostOf } from "./family-policy.ts";
import { type FormExtension, hasForm, type PolicyForm, policyOf, policyOfFamilies } from "./form.ts";
import type { Chain, Policy } from "./policy.ts";

/** The policies that the search may propose. */
export interface SpaceOptions extends PolicyForm {
  /** The techniques that may be drawn; at least one. */
  readonly operations: readonly TechniqueName[];
}

/** The options with the controller's dimensions, whose names and order are those of the notebook's columns. */
export interface SearchSpace extends SpaceOptions {
  readonly dimensions: readonly Dimension[];
}

/**
 * For each operation, a technique and a magnitude in [0, 1], chain by chain; then the portion in [0, 1], and the base if there
 * is a choice. Of policies of families: each family's amount and strength, and the base.
 */
export function createSpace(options: SpaceOptions): SearchSpace {
  const { operations, families } = options;
  if (families)
    return { ...options, dimensions: [...families.flatMap(familyDimensions), ...baseDimension(options)] };
  const choices = operations.length;
  const withoutStrength = [...operations.keys()].filter((choice) => !usesMagnitude(operations[choice]));
  const dimensions = policyColumns({ ...options, extension: undefined }).map((name): Dimension => {
    const type = /^(chain_\d+)_(op_\d+)_type$/.exec(name);
    if (type) {
      const [, chain, place] = type;
      return { kind: "category", name, choices, group: "technique", place, chain, withoutStrength };
    }
    return name === "portion"
      ? { kind: "real", name, low: 0, high: 1, scales: true }
      : { kind: "real", name, low: 0, high: 1, strengthOf: name.replace(/_magnitude$/, "_type") };
  });
  return { ...options, dimensions: [...dimensions, ...baseDimension(options)] };
}

/** If a random policy may leave out a family, this is the chance. */
const LEFT_OUT = 0.3;

/** With less strength, most techniques do nothing that can be seen. */
const LEAST_STRENGTH = 0.1;

function familyDimensions(family: Family): Dimension[] {
  const [amount, strength] = familyColumns(family);
  const dimension = { kind: "real", low: 0, grid: GRID } as const;
  return [
    { ...dimension, name: amount, high: mostOf(family), off: LEFT_OUT },
    ...(strength
      ? [{ ...dimension, name: strength, high: 1, strengthOf: amount, proposedFrom: LEAST_STRENGTH }]
      : []),
  ];
}

function baseDimension(form: PolicyForm): Dimension[] {
  const { extension } = form;
  if (!hasBases(extension)) return [];
  const { bases } = extension;
  const proposed = proposedBases(form);
  const isLimited = proposed.length < bases.length;
  return [
    {
      ...{ kind: "category", name: "base", choices: bases.length, unscaled: true },
      ...(isLimited && { proposed: proposed.map((base) => bases.indexOf(base)) }),
      traits: bases.map((base) => baseTraits(base, form.families)),
    },
  ];
}

/**
 * The bases that a search combines with techniques. Families are put on simple recipes only: the others have much of the same
 * already, and are judged alone.
 */
export function proposedBases({ extension, families }: PolicyForm): readonly BaseName[] {
  const bases = extension?.bases ?? ["none"];
  const simple = families ? bases.filter(isSimple) : [];
  return simple.length > 0 ? simple : bases;
}

/** The policy at a point of the space. */
export function pointToPolicy(space: SearchSpace, point: Point): Policy {
  let next = 0;
  const { bases = ["none"] } = space.extension ?? {};
  const base = () => bases[bases.length > 1 ? point[next] : 0];
  if (space.families) {
    const settings = space.families.map((family) => ({
      amount: point[next++],
      strength: hasStrength(family) ? point[next++] : 1,
    }));
    return policyOfFamilies(space, settings, base());
  }
  const chains = Array.from({ length: space.chains }, () =>
    Array.from({ length: space.operationsPerChain }, () => ({
      type: space.operations[point[next++]],
      magnitude: point[next++],
    })),
  );
  const portion = point[next++];
  return policyOf(space, chains, portion, base());
}

/**
 * The point of a policy. A policy of portion 0 adds no image, regardless of its chains; if they do not fit the space
 * (the baseline rotates, and the user may have left out `rotate`), they are replaced by the first allowed technique at
 * magnitude 0.
 * @throws RangeError if a policy of another portion does not fit the space.
 */
export function policyToPoint(space: SearchSpace, policy: Policy): number[] {
  if (policy.portion > 0) checkFits(space, policy);
  const numbers = space.families && familyNumbers(space.families, policy);
  if (numbers) return [...numbers, ...baseCoordinate(space, policy)];
  const point: number[] = [];
  for (let chain = 0; chain < space.chains; chain++) {
    for (let index = 0; index < space.operationsPerChain; index++) {
      const operation = policy.chains[chain]?.[index];
      const choice = operation ? space.operations.indexOf(operation.type) : -1;
      if (operation && choice >= 0) point.push(choice, operation.magnitude);
      else point.push(0, 0);
    }
  }
  return [...point, policy.portion, ...baseCoordinate(space, policy)];
}

function baseCoordinate({ extension }: SearchSpace, policy: Policy): number[] {
  const base = extension ? extension.bases.indexOf(policy.base ?? "none") : 0;
  if (base < 0)
    throw new RangeError(`the base of the policy, ${policy.base ?? "none"}, is not of this space`);
  return hasBases(extension) ? [base] : [];
}

/** Whether there is a choice of bases. */
function hasBases(extension: FormExtension | undefined): extension is FormExtension {
  return extension !== undefined && extension.bases.length > 1;
}

function checkFits(space: SearchSpace, policy: Policy): void {
  const { chains, operationsPerChain, operations } = space;
  if (space.families) {
    if (hasForm(space, policy)) return;
    const names = space.families.map(({ name }) => name).join(", ");
    throw new RangeError(`the policy does not consist of the families ${names} on a base of this space`);
  }
  const allowed = (chain: Chain) => chain.every(({ type }) => operations.includes(type));
  if (!hasForm(space, policy) || !policy.chains.every(allowed)) {
    throw new RangeError(
      `the policy does not fit a space of ${chains} × ${operationsPerChain} operations from ${operations.join(", ")}`,
    );
  }
}
