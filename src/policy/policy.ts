// The policy types.

import { type TechniqueName, usesMagnitude } from "../config/techniques.ts";

/** One technique with a magnitude in [0, 1]. */
export interface Operation {
  readonly type: TechniqueName;
  readonly magnitude: number;
}

/** Operations in order: each image goes through all of them. */
export type Chain = readonly Operation[];

/**
 * `portion` (in [0, 1]) of the training images is drawn without replacement; each drawn image goes through every
 * chain, and the results are added to the originals.
 */
export interface Policy {
  readonly chains: readonly Chain[];
  readonly portion: number;
}

/**
 * The policy of trial 0, which adds nothing. The original wrote it as `rotate` with magnitude 0, twice, and portion 0;
 * here it has as many operations as the run's other policies, so that all of them fill the same columns.
 */
export function noAugmentation(chains = 1, operationsPerChain = 2): Policy {
  const rotate: Operation = { type: "rotate", magnitude: 0 };
  return {
    chains: Array.from({ length: chains }, () => Array<Operation>(operationsPerChain).fill(rotate)),
    portion: 0,
  };
}

/**
 * A short line for people: `horizontal-flip 0.95 → gamma-contrast 0.85, portion 0.97`; chains are separated by `|`.
 * Magnitudes that a technique does not use are left out.
 */
export function formatPolicy(policy: Policy): string {
  return `${policy.chains.map(formatChain).join(" | ")}, portion ${policy.portion.toFixed(2)}`;
}

/** A chain for people: `horizontal-flip 0.95 → fog`. */
export function formatChain(chain: Chain): string {
  const format = ({ type, magnitude }: Operation) =>
    usesMagnitude(type) ? `${type} ${magnitude.toFixed(2)}` : type;
  return chain.map(format).join(" → ");
}
