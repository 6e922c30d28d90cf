// Orthogonal weights (Saxe et al. 2014).

import { Random } from "../../common/random.ts";

/**
 * A matrix [rows, columns], row by row, with orthonormal columns, or rows if there are fewer of those: uniformly distributed
 * among all such matrices, as Q of a QR decomposition of normal numbers is if R has a positive diagonal.
 */
export function orthogonalMatrix(rows: number, columns: number, seed: number): Float32Array {
  const [length, count] = [Math.max(rows, columns), Math.min(rows, columns)];
  const random = new Random("orthogonal", seed);
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // A second pass removes what rounding left; see Giraud, Langou and Rozloznik 2005.
    for (let pass = 0; pass < 2; pass++) for (const other of vectors) removeComponent(vector, other);
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  const matrix = new Float32Array(rows * columns);
  for (const [i, vector] of vectors.entries()) {
    for (let k = 0; k < length; k++) matrix[rows < columns ? i * columns + k : k * columns + i] = vector[k];
  }
  return matrix;
}

/** Makes a vector orthogonal to a unit vector. */
function removeComponent(vector: Float64Array, unit: Float64Array): void {
  const share = dot(vector, unit);
  for (let k = 0; k < vector.length; k++) vector[k] -= share * unit[k];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
