// How a child's layers begin: each draws from the seed and its own name, so that a layer's weights do not depend on the
// layers before it.

import { initializers } from "@tensorflow/tfjs-layers";
import { seedOf } from "../common/random.ts";
import type { ModelOptions } from "./model.ts";

type Initializer = ReturnType<typeof initializers.zeros>;

export interface WeightInitializers {
  /** Glorot and Bengio 2010: Keras's default. */
  glorotUniform(layer: string): Initializer;
  /** He et al. 2015. */
  heNormal(layer: string): Initializer;
}

/** Those of a model. */
export function weightInitializers({ seed, isOutline }: ModelOptions): WeightInitializers {
  if (isOutline) return { glorotUniform: () => initializers.zeros(), heNormal: () => initializers.zeros() };
  const drawn = (layer: string) => ({ seed: seedOf(seed, "weights", layer) });
  return {
    glorotUniform: (layer) => initializers.glorotUniform(drawn(layer)),
    heNormal: (layer) => initializers.heNormal(drawn(layer)),
  };
}
