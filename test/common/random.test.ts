import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random, seedOf } from "../../src/common/random.ts";

describe("Random", () => {
  it("is xoshiro128**: first values from the state (1, 2, 3, 4) of the authors' C code", () => {
    const random = Random.fromState([1, 2, 3, 4]);
    assert.deepEqual(
      Array.from({ length: 6 }, () => random.uint32()),
      [11520, 0, 5927040, 70819200, 2031721883, 1637235492],
    );
  });

  it("gives the same stream for the same keys, and a different one if any key differs", () => {
    const first = (...keys: (number | string)[]) => new Random(...keys).uint32();
    assert.equal(first(7, "weights", 2), first(7, "weights", 2));
    const seen = new Set<number>();
    for (let seed = 0; seed < 100; seed++) {
      for (const purpose of ["weights", "order", "a", "b", "ab"])
        seen.add(first(seed, purpose, 0)).add(first(seed, purpose, 1));
    }
    assert.equal(seen.size, 1000);
    assert.notEqual(seedOf("ab", "c"), seedOf("a", "bc"));
    assert.notEqual(seedOf(1), seedOf(1 + 2 ** 32));
  });

  it("has uniform and normal draws with the right moments", () => {
    const random = new Random(3);
    const moments = (draw: () => number) => {
      let sum = 0;
      let squares = 0;
      for (let i = 0; i < 100_000; i++) {
        const value = draw();
        sum += value;
        squares += value * value;
      }
      const mean = sum / 100_000;
      return [mean, Math.sqrt(squares / 100_000 - mean * mean)];
    };
    const [uniformMean, uniformDeviation] = moments(() => random.uniform(2, -4));
    assert.ok(Math.abs(uniformMean + 1) < 0.03);
    assert.ok(Math.abs(uniformDeviation - 6 / Math.sqrt(12)) < 0.02);
    const [normalMean, normalDeviation] = moments(() => random.normal(5, 2));
    assert.ok(Math.abs(normalMean - 5) < 0.03);
    assert.ok(Math.abs(normalDeviation - 2) < 0.02);
  });

  it("draws integers with both ends included, and chooses without replacement", () => {
    const random = new Random("integers");
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(-1, 2)));
    assert.deepEqual([...seen].sort(), [-1, 0, 1, 2].sort());
    const chosen = random.choose(50, 50);
    assert.equal(new Set(chosen).size, 50);
    assert.throws(() => random.choose(3, 4), RangeError);
  });
});
