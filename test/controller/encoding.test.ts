import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import type { Dimension } from "../../src/controller/controller.ts";
import { CategoryMeans } from "../../src/controller/encoding.ts";

/** The encoder with the expected means. */
function encoderOf(
  dimensions: readonly Dimension[],
  points: readonly number[][],
  rewards: readonly number[],
) {
  return new CategoryMeans(dimensions, points, rewards).encoder();
}

const category = (name: string, group?: string): Dimension => ({ kind: "category", name, choices: 4, group });

describe("the encoding of points", () => {
  it("orders categories by their mean reward; one never seen stands at the overall mean", () => {
    const points = [0, 0, 1, 1, 2, 2].map((choice) => [choice, 0.25]);
    const rewards = [0.9, 0.7, 0.1, 0.2, 0.5, 0.6];
    const encode = encoderOf([category("a"), { kind: "real", name: "x", low: 0, high: 1 }], points, rewards);
    const [best, worst, middle, unseen] = [0, 1, 2, 3].map((choice) => encode([choice, 0.25])[0]);
    assert.ok(best > middle && middle > worst);
    assert.ok(Math.abs(unseen - 0.5) < 1e-12);
    assert.equal(encode([0, 0.25])[1], 0.25);
  });

  it("trusts a mean of many trials more than a lucky one", () => {
    const points = [[0], ...Array<number[]>(30).fill([1]), ...Array<number[]>(30).fill([2])];
    const rewards = [0.65, ...Array<number>(30).fill(0.6), ...Array<number>(30).fill(0.4)];
    const encode = encoderOf([category("a")], points, rewards);
    assert.ok(encode([0])[0] < encode([1])[0]);
    assert.ok(encode([0])[0] > encode([3])[0]);
  });

  it("lends a category what was seen of it in other dimensions of the group", () => {
    const points = [
      [0, 1],
      [0, 2],
      [3, 1],
      [3, 2],
    ];
    const rewards = [0.8, 0.8, 0.2, 0.2];
    const grouped = encoderOf([category("a", "g"), category("b", "g")], points, rewards);
    assert.ok(grouped([0, 0])[1] > grouped([0, 1])[1]);
    assert.ok(grouped([0, 0])[0] > grouped([0, 0])[1], "what was seen in the dimension itself counts more");
    const apart = encoderOf([category("a"), category("b")], points, rewards);
    assert.equal(apart([0, 0])[1], 0.5);
  });

  it("draws what it knows little of from a wide range, and what it knows well from a narrow one", () => {
    const points = Array.from({ length: 100 }, (_, trial) => [trial % 2]);
    const rewards = points.map(([choice], trial) => 0.5 + 0.1 * choice + 0.01 * (trial % 4));
    const means = new CategoryMeans([category("a")], points, rewards);
    const expected = means.encoder();
    const random = new Random("draws");
    const draws = Array.from({ length: 400 }, () => means.encoder(random));
    const spread = [0, 1, 2].map((choice) => {
      const values = draws.map((encode) => encode([choice])[0] - expected([choice])[0]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      assert.ok(Math.abs(mean) < 0.01);
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    });
    assert.ok(spread[2] > 3 * spread[0] && spread[2] > 3 * spread[1], spread.join(", "));
    assert.ok(draws.some((encode) => encode([2])[0] > encode([1])[0]));
  });
});
