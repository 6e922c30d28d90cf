import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { confirmedGains } from "../../src/experiment/gains.ts";

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
