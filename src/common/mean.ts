// A mean for comparisons.

/** The mean of at least one number; of equal numbers it is that number to the last bit, so that ties stay ties. */
export function meanOf(values: readonly number[]): number {
  const [first] = values;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}
