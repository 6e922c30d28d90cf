// A mean for comparisons, and how sure it is.

/** The mean of at least one number; of equal numbers it is that number to the last bit, so that ties stay ties. */
export function meanOf(values: readonly number[]): number {
  const [first] = values;
  return first + values.reduce((sum, value) => sum + (value - first), 0) / values.length;
}

/** The standard error of a mean, by the spread of its values, of which there are at least two. */
export function standardErrorOf(values: readonly number[], mean: number): number {
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}
