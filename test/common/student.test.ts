import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { studentQuantile } from "../../src/common/student.ts";

describe("studentQuantile", () => {
  it("gives the values of statistical tables", () => {
    // Two-sided 95% and 99% quantiles, as in NIST's tables; fractional degrees from R's qt.
    const known = [
      [0.95, 1, 12.7062],
      [0.95, 2, 4.30265],
      [0.95, 4, 2.77645],
      [0.95, 10, 2.22814],
      [0.95, 1e7, 1.95996],
      [0.99, 5, 4.03214],
      [0.5, 3, 0.76489],
    ] as const;
    for (const [share, degrees, expected] of known) {
      const found = studentQuantile(share, degrees);
      assert.ok(Math.abs(found - expected) < 1e-4, `${share}, ${degrees}: ${found}`);
    }
  });

  it("is close to the tables in relation to its size", () => {
    const table: [number, number, number][] = [
      [0.95, 1, 12.7062],
      [0.95, 2, 4.30265],
      [0.95, 3, 3.18245],
      [0.95, 4, 2.77645],
      [0.95, 9, 2.26216],
      [0.95, 30, 2.04227],
      [0.95, 1000, 1.96234],
      [0.99, 5, 4.03214],
      [0.5, 1, 1],
    ];
    for (const [probability, degrees, expected] of table) {
      const quantile = studentQuantile(probability, degrees);
      assert.ok(Math.abs(quantile / expected - 1) < 1e-5, `${degrees}: ${quantile}`);
    }
  });

  it("falls as the degrees of freedom grow, also between whole numbers", () => {
    const quantiles = [1, 1.5, 2, 2.7, 3, 8.4, 9].map((degrees) => studentQuantile(0.95, degrees));
    assert.deepEqual(
      quantiles,
      [...quantiles].sort((a, b) => b - a),
    );
  });
});
