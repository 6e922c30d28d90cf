// Trials that were stopped early: what rewards they are expected to have had.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import { type Dimension, randomPoint } from "../../src/controller/controller.ts";
import { noiseOf } from "../../src/controller/noise-variance.ts";
import { RandomController } from "../../src/controller/random.ts";
import { completed } from "../../src/controller/rungs.ts";

const SPACE: readonly Dimension[] = [
  { kind: "category", name: "technique", choices: 8 },
  { kind: "real", name: "strength", low: 0, high: 1 },
];

/** A trial with the rewards of its rungs. */
const trial = (...rungs: number[]) => ({ reward: rungs[rungs.length - 1], rungs });

describe("the rewards of stopped trials", () => {
  it("are those of the rung, and what completed trials gained from it on average", () => {
    const whole = [
      trial(0.25, 0.5, 0.5),
      trial(0.375, 0.5, 0.75),
      trial(0.5, 0.75, 0.75),
      trial(0.25, 0.25, 0.5),
    ];
    const [first, second] = completed([trial(0.125), trial(0.25, 0.25), ...whole]);
    // Gains of 0.25, 0.375, 0.25, 0.25 from the first rung; of 0, 0.25, 0, 0.25 from the second.
    assert.equal(first.reward, 0.125 + 0.28125);
    assert.equal(second.reward, 0.25 + 0.125);
    assert.deepEqual(completed(whole), whole, "completed trials are as they were");
  });

  it("are as noisy as the rung's correlation with the end says, from 1 to 4 times", () => {
    const whole = [trial(0.1, 0.5), trial(0.2, 0.6), trial(0.3, 0.55), trial(0.4, 0.7)];
    const noiseAmong = (trials: readonly { reward: number; rungs: number[] }[]) =>
      completed([...trials, trial(0.2)]).at(-1)?.noise ?? Number.NaN;
    // Both deviate from their means by products of 0.0275 in sum, squares of 0.05 and 0.021875.
    assert.ok(Math.abs(noiseAmong(whole) - (0.05 * 0.021875) / 0.0275 ** 2) < 1e-9);
    assert.equal(noiseAmong(whole.slice(0, 3)), 4, "too few to know");
    assert.equal(noiseAmong([0.1, 0.2, 0.3, 0.4].map((value) => trial(value, 1 - value))), 4, "the opposite");
    assert.equal(noiseAmong([0.1, 0.2, 0.3, 0.4].map(() => trial(0.5, 0.6))), 4, "no spread");
    const equal = noiseAmong([0.125, 0.25, 0.375, 0.5].map((value) => trial(value, value)));
    assert.ok(equal >= 1 && equal < 1 + 1e-9);
  });

  it("need no more than one completed trial", () => {
    assert.deepEqual(completed([trial(0.5, 0.75), trial(0.25)])[1], {
      ...{ reward: 0.5, rungs: [0.25], noise: 4 },
    });
    assert.deepEqual(completed([]), []);
  });

  it("of searches that stop nothing are as they are", () => {
    const trials = [{ reward: 0.5 }, { reward: 0.25 }];
    assert.deepEqual(completed(trials), trials);
    assert.deepEqual(completed([trial(0.5), trial(0.25)]), [trial(0.5), trial(0.25)]);
  });

  it("count less: their noise is a factor", () => {
    const judged = { point: [0, 0], reward: 0.5, standardError: null };
    assert.deepEqual([...noiseOf([judged, { ...judged, noise: 2.5 }]).relative], [1, 2.5]);
    const errors = [0.01, 0.03].map((standardError) => ({ ...judged, standardError }));
    const [plain, noisy] = [errors, errors.map((each) => ({ ...each, noise: 2 }))].map(noiseOf);
    assert.deepEqual(
      noisy.relative,
      plain.relative.map((value) => 2 * value),
    );
    assert.equal(noisy.variance, plain.variance);
  });
});

describe("a controller that is given stopped trials", () => {
  const random = new Random("stopped");
  const told = Array.from({ length: 24 }, (_, number) => {
    const early = random.uniform(0.3, 0.5);
    const isStopped = number > 6 && early < 0.4;
    const rungs = isStopped ? [early] : [early, early + random.uniform(0.15, 0.25)];
    return { number, point: randomPoint(SPACE, random), rungs, reward: rungs[rungs.length - 1] };
  });
  const ask = (trials: typeof told) => {
    const controller = new BayesianController(SPACE, 3, 5);
    for (const { number, point, reward, rungs } of trials)
      controller.tell(number, point, reward, null, rungs);
    return [31, 32, 33, 34].map((trial) => controller.ask(trial));
  };

  it("proposes the same whatever the order in which they arrived, and learns from what they are", () => {
    assert.ok(told.some(({ rungs }) => rungs.length === 1));
    assert.deepEqual(ask([...told].reverse()), ask(told));
    const asFinal = told.map((each) => ({ ...each, rungs: [each.reward] }));
    assert.notDeepEqual(ask(asFinal), ask(told), "their rewards are not those of completed trials");
  });

  it("refuses rungs that do not end with the reward", () => {
    for (const controller of [new BayesianController(SPACE, 1, 5), new RandomController(SPACE, 1)]) {
      controller.tell(1, [0, 0], 0.5, null, [0.25, 0.5]);
      assert.throws(
        () => controller.tell(2, [0, 0], 0.5, null, [0.5, 0.25]),
        /^RangeError: the reward of trial 2 is 0.5, but 0.25 at its last rung$/,
      );
      assert.throws(() => controller.tell(2, [0, 0], 0.5, null, [Number.NaN, 0.5]), /trial 2 is NaN$/);
    }
  });
});
