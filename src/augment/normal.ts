// The normal distribution as a table, for noise on every pixel: 65,536 equally likely values, the quantiles at the
// midpoints of 65,536 equal shares. Sixteen random bits then give a draw; the largest is 4.33 standard deviations.

const SIZE = 65536;
let table: Float32Array | undefined;

/** Standard normal values, [65536], ascending; all are equally likely. */
export function normalTable(): Float32Array {
  table ??= Float32Array.from({ length: SIZE }, (_, i) => normalQuantile((i + 0.5) / SIZE));
  return table;
}

/**
 * The quantile of the standard normal distribution for p in (0, 1): Acklam's rational approximation ("An algorithm for
 * computing the inverse normal cumulative distribution function"), with a relative error below 1.2e-9.
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return (
      polynomial(
        q,
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
      ) / polynomial(q, 7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1)
    );
  }
  const q = p - 0.5;
  const r = q * q;
  return (
    (q *
      polynomial(
        r,
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
      )) /
    polynomial(
      r,
      -5.447609879822406e1,
      1.615858368580409e2,
      -1.556989798598866e2,
      6.680131188771972e1,
      -1.328068155288572e1,
      1,
    )
  );
}

/** Coefficients from the highest power down. */
function polynomial(x: number, ...coefficients: number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
