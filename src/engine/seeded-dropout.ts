// The kernel with which an engine makes dropout's masks itself: see SeededDropout. Its input is x; its output, of the same
// shape, is x times the mask.

import type { ThreefryKey } from "../common/threefry.ts";

/** Its name among TensorFlow.js's kernels. */
export const SEEDED_DROPOUT = "SeededDropout";

/** Which of a layer's masks a call uses. */
export interface MaskChoice {
  /** Advances to the layer's next mask: once for each call, and for each replay of it. Returns the mask's step. */
  take(): number;
  /** The step of the last mask. */
  readonly step: number;
}

export interface SeededDropoutAttrs {
  /** In (0, 1). */
  readonly rate: number;
  readonly key: ThreefryKey;
  readonly mask: MaskChoice;
  /** Whether this is the gradient, which uses the mask of the call. */
  readonly isGradient: boolean;
}
