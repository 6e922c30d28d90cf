// Maximises a function of a few variables by the signs of its derivatives (Riedmiller and Braun 1993, "A direct adaptive method
// for faster backpropagation learning: the RPROP algorithm", in the form without backtracking of Igel and Husken 2003): simple,
// and indifferent to the scales of function and variables.

const STEPS = 40;
const FIRST_STEP = 0.2;
const LONGEST_STEP = 1;
const SHORTEST_STEP = 1e-3;
const GROWTH = 1.4;
const SHRINKAGE = 0.5;

/**
 * The best of the points that were tried; the first is `start`.
 * @param evaluate writes the derivatives to `gradient`. NaN: there is no value at this point.
 */
export function maximize(
  start: Float64Array,
  evaluate: (point: Float64Array, gradient: Float64Array) => number,
): Float64Array {
  const point = start.slice();
  const gradient = new Float64Array(start.length);
  const before = new Float64Array(start.length);
  const steps = new Float64Array(start.length).fill(FIRST_STEP);
  let best = { point: start, value: Number.NEGATIVE_INFINITY };
  for (let step = 0; step < STEPS; step++) {
    const value = evaluate(point, gradient);
    if (Number.isNaN(value)) break;
    if (value > best.value) best = { point: point.slice(), value };
    for (const [index, slope] of gradient.entries()) {
      const agreement = slope * before[index];
      if (agreement > 0) steps[index] = Math.min(LONGEST_STEP, steps[index] * GROWTH);
      if (agreement < 0) steps[index] = Math.max(SHORTEST_STEP, steps[index] * SHRINKAGE);
      before[index] = agreement < 0 ? 0 : slope;
      point[index] += Math.sign(before[index]) * steps[index];
    }
  }
  return best.point;
}
