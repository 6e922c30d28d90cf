// Weight initializers of a child's layers. Each is seeded by the experiment's seed and the layer's name, so a layer's
// weights do not depend on the layers before it.

import { initializers } from "@tensorflow/tfjs-layers";
import { seedOf } from "../common/random.ts";
import type { ModelOptions } from "./types.ts";

type Initializer = ReturnType<typeof initializers.zeros>;

export interface WeightInitializers {
  /** Glorot and Bengio 2010; Keras's default. */
  glorotUniform(layer: string): Initializer;
  /** He et al. 2015. */
  heNormal(layer: string): Initializer;
}

/** The initializers for a model with these options; all zeros if it is only inspected. */
export function weightInitializers({ seed, isShapeOnly }: ModelOptions): WeightInitializers {
  if (isShapeOnly) return { glorotUniform: () => initializers.zeros(), heNormal: () => initializers.zeros() };
  const drawn = (layer: string) => ({ seed: seedOf(seed, "weights", layer) });
  return {
    glorotUniform: (layer) => initializers.glorotUniform(drawn(layer)),
    heNormal: (layer) => initializers.heNormal(drawn(layer)),
  };
}
