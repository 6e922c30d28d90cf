// A kernel for policies of all forms whose images are drawn anew, for the Gaussian process that smooths recorded curves.
//
// Why this model: the curves judge searches, so it must not resemble one of them. Each technique's effect is a Matérn function of its
// magnitude and of the share of the images that it changes, and what all of them do together is one of how much is changed in all, so
// that more of everything is not always better. How strong each kind of effect is, is estimated from the likelihood of the curves.

import { isSimple, singleRecipes } from "../../../src/config/recipes.ts";
import type { TechniqueName } from "../../../src/config/techniques.ts";
import { isMixture, type Policy } from "../../../src/policy/policy.ts";
import { type Kernel, matern } from "../regret/gaussian-process.ts";

/** What the kernel knows of a policy. */
export interface PolicyInput {
  /** Whether the base flips, and whether it crops. */
  readonly spatial: readonly boolean[];
  /** Which recipe of the base draws operations. */
  readonly drawn: string;
  readonly portion: number;
  readonly operations: readonly OperationInput[];
  /** The sum of magnitudes times shares. */
  readonly total: number;
}

interface OperationInput {
  readonly type: TechniqueName;
  /** The mean magnitude. */
  readonly magnitude: number;
  /** The share of the images that the operation changes. */
  readonly share: number;
}

const GUESSES = {
  constant: 1,
  /** Of the two parts of the base, and of their combination. */
  spatial: 0.6,
  drawn: 0.3,
  base: 0.1,
  /** Of the portion, of an operation, and of an operation after a base. */
  portion: 0.1,
  operation: 0.2,
  combined: 0.1,
  /** Of how much all operations change together. */
  total: 0.5,
  magnitudeLength: 0.5,
  shareLength: 0.5,
  totalLength: 1,
  portionLength: 1,
  noise: 0.2,
};

type Names = Exclude<keyof typeof GUESSES, "noise">;

export const POLICY_KERNEL: Kernel<PolicyInput, Names> = { guesses: GUESSES, covariance };

export function inputOf(policy: Policy): PolicyInput {
  const { chains, portion, base, magnitudes, weights, chances } = policy;
  const parts = base ? singleRecipes(base) : [];
  const simple = parts.find(isSimple) ?? "none";
  const total = weights?.reduce((sum, weight) => sum + weight, 0) ?? chains.length;
  const shareOf = (chain: number) => {
    if (chances) return portion * chances[chain];
    return isMixture(policy) ? (portion * (weights?.[chain] ?? 1)) / total : portion;
  };
  const operations = chains.flatMap((chain, index) =>
    chain.map(({ type, magnitude }) => ({
      type,
      magnitude: magnitudes === "drawn" ? magnitude / 2 : magnitude,
      share: shareOf(index),
    })),
  );
  return {
    spatial: ["flip", "crop"].map((part) => simple.split("-").includes(part)),
    drawn: parts.find((part) => !isSimple(part)) ?? "none",
    portion,
    operations,
    total: operations.reduce((sum, { magnitude, share }) => sum + magnitude * share, 0),
  };
}

function covariance(
  a: PolicyInput,
  b: PolicyInput,
  p: Readonly<Record<keyof typeof GUESSES, number>>,
): number {
  const alike = a.spatial.filter((value, index) => value === b.spatial[index]).length / a.spatial.length;
  const isDrawn = a.drawn === b.drawn;
  let operations = 0;
  for (const first of a.operations) {
    for (const second of b.operations) {
      if (first.type !== second.type) continue;
      const distance = Math.hypot(
        (first.magnitude - second.magnitude) / p.magnitudeLength,
        (first.share - second.share) / p.shareLength,
      );
      // Without a share there is no effect.
      operations += Math.sqrt(first.share * second.share) * matern(distance);
    }
  }
  const sameBase = alike === 1 && isDrawn;
  return (
    p.constant +
    alike * p.spatial +
    (isDrawn ? p.drawn : 0) +
    (sameBase ? p.base : 0) +
    p.portion * a.portion * b.portion * matern(Math.abs(a.portion - b.portion) / p.portionLength) +
    p.total * matern(Math.abs(a.total - b.total) / p.totalLength) +
    (p.operation + (sameBase ? p.combined : 0)) * operations
  );
}
