import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { factorize, solveLower, solveUpper } from "../../src/controller/cholesky.ts";

describe("Cholesky's factor", () => {
  it("solves a system, and returns its determinant", () => {
    const matrix = Float64Array.from([4, 0, 0, 2, 5, 0, 1, 3, 6]);
    assert.ok(Math.abs(factorize(matrix, 3) - Math.log(67)) < 1e-12);
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
      const factor = Float64Array.from(dense.flat());
      factorize(factor, size);
      const wanted = Array.from({ length: size }, () => random.normal());
      const right = Float64Array.from(dense, (row) =>
        row.reduce((sum, value, k) => sum + value * wanted[k], 0),
      );
      const x = solveUpper(factor, solveLower(factor, right));
      for (const [index, value] of x.entries()) assert.ok(Math.abs(value - wanted[index]) < 1e-8);
    }
  });

  it("returns NaN if a matrix is not positive definite", () => {
    assert.ok(Number.isNaN(factorize(Float64Array.from([1, 0, 2, 1]), 2)));
  });
});
