// Draws for an image whether it is augmented, the policy of each of its copies, and the parameters of every operation.
// Each draw has its own stream, keyed by the image's index (and the copy), so that it depends neither on order nor on
// the number of workers, and asking for more copies keeps the first ones unchanged.

import { type DrawnOperation, drawForImage } from "../augment/chain.ts";
import type { Shape } from "../augment/technique.ts";
import { Random, seedOf } from "../common/random.ts";
import type { Chain } from "../policy/policy.ts";

/** A policy as it is applied: `chance`, not its portion, determines how many images are augmented. */
export interface AppliedPolicy {
  /** The trial that judged it. */
  readonly trial: number;
  readonly chains: readonly Chain[];
}

/** How images are augmented, as plain data. */
export interface AugmentSettings {
  /** Each copy comes from one of these. */
  readonly policies: readonly AppliedPolicy[];
  readonly seed: number;
  /** Copies of each augmented image, 1 or more; each goes through every chain of its policy. */
  readonly copies: number;
  /** Probability in [0, 1] that an image is augmented. */
  readonly chance: number;
}

/** A future augmented picture: `renderChain(source, shape, drawn)`. */
export interface AugmentedDraw {
  /** From 1. */
  readonly copy: number;
  /** The policy's trial. */
  readonly trial: number;
  /** From 1. */
  readonly chain: number;
  /** The number of chains of the policy. */
  readonly chains: number;
  /** With the image's index and the chain's, the key of the stream of `drawn`. */
  readonly seed: number;
  readonly drawn: readonly DrawnOperation[];
}

/** Whether the image is augmented. */
export function isAugmented({ seed, chance }: AugmentSettings, imageIndex: number): boolean {
  return new Random(seed, "apply", "chance", imageIndex).chance(chance);
}

/** Draws for all copies of an augmented image, chain by chain. */
export function* drawCopies(
  { policies, seed, copies }: AugmentSettings,
  imageIndex: number,
  shape: Shape,
): Generator<AugmentedDraw> {
  for (let copy = 1; copy <= copies; copy++) {
    const choice = new Random(seed, "apply", "policy", imageIndex, copy).integer(0, policies.length - 1);
    const { trial, chains } = policies[choice];
    const copySeed = seedOf(seed, "copy", copy);
    for (const [chainIndex, chain] of chains.entries()) {
      const drawn = drawForImage(chain, shape, { seed: copySeed, imageIndex, chainIndex });
      yield { copy, trial, chain: chainIndex + 1, chains: chains.length, seed: copySeed, drawn };
    }
  }
}
