// Whether two policies differ by so little that one can stand in for the other.

import { isDeepStrictEqual } from "node:util";
import { usesMagnitude } from "../config/techniques.ts";
import type { Chain, Policy } from "./policy.ts";

/** Two portions, or two magnitudes of an operation, are near-equal if they differ by at most this. */
const NEAR = 0.1;

/**
 * Two policies are near-equals if they are used in the same way, on the same base, and every chain of the one has the same
 * techniques in the same order as the chain at the same place of the other, each pair of magnitudes, and the portions, differ by at
 * most `NEAR`, and so do their chances in sum. The magnitude of a technique that does not use it does not count.
 */
export function areNearEqual(a: Policy, b: Policy): boolean {
  const isUsedAlike =
    a.base === b.base &&
    a.magnitudes === b.magnitudes &&
    a.redrawn === b.redrawn &&
    isDeepStrictEqual(a.weights, b.weights) &&
    areChancesNear(a.chances, b.chances);
  if (!isUsedAlike) return false;
  if (a.portion === 0 && b.portion === 0) return true;
  return (
    areNear(a.portion, b.portion) &&
    a.chains.length === b.chains.length &&
    a.chains.every((chain, index) => areChainsNear(chain, b.chains[index]))
  );
}

function areChainsNear(a: Chain, b: Chain): boolean {
  return (
    a.length === b.length &&
    a.every(({ type, magnitude }, index) => {
      const other = b[index];
      return type === other.type && (!usesMagnitude(type) || areNear(magnitude, other.magnitude));
    })
  );
}

/** Chains with small chances are often many, so their differences count together. */
function areChancesNear(a?: readonly number[], b?: readonly number[]): boolean {
  if (!a || !b) return a === b;
  const differences = a.map((chance, index) => Math.abs(chance - b[index]));
  return a.length === b.length && differences.reduce((sum, each) => sum + each, 0) <= NEAR;
}

function areNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= NEAR;
}
