// What a policy is. See the contract's table of words.

import type { TechniqueName } from "../config/techniques.ts";

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

/** What trial 0 trains under: nothing is added. The original's own form of it. */
export const NO_AUGMENTATION: Policy = {
  chains: [
    [
      { type: "rotate", magnitude: 0 },
      { type: "rotate", magnitude: 0 },
    ],
  ],
  portion: 0,
};
