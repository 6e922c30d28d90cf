import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { intervalOf } from "../../src/common/interval.ts";

describe("intervalOf", () => {
  it("is the mean and what its spread allows", () => {
    const { mean, low, high } = intervalOf([0.01, 0.02, 0.03, 0.04, 0.05])!;
    // The standard deviation is 0.0158, of the mean 0.00707.
    assert.ok(Math.abs(mean - 0.03) < 1e-12);
    assert.ok(Math.abs(high - (0.03 + 2.77645 * 0.0070711)) < 1e-6);
    assert.ok(Math.abs(mean - low - (high - mean)) < 1e-12);
  });

  it("is a point for equal values, and unknown for a single one", () => {
    assert.deepEqual(intervalOf([0.1, 0.1]), { mean: 0.1, low: 0.1, high: 0.1 });
    assert.equal(intervalOf([0.1]), undefined);
    assert.equal(intervalOf([]), undefined);
  });
});
