// Expected improvement: Jones, Schonlau and Welch 1998, "Efficient global optimization of expensive black-box
// functions", here for maximisation.

/**
 * The expected amount by which a normal variable with the given mean and standard deviation exceeds `best + margin`,
 * counting 0 if it does not. The margin (xi) keeps the search from spending trials on improvements too small to matter.
 * @returns at least 0; if the deviation is 0, the improvement of the mean itself.
 */
export function expectedImprovement(mean: number, deviation: number, best: number, margin: number): number {
  const improvement = mean - best - margin;
  if (deviation <= 0) return Math.max(0, improvement);
  const z = improvement / deviation;
  return Math.max(0, improvement * normalDistribution(z) + deviation * normalDensity(z));
}

/**
 * The logarithm of `expectedImprovement`, which still distinguishes points that are all but hopeless (Ament, Daulton,
 * Eriksson, Balandat and Bakshy 2023, "Unexpected improvements to expected improvement for Bayesian optimization").
 * @returns minus infinity only if the deviation is 0 and the mean is not an improvement.
 */
export function logExpectedImprovement(
  mean: number,
  deviation: number,
  best: number,
  margin: number,
): number {
  if (deviation <= 0) return Math.log(expectedImprovement(mean, 0, best, margin));
  const z = (mean - best - margin) / deviation;
  if (z > -4) return Math.log(deviation * (z * normalDistribution(z) + normalDensity(z)));
  // From the asymptotic series of Mills's ratio: density(z) / z² × (1 - 3 / z² + 15 / z⁴).
  const square = z * z;
  const series = 1 - 3 / square + 15 / (square * square) - 105 / (square * square * square);
  return Math.log(deviation) - 0.5 * (square + Math.log(2 * Math.PI)) - Math.log(square) + Math.log(series);
}

/** The standard normal density. */
function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * The standard normal distribution function, from the error function's approximation 7.1.26 in Abramowitz and Stegun
 * 1964, "Handbook of mathematical functions", with an error of at most 7.5e-8.
 */
export function normalDistribution(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const polynomial =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = 0.5 * polynomial * Math.exp(-0.5 * x * x);
  return x > 0 ? 1 - tail : tail;
}
