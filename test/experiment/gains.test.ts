import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { besideRecipe, confirmedGains } from "../../src/experiment/gains.ts";
import type { Policy } from "../../src/policy/policy.ts";

const FRESH = { first: 2, count: 2 };

/** Trainings of a trial, from sample 2 on. */
const trainings = (trial: number, ...rewards: number[]) =>
  rewards.map((reward, index) => ({ trial, sample: FRESH.first + index, reward }));

describe("the gains of fresh trainings", () => {
  it("are those of complete policies over the baseline, in any order of trainings", () => {
    const records = [
      ...trainings(0, 0.5, 0.6).reverse(),
      ...trainings(3, 0.7, 0.6).reverse(),
      ...trainings(5, 0.9),
      { trial: 3, sample: 0, reward: 0.1 },
    ];
    const gains = confirmedGains(records, FRESH, 1000);
    assert.deepEqual([...gains.keys()], [3]);
    const { gain, interval, trainings: number } = gains.get(3)!;
    // Differences of 0.2 and 0: a standard error of 0.1, times 12.706.
    assert.ok(Math.abs(gain - 0.1) < 1e-12 && number === 2);
    assert.ok(interval && Math.abs(interval.low + 1.1706) < 1e-4 && Math.abs(interval.high - 1.3706) < 1e-4);
  });

  it("need the baseline's own fresh trainings", () => {
    assert.equal(confirmedGains(trainings(3, 0.7, 0.6), FRESH, 1000).size, 0);
    assert.equal(confirmedGains([...trainings(0, 0.5), ...trainings(3, 0.7, 0.6)], FRESH, 1000).size, 0);
  });

  it("have no interval after a single training, and contain the gain if nothing varies", () => {
    const once = confirmedGains([...trainings(0, 0.5), ...trainings(3, 0.7)], { first: 2, count: 1 }, 1000);
    assert.deepEqual([once.get(3)?.interval, once.get(3)?.trainings], [null, 1]);
    const perfect = confirmedGains([...trainings(0, 1, 1), ...trainings(3, 0.9, 0.9)], FRESH, 1000).get(3);
    assert.ok(
      perfect?.interval && perfect.interval.low <= perfect.gain && perfect.interval.high >= perfect.gain,
    );
  });
});

describe("the best found policy beside the best recipe", () => {
  const chains = [[{ type: "rotate", magnitude: 0.5 }]] as const;
  const found: Policy = { chains, portion: 0.5, redrawn: true, base: "flip-crop" };
  const recipe = (base: Policy["base"]): Policy => ({ chains, portion: 0, redrawn: true, base });
  const judged = (trial: number, policy: Policy, ...rewards: number[]) =>
    trainings(trial, ...rewards).map((training) => ({ ...training, policy }));
  const records = [
    ...judged(0, { chains, portion: 0, redrawn: true }, 0.95, 0.95),
    ...judged(1, recipe("flip"), 0.5, 0.6),
    ...judged(2, recipe("flip-crop"), 0.6, 0.7),
    ...judged(7, found, 0.7, 0.7),
    ...judged(9, found, 0.8, 0.75),
    ...judged(11, found, 0.99),
  ];
  const compare = (isConfirmed: (trial: number) => boolean) =>
    besideRecipe(records, FRESH, 1000, isConfirmed);

  it("has the gain over it, sample by sample", () => {
    const { interval, gain, ...rest } = compare(() => true)!;
    assert.deepEqual(rest, { policy: 9, recipe: 2, name: "flip-crop" });
    // Differences of 0.2 and 0.05: a standard error of 0.075, times 12.706.
    assert.ok(Math.abs(gain - 0.125) < 1e-12);
    assert.ok(interval && Math.abs(interval.low + 0.828) < 1e-3 && Math.abs(interval.high - 1.078) < 1e-3);
    const over = confirmedGains(records, FRESH, 1000, 2);
    assert.deepEqual([...over.keys()], [1, 7, 9]);
    assert.deepEqual(over.get(9), { gain, interval, trainings: 2 });
  });

  it("is of those that are confirmed, and needs both", () => {
    assert.deepEqual(
      [compare((trial) => trial !== 2)?.recipe, compare((trial) => trial !== 9)?.policy],
      [1, 7],
    );
    assert.equal(
      compare((trial) => trial <= 2),
      undefined,
    );
    assert.equal(
      compare((trial) => trial > 2),
      undefined,
    );
  });
});
