// The kernel by which an engine makes dropout's masks itself, rather than being handed them: see SeededDropout. Its input is
// x; its output, of the same shape, x times the mask.

import type { ThreefryKey } from "../common/threefry.ts";

/** Its name among TensorFlow.js's kernels. */
export const SEEDED_DROPOUT = "SeededDropout";

/** Which of a layer's masks one of its calls takes. */
export interface MaskChoice {
  /** Takes the layer's next mask; once each time that the call is made, or what it did is repeated. Returns its step. */
  take(): number;
  /** The step of the mask that was taken last. */
  readonly step: number;
}

export interface SeededDropoutAttrs {
  /** In (0, 1). */
  readonly rate: number;
  readonly key: ThreefryKey;
  readonly mask: MaskChoice;
  /** Whether this is the gradient, by the same mask as before, rather than the call. */
  readonly isGradient: boolean;
}
