// Systems of linear equations with a symmetric positive definite matrix, by Cholesky factorization (Golub and Van Loan
// 2013, "Matrix computations", section 4.2). Matrices are square and row-major; only the lower triangle of symmetric
// ones and factors is read.

/**
 * Replaces a matrix by its factor.
 * @returns the logarithm of the matrix's determinant; NaN if it is not positive definite.
 */
export function factorize(matrix: Float64Array, size: number): number {
  let logarithm = 0;
  for (let row = 0; row < size; row++) {
    const here = row * size;
    for (let column = 0; column <= row; column++) {
      const there = column * size;
      const sum = matrix[here + column] - dot(matrix, here, matrix, there, column);
      if (column < row) matrix[here + column] = sum / matrix[there + column];
      else {
        matrix[here + row] = Math.sqrt(sum);
        logarithm += Math.log(sum);
      }
    }
  }
  return logarithm;
}

/** Solves factor × x = `right`. */
export function solveLower(factor: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const x = right.slice();
  for (let row = 0; row < size; row++) {
    const here = row * size;
    let sum = x[row];
    for (let k = 0; k < row; k++) sum -= factor[here + k] * x[k];
    x[row] = sum / factor[here + row];
  }
  return x;
}

/** Solves (transpose of factor) × x = `right`. */
export function solveUpper(factor: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const x = right.slice();
  for (let row = size - 1; row >= 0; row--) {
    const here = row * size;
    const value = x[row] / factor[here + row];
    x[row] = value;
    for (let k = 0; k < row; k++) x[k] -= factor[here + k] * value;
  }
  return x;
}

/** Replaces `right` by the solution of factor × x = `right`. @returns the sum of the squares of x. */
export function whiten(factor: Float64Array, right: Float64Array): number {
  const size = right.length;
  let squares = 0;
  for (let row = 0; row < size; row++) {
    const here = row * size;
    const value = (right[row] - dot(factor, here, right, 0, row)) / factor[here + row];
    right[row] = value;
    squares += value * value;
  }
  return squares;
}

/**
 * The dot product of `count` elements of a starting at `here` and of b at `there`, in four independent sums that need not wait
 * for each other.
 */
function dot(a: Float64Array, here: number, b: Float64Array, there: number, count: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < count; k += 4) {
    first += a[here + k] * b[there + k];
    second += a[here + k + 1] * b[there + k + 1];
    third += a[here + k + 2] * b[there + k + 2];
    fourth += a[here + k + 3] * b[there + k + 3];
  }
  for (; k < count; k++) first += a[here + k] * b[there + k];
  return first + second + third + fourth;
}
