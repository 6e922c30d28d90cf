// Limits of a user's own model: what no memory holds is refused before anything is made of that size.

import type { UsageError } from "../../common/errors.ts";
import type { Constraint } from "./constraints.ts";
import { areAxes, product, type Shape } from "./keras-layers.ts";
import type { Layer } from "./recipe.ts";

/** The most numbers that a layer may give per image: 512 MB in float32. */
export const MOST_VALUES = 2 ** 27;
/** The most values of a weight, as in native/kernels/limits.h: 4 GB in float32. */
const MOST_WEIGHTS = 2 ** 30;

/** Of a layer's output [batch, ...]. */
export function valuesPerImage(shape: Shape): number {
  return product(shape.slice(1).map((side) => side ?? 1));
}

/**
 * Makes the layer refuse weights when it is built that are too large, or that have not the axes of their constraint.
 * @param constraints by the weight's name.
 * @param errorOf what to throw.
 */
export function limitWeights(
  layer: Layer,
  constraints: ReadonlyMap<string, Constraint>,
  errorOf: (problem: string) => UsageError,
): void {
  // TypeScript knows this method as a protected one.
  const { addWeight } = layer as unknown as { addWeight: (...args: unknown[]) => unknown };
  const limited = (name: string, shape: number[], ...others: unknown[]) => {
    if (product(shape) > MOST_WEIGHTS) {
      throw errorOf(
        `has a weight ${name} of ${shape.join(" × ")} numbers; at most ${MOST_WEIGHTS} are possible`,
      );
    }
    const { axes = [] } = constraints.get(name) ?? {};
    if (!areAxes(axes, shape.length)) {
      throw errorOf(
        `has a constraint along the axes [${axes}], which its weight ${name} of ${shape.length} dimensions does not have`,
      );
    }
    return addWeight.call(layer, name, shape, ...others);
  };
  Object.assign(layer, { addWeight: limited });
}
