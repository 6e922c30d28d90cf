// Quantiles of Student's t distribution, for confidence intervals of means of few values.

/**
 * The t for which a variable with this many degrees of freedom (1 or more, not necessarily whole) is in [−t, t] with
 * probability `share`, in (0, 1). Found by bisection on the distribution function, to 1e-9.
 */
export function studentQuantile(share: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (centralShare(high, degrees) < share) high *= 2;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (centralShare(middle, degrees) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The probability of [−t, t]: 1 − I_x(ν / 2, 1 / 2) at x = ν / (ν + t²), with the regularized incomplete beta function. */
function centralShare(t: number, degrees: number): number {
  return 1 - incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** Regularized, I_x(a, b), by Lentz's method for its continued fraction (DLMF 8.17.22). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges fast below this point; above it, the other tail is computed.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  let numerator = 1;
  let denominator = 1 / guarded(1 - ((a + b) * x) / (a + 1));
  let fraction = denominator;
  for (let m = 1; m <= 500; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    denominator = 1 / guarded(1 + even * denominator);
    numerator = guarded(1 + even / numerator);
    fraction *= numerator * denominator;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    denominator = 1 / guarded(1 + odd * denominator);
    numerator = guarded(1 + odd / numerator);
    const change = numerator * denominator;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-15) break;
  }
  return front * fraction;
}

function guarded(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Of a number above 0: Stirling's series (DLMF 5.11.1) beyond 12, and the recurrence below. */
function logGamma(x: number): number {
  let shift = 0;
  let value = x;
  while (value < 12) {
    shift -= Math.log(value);
    value += 1;
  }
  const square = 1 / (value * value);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / value;
  return shift + (value - 0.5) * Math.log(value) - value + Math.log(2 * Math.PI) / 2 + series;
}
