import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import {
  factorize,
  LANES,
  solveLower,
  solveUpper,
  whiten,
  whitenLanes,
} from "../../src/controller/cholesky.ts";

/** Of rows that may be longer. */
function triangleOf(rows: readonly (readonly number[])[]): Float64Array[] {
  return rows.map((row, index) => Float64Array.from(row.slice(0, index + 1)));
}

describe("Cholesky's factor", () => {
  it("solves a system, and returns its determinant", () => {
    const matrix = triangleOf([[4], [2, 5], [1, 3, 6]]);
    assert.ok(Math.abs(factorize(matrix) - Math.log(67)) < 1e-12);
    const x = solveUpper(matrix, solveLower(matrix, Float64Array.from([7, 10, 10])));
    for (const value of x) assert.ok(Math.abs(value - 1) < 1e-12);
  });

  it("solves systems of every size", () => {
    const random = new Random("systems");
    for (let size = 1; size < 14; size++) {
      const root = Array.from({ length: size }, () => Array.from({ length: size }, () => random.normal()));
      const dense = root.map((a, i) =>
        root.map((b, j) => a.reduce((sum, value, k) => sum + value * b[k], i === j ? 1 : 0)),
      );
      const factor = triangleOf(dense);
      factorize(factor);
      const wanted = Array.from({ length: size }, () => random.normal());
      const right = Float64Array.from(dense, (row) =>
        row.reduce((sum, value, k) => sum + value * wanted[k], 0),
      );
      const x = solveUpper(factor, solveLower(factor, right));
      for (const [index, value] of x.entries()) assert.ok(Math.abs(value - wanted[index]) < 1e-8);
      const continued = triangleOf(dense);
      const known = Math.floor(size / 2);
      for (let row = 0; row < known; row++) continued[row].set(factor[row]);
      factorize(continued, known);
      assert.deepEqual(continued, factor);
      const whole = right.slice();
      const squares = whiten(factor, whole);
      const lanes = Float64Array.from(
        dense.flatMap((_, row) => [1, 2, 3, 4].map((lane) => lane * right[row])),
      );
      const variances = new Float64Array(LANES);
      whitenLanes(factor, lanes, 0, known, variances);
      whitenLanes(factor, lanes, known, size, variances);
      for (const [row, value] of solveLower(factor, right).entries()) {
        assert.ok(Math.abs(value - whole[row]) < 1e-9);
        for (let lane = 0; lane < LANES; lane++)
          assert.ok(Math.abs((lane + 1) * value - lanes[row * LANES + lane]) < 1e-8);
      }
      for (const [lane, variance] of variances.entries())
        assert.ok(Math.abs(variance + (lane + 1) ** 2 * squares) < 1e-8 * (1 + squares));
    }
  });

  it("returns NaN if a matrix is not positive definite", () => {
    assert.ok(Number.isNaN(factorize(triangleOf([[1], [2, 1]]))));
  });
});
