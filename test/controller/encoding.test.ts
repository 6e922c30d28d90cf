import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import type { Dimension } from "../../src/controller/controller.ts";
import { CategoryMeans, ranksOf } from "../../src/controller/encoding.ts";

/** For each dimension, the expected mean of every choice. */
function meansOf(dimensions: readonly Dimension[], points: readonly number[][], rewards: readonly number[]) {
  return new CategoryMeans(dimensions, points, rewards).means();
}

const category = (name: string, group?: string): Dimension => ({ kind: "category", name, choices: 4, group });

describe("the encoding of points", () => {
  it("orders categories by their mean reward; one never seen gets the overall mean", () => {
    const points = [0, 0, 1, 1, 2, 2].map((choice) => [choice, 0.25]);
    const rewards = [0.9, 0.7, 0.1, 0.2, 0.5, 0.6];
    const [own, real] = meansOf(
      [category("a"), { kind: "real", name: "x", low: 0, high: 1 }],
      points,
      rewards,
    );
    const [best, worst, middle, unseen] = own!;
    assert.ok(best > middle && middle > worst);
    assert.ok(Math.abs(unseen - 0.5) < 1e-12);
    assert.equal(real, undefined);
    assert.deepEqual([...ranksOf(own!)], [3, 0, 2, 1]);
  });

  it("trusts a mean of many trials more than a lucky one", () => {
    const points = [[0], ...Array<number[]>(30).fill([1]), ...Array<number[]>(30).fill([2])];
    const rewards = [0.65, ...Array<number>(30).fill(0.6), ...Array<number>(30).fill(0.4)];
    const [means] = meansOf([category("a")], points, rewards);
    assert.ok(means![0] < means![1]);
    assert.ok(means![0] > means![3]);
  });

  it("transfers what was seen of a category in other dimensions of the group", () => {
    const points = [
      [0, 1],
      [0, 2],
      [3, 1],
      [3, 2],
    ];
    const rewards = [0.8, 0.8, 0.2, 0.2];
    const [first, second] = meansOf([category("a", "g"), category("b", "g")], points, rewards);
    assert.ok(second![0] > second![1]);
    assert.ok(first![0] > second![0], "what was seen in the dimension itself counts more");
    const apart = meansOf([category("a"), category("b")], points, rewards);
    assert.equal(apart[1]![0], 0.5);
  });

  it("draws little-known means from a wide range, and well-known ones from a narrow range", () => {
    const points = Array.from({ length: 100 }, (_, trial) => [trial % 2]);
    const rewards = points.map(([choice], trial) => 0.5 + 0.1 * choice + 0.01 * (trial % 4));
    const means = new CategoryMeans([category("a")], points, rewards);
    const [expected] = means.means();
    const random = new Random("draws");
    const draws = Array.from({ length: 400 }, () => means.means(random)[0]!);
    const spread = [0, 1, 2].map((choice) => {
      const values = draws.map((each) => each[choice] - expected![choice]);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      assert.ok(Math.abs(mean) < 0.01);
      return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    });
    assert.ok(spread[2] > 3 * spread[0] && spread[2] > 3 * spread[1], spread.join(", "));
    assert.ok(draws.some((each) => each[2] > each[1]));
  });
});
