// Points as vectors of numbers of about [0, 1] whose distances mean something.

import type { Dimension, Point, Traits } from "./controller.ts";

/** Whether all dimensions have coordinates: real numbers, and categories whose choices are described. */
export function hasCoordinates(dimensions: readonly Dimension[]): boolean {
  return dimensions.every((dimension) => dimension.kind === "real" || dimension.traits !== undefined);
}

/**
 * The coordinates of each point: a real number as a share of its range, one that is the strength of another times that one, with
 * what the choices of categories add to both, and the traits of these choices. Only for dimensions that have coordinates.
 */
export function coordinatesOf(dimensions: readonly Dimension[], points: readonly Point[]): Float64Array[] {
  const owners = dimensions.map((dimension) =>
    dimension.kind === "real" ? dimensions.findIndex(({ name }) => name === dimension.strengthOf) : -1,
  );
  const share = (value: number, index: number): number => {
    const dimension = dimensions[index];
    return dimension.kind === "real" ? (value - dimension.low) / (dimension.high - dimension.low) : 1;
  };
  return points.map((point) => {
    const traits = dimensions.flatMap((dimension, index): readonly Traits[] =>
      dimension.kind === "category" ? [dimension.traits![point[index]]] : [],
    );
    const reals = dimensions.flatMap((dimension, index) => {
      if (dimension.kind === "category") return [];
      const owner = owners[index];
      const added = traits.flatMap(({ adds }) => adds?.[dimensions[owner < 0 ? index : owner].name] ?? []);
      const [amount = 0, strength = 0] = added;
      const own = share(point[index], index);
      return owner < 0
        ? own + share(amount, index)
        : own * share(point[owner], owner) + share(amount, owner) * share(strength, index);
    });
    return Float64Array.from([...reals, ...traits.flatMap(({ own }) => own)]);
  });
}
