// Points as vectors of numbers in [0, 1] whose distances mean something.

import type { Dimension, Point } from "./controller.ts";

/** Whether all dimensions have coordinates: real numbers, and categories whose choices are described. */
export function hasCoordinates(dimensions: readonly Dimension[]): boolean {
  return dimensions.every((dimension) => dimension.kind === "real" || dimension.traits !== undefined);
}

/**
 * The coordinates of each point: a real number as a share of its range, one that is the strength of another times that one,
 * and of a category the traits of its choice. Only for dimensions that have coordinates.
 */
export function coordinatesOf(dimensions: readonly Dimension[], points: readonly Point[]): Float64Array[] {
  const owners = dimensions.map((dimension) =>
    dimension.kind === "real" ? dimensions.findIndex(({ name }) => name === dimension.strengthOf) : -1,
  );
  const share = (point: Point, index: number): number => {
    const dimension = dimensions[index];
    return dimension.kind === "real" ? (point[index] - dimension.low) / (dimension.high - dimension.low) : 1;
  };
  return points.map((point) =>
    Float64Array.from(
      dimensions.flatMap((dimension, index) => {
        if (dimension.kind === "category") return dimension.traits![point[index]];
        return share(point, index) * (owners[index] < 0 ? 1 : share(point, owners[index]));
      }),
    ),
  );
}
