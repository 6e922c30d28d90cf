import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import {
  expectedImprovement,
  logExpectedImprovement,
  normalDistribution,
} from "../../src/controller/acquisition.ts";

describe("the normal distribution function", () => {
  it("equals the tables' values", () => {
    const table: [x: number, probability: number][] = [
      [0, 0.5],
      [1, 0.8413447460685429],
      [1.96, 0.9750021048517795],
      [-3, 0.0013498980316300933],
      [8, 1],
    ];
    for (const [x, probability] of table)
      assert.ok(Math.abs(normalDistribution(x) - probability) < 1e-7, `${x}`);
  });
});

describe("expected improvement", () => {
  it("is the mean amount by which normal draws exceed the best", () => {
    const cases: [mean: number, deviation: number, best: number, margin: number][] = [
      [0.5, 0.1, 0.55, 0.01],
      [0.6, 0.02, 0.5, 0],
      [0.3, 0.1, 0.5, 0],
    ];
    for (const [mean, deviation, best, margin] of cases) {
      const random = new Random("improvement");
      let sum = 0;
      for (let i = 0; i < 200_000; i++) sum += Math.max(0, random.normal(mean, deviation) - best - margin);
      const error = Math.abs(expectedImprovement(mean, deviation, best, margin) - sum / 200_000);
      assert.ok(error < 5 * (deviation / Math.sqrt(200_000)), `${mean}: off by ${error}`);
    }
  });

  it("is the improvement itself without uncertainty, and never negative or NaN", () => {
    assert.equal(expectedImprovement(0.75, 0, 0.5, 0), 0.25);
    assert.equal(expectedImprovement(0.5, 0, 0.5, 0), 0);
    assert.equal(expectedImprovement(0.2, 0, 0.5, 0), 0);
    for (const deviation of [1e-300, 1e-9, 1e-3]) {
      const improvement = expectedImprovement(0.1, deviation, 0.9, 0.01);
      assert.ok(improvement >= 0 && improvement < 1e-12);
    }
  });

  it("has a logarithm that still distinguishes hopeless points", () => {
    for (const mean of [0.8, 0.5, 0.45, 0.35]) {
      const error =
        logExpectedImprovement(mean, 0.05, 0.5, 0.01) - Math.log(expectedImprovement(mean, 0.05, 0.5, 0.01));
      assert.ok(Math.abs(error) < 1e-3, `${mean}: off by ${error}`);
    }
    // The exact value for z = -10: density(10) / 101 × (1 + ...) = 7.4746e-25 (Mills's ratio 0.0990286).
    const exact = Math.log(7.69459862670642e-23 * (1 - 10 * 0.09902859647173194));
    assert.ok(Math.abs(logExpectedImprovement(0, 1, 10, 0) - exact) < 1e-3);
    let last = Number.NEGATIVE_INFINITY;
    for (let z = -60; z < 3; z += 0.25) {
      const next = logExpectedImprovement(z, 1, 0, 0);
      assert.ok(next > last, `at ${z}`);
      last = next;
    }
    assert.equal(logExpectedImprovement(0.2, 0, 0.5, 0), Number.NEGATIVE_INFINITY);
    assert.equal(logExpectedImprovement(0.75, 0, 0.5, 0), Math.log(0.25));
  });
});
