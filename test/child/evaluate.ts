// How good a child is without training it further.

import type { Means } from "../../src/child/pass.ts";
import { stepsOf } from "../../src/child/steps.ts";
import type { ChildModel } from "../../src/child/types.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";

/** Images per forward pass. */
const BATCH = 64;

/** Mean cross-entropy and accuracy on `data`, without dropout. */
export async function evaluateChild(
  model: ChildModel,
  data: LabelledImages,
  classes: number,
): Promise<Means> {
  const steps = stepsOf(model, BATCH, classes);
  try {
    return await steps.evaluate(data);
  } finally {
    steps.dispose();
  }
}
