// Systems of linear equations with a symmetric positive definite matrix, by Cholesky factorization (Golub and Van Loan
// 2013, "Matrix computations", section 4.2). The first rows of a factor are the factor of the matrix's first rows and columns: a
// factor can be continued if the matrix grows, and serves smaller systems.

/** The lower triangle of a symmetric matrix, or a factor, as rows: row i has i + 1 elements. */
export type Triangle = readonly Float64Array[];

/** How many systems `whitenLanes` solves at once. */
export const LANES = 4;

/** A triangle of zeros. */
export function emptyTriangle(size: number): Triangle {
  return Array.from({ length: size }, (_, row) => new Float64Array(row + 1));
}

/**
 * Replaces the rows of a matrix by those of its factor.
 * @param from the first row to replace; those before are the factor's already.
 * @returns the logarithm of the matrix's determinant (divided by that of the part before `from`); NaN if the matrix is not
 *   positive definite.
 */
export function factorize(rows: Triangle, from = 0): number {
  let logarithm = 0;
  for (let i = from; i < rows.length; i++) {
    const row = rows[i];
    for (let j = 0; j < i; j++) row[j] = (row[j] - dot(row, rows[j], j)) / rows[j][j];
    const rest = row[i] - dot(row, row, i);
    row[i] = Math.sqrt(rest);
    logarithm += Math.log(rest);
  }
  return logarithm;
}

/** Solves factor × x = `right`. */
export function solveLower(factor: Triangle, right: Float64Array): Float64Array {
  const x = right.slice();
  for (let i = 0; i < x.length; i++) {
    const row = factor[i];
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= row[k] * x[k];
    x[i] = sum / row[i];
  }
  return x;
}

/** Solves (transpose of factor) × x = `right`. */
export function solveUpper(factor: Triangle, right: Float64Array): Float64Array {
  const x = right.slice();
  for (let i = x.length - 1; i >= 0; i--) {
    const row = factor[i];
    const value = x[i] / row[i];
    x[i] = value;
    for (let k = 0; k < i; k++) x[k] -= row[k] * value;
  }
  return x;
}

/** Replaces `right` by the solution of factor × x = `right`. @returns the sum of the squares of x. */
export function whiten(factor: Triangle, right: Float64Array): number {
  let squares = 0;
  for (let i = 0; i < right.length; i++) {
    const row = factor[i];
    const value = (right[i] - dot(row, right, i)) / row[i];
    right[i] = value;
    squares += value * value;
  }
  return squares;
}

/**
 * `whiten` for `LANES` systems at once, in half the time: element i of system s is at i × `LANES` + s. Only the elements from
 * `from` up to `to` are replaced; those before are the solutions' already. The squares are subtracted from `variances`, which has
 * an element for each system, if it is given.
 */
export function whitenLanes(
  factor: Triangle,
  right: Float64Array,
  from: number,
  to: number,
  variances?: Float64Array,
): void {
  for (let i = from; i < to; i++) {
    const row = factor[i];
    let [a, b, c, d] = [0, 0, 0, 0];
    let [e, f, g, h] = [0, 0, 0, 0];
    let [k, at] = [0, 0];
    for (; k + 1 < i; k += 2, at += 2 * LANES) {
      const [one, two] = [row[k], row[k + 1]];
      a += one * right[at];
      b += one * right[at + 1];
      c += one * right[at + 2];
      d += one * right[at + 3];
      e += two * right[at + 4];
      f += two * right[at + 5];
      g += two * right[at + 6];
      h += two * right[at + 7];
    }
    if (k < i) {
      a += row[k] * right[at];
      b += row[k] * right[at + 1];
      c += row[k] * right[at + 2];
      d += row[k] * right[at + 3];
    }
    const here = i * LANES;
    right[here] = (right[here] - a - e) / row[i];
    right[here + 1] = (right[here + 1] - b - f) / row[i];
    right[here + 2] = (right[here + 2] - c - g) / row[i];
    right[here + 3] = (right[here + 3] - d - h) / row[i];
    if (!variances) continue;
    for (let lane = 0; lane < LANES; lane++) variances[lane] -= right[here + lane] * right[here + lane];
  }
}

/** The dot product of the first `count` elements, in four independent sums that need not wait for each other. */
function dot(a: Float64Array, b: Float64Array, count: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    first += a[k] * b[k];
    second += a[k + 1] * b[k + 1];
    third += a[k + 2] * b[k + 2];
    fourth += a[k + 3] * b[k + 3];
  }
  for (; k < count; k++) first += a[k] * b[k];
  return first + second + third + fourth;
}
