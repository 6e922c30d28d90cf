import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { expectedImprovement, normalDistribution } from "../../src/controller/acquisition.ts";

describe("the normal distribution function", () => {
  it("has the tables' values", () => {
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
  it("is the mean of what normal draws exceed the best by", () => {
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

  it("is the improvement itself where nothing is uncertain, and never negative or NaN", () => {
    assert.equal(expectedImprovement(0.75, 0, 0.5, 0), 0.25);
    assert.equal(expectedImprovement(0.5, 0, 0.5, 0), 0);
    assert.equal(expectedImprovement(0.2, 0, 0.5, 0), 0);
    for (const deviation of [1e-300, 1e-9, 1e-3]) {
      const improvement = expectedImprovement(0.1, deviation, 0.9, 0.01);
      assert.ok(improvement >= 0 && improvement < 1e-12);
    }
  });
});
