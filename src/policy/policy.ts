// What a policy is. See the contract's table of words.

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
 * What trial 0 trains under: nothing is added. The original wrote it as `rotate` with magnitude 0, twice, and portion
 * 0; here with as many operations as the run's other policies have, so that all of them fill the same columns.
 */
export function noAugmentation(chains = 1, operationsPerChain = 2): Policy {
  const rotate: Operation = { type: "rotate", magnitude: 0 };
  return {
    chains: Array.from({ length: chains }, () => Array<Operation>(operationsPerChain).fill(rotate)),
    portion: 0,
  };
}

/**
 * A short line for a person: `horizontal-flip 0.95 → gamma-contrast 0.85, portion 0.97`; chains apart by `|`. A technique
 * whose magnitude is not used stands alone.
 */
export function formatPolicy(policy: Policy): string {
  return `${policy.chains.map(formatChain).join(" | ")}, portion ${policy.portion.toFixed(2)}`;
}

/** A chain for a person: `horizontal-flip 0.95 → fog`. */
export function formatChain(chain: Chain): string {
  const format = ({ type, magnitude }: Operation) =>
    usesMagnitude(type) ? `${type} ${magnitude.toFixed(2)}` : type;
  return chain.map(format).join(" → ");
}
