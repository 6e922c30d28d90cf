import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { type Dimension, type Judged, type Point, randomPoint } from "../../src/controller/controller.ts";
import { noiseOf } from "../../src/controller/noise-variance.ts";
import { predictedRewards } from "../../src/controller/predicted.ts";
import { Surrogate } from "../../src/controller/surrogate.ts";

const SPACE: readonly Dimension[] = [
  { kind: "category", name: "first", choices: 6, group: "technique", place: "1", chain: "1" },
  { kind: "real", name: "first strength", low: 0, high: 1, strengthOf: "first" },
  { kind: "category", name: "second", choices: 6, group: "technique", place: "2", chain: "1" },
  { kind: "real", name: "second strength", low: 0, high: 1, strengthOf: "second" },
  { kind: "real", name: "portion", low: 0, high: 1, scales: true },
];

/** Effects that add up, except for one pair of operations that helps one another. */
function truth([first, a, second, b, portion]: Point): number {
  const effect = 0.02 * (first - 2) + 0.01 * (second - 2) - 0.05 * (a - 0.5) ** 2 + 0.02 * b;
  return 0.5 + portion * (effect + (first === 4 && second === 1 ? 0.08 : 0));
}

function judge(count: number, noise: number, key: string, standardError: number | null = noise): Judged[] {
  const random = new Random(key);
  return Array.from({ length: count }, () => {
    const point = randomPoint(SPACE, random);
    return { point, reward: truth(point) + random.normal(0, noise), standardError };
  });
}

/** Points that have not been judged, with their true rewards. */
const unseen = judge(400, 0, "unseen");

function meanSquare(values: ArrayLike<number>, truths: readonly number[]): number {
  return truths.reduce((sum, value, index) => sum + (values[index] - value) ** 2, 0) / truths.length;
}

const truths = unseen.map(({ reward }) => reward);
const points = unseen.map(({ point }) => point);
const mean = truths.reduce((sum, value) => sum + value, 0) / truths.length;
const variance = meanSquare(Array(truths.length).fill(mean), truths);

describe("the surrogate", () => {
  it("predicts rewards of points that have not been judged, and its own uncertainty", () => {
    const few = new Surrogate(SPACE, judge(40, 0.01, "told"), 1).predict(points);
    const many = new Surrogate(SPACE, judge(300, 0.01, "told"), 1).predict(points);
    assert.ok(meanSquare(few.mean, truths) < 0.5 * variance);
    assert.ok(meanSquare(many.mean, truths) < 0.1 * variance);
    const average = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(average(many.variance) < 0.5 * average(few.variance));
    // The errors are as large as predicted, within a factor of two.
    const calibration = meanSquare(few.mean, truths) / average(few.variance);
    assert.ok(calibration > 0.5 && calibration < 2, `${calibration}`);
  });

  it("finds effects that do not add up", () => {
    const surrogate = new Surrogate(SPACE, judge(500, 0.005, "pairs"), 1);
    const at = (first: number, second: number) => surrogate.predict([[first, 0.5, second, 0.5, 1]]).mean[0];
    const gain = at(4, 1) - at(4, 0) - (at(3, 1) - at(3, 0));
    assert.ok(gain > 0.02, `${gain}`);
  });

  it("finds steps, for which the additive model has no terms, with its trees", () => {
    const space: readonly Dimension[] = [{ kind: "real", name: "x", low: 0, high: 1 }];
    const random = new Random("step");
    const told = Array.from({ length: 200 }, () => {
      const point = randomPoint(space, random);
      const reward = (point[0] > 0.3 ? 0.6 : 0.5) + random.normal(0, 0.01);
      return { point, reward, standardError: 0.01 };
    });
    const [below, above] = new Surrogate(space, told, 1).predict([[0.27], [0.33]]).mean;
    assert.ok(above - below > 0.05, `${below} and ${above}`);
  });

  it("is less certain if rewards are noisier, and weighs trials by their standard errors", () => {
    const quiet = new Surrogate(SPACE, judge(60, 0.005, "noisy"), 1).predict(points);
    const noisy = new Surrogate(SPACE, judge(60, 0.05, "noisy"), 1).predict(points);
    const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
    assert.ok(sum(noisy.variance) > 1.5 * sum(quiet.variance));
    const point = [1, 0.5, 1, 0.5, 1];
    const sure = { point, reward: 0.6, standardError: 0.001 };
    const unsure = { point, reward: 0.4, standardError: 0.05 };
    const told = judge(20, 0.01, "weights");
    const [high] = new Surrogate(SPACE, [...told, sure, unsure], 1).predict([point]).mean;
    const swapped = [
      { ...sure, reward: 0.4 },
      { ...unsure, reward: 0.6 },
    ];
    const [low] = new Surrogate(SPACE, [...told, ...swapped], 1).predict([point]).mean;
    assert.ok(high > low, `${high} and ${low}`);
  });

  it("is the same for the same seed, and handles one trial and equal ones", () => {
    const told = judge(30, 0.01, "seed");
    assert.deepEqual(
      new Surrogate(SPACE, told, 5).predict(points),
      new Surrogate(SPACE, told, 5).predict(points),
    );
    assert.notDeepEqual(
      new Surrogate(SPACE, told, 5).predict(points).variance,
      new Surrogate(SPACE, told, 6).predict(points).variance,
    );
    for (const same of [told.slice(0, 1), Array<Judged>(9).fill(told[0])]) {
      const predicted = new Surrogate(SPACE, same, 0).predict([...points.slice(0, 20), told[0].point]);
      assert.ok(predicted.mean.every((value) => Math.abs(value - told[0].reward) < 1e-6));
      assert.ok(predicted.variance.every((value) => value >= 0));
    }
  });

  it("is surer near a point that is being judged, and expects the same", () => {
    const surrogate = new Surrogate(SPACE, judge(30, 0.01, "correlated"), 1);
    const points = [
      [0, 0.5, 1, 0.5, 1],
      [0, 0.6, 1, 0.5, 1],
      [5, 0.5, 3, 0.5, 1],
    ];
    const before = surrogate.predict(points);
    const besides = surrogate.predict(points, [points[0]]);
    assert.deepEqual(besides.mean, before.mean);
    const [itself, near, far] = besides.variance.map((left, row) => left / before.variance[row]);
    assert.ok(itself < 1e-9 && near < 0.75 && far > near + 0.2 && far <= 1, String([itself, near, far]));
  });
});

describe("predictions of judged points", () => {
  it("pick better policies than the rewards do", () => {
    let [ours, luckiest] = [0, 0];
    for (let search = 0; search < 6; search++) {
      for (const standardError of [0.03, null]) {
        const judged = judge(60, 0.03, `picked ${search}`, standardError);
        const top = (values: readonly number[]) =>
          [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, 5);
        const value = (indices: readonly number[]) =>
          indices.reduce((sum, index) => sum + truth(judged[index].point) / 60, 0);
        ours += value(top(predictedRewards(SPACE, judged, 0)));
        luckiest += value(top(judged.map(({ reward }) => reward)));
      }
    }
    assert.ok(ours > luckiest + 0.005, `${ours} against ${luckiest}`);
  });

  it("trust a certain reward even if it is surprising", () => {
    const judged = judge(60, 0.001, "sure");
    const point = [2, 0.5, 2, 0.5, 1];
    const surprising = { point, reward: 0.7, standardError: 0.001 };
    const predicted = predictedRewards(SPACE, [...judged, surprising], 0).at(-1)!;
    const doubted = predictedRewards(
      SPACE,
      [...judge(60, 0.1, "sure"), { ...surprising, standardError: 0.1 }],
      0,
    ).at(-1)!;
    assert.ok(predicted > 0.6 && doubted < 0.58, `${predicted} and ${doubted}`);
  });
});

describe("the noise of rewards", () => {
  it("is pooled over trials; one without a standard error is as noisy as the others", () => {
    const [judged] = judge(1, 0, "noise");
    const errors = [0.01, 0.03, null, 0.02];
    const noise = noiseOf(errors.map((standardError) => ({ ...judged, standardError })));
    assert.ok(Math.abs(noise.variance! - 14e-4 / 3) < 1e-12);
    const [quiet, loud, unknown] = noise.relative;
    assert.equal(unknown, 1);
    assert.ok(quiet < 1 && loud > 1 && loud < 1.5, "three samples say little about their own spread");
  });

  it("is unknown without any, and may be 0", () => {
    const judged = judge(3, 0, "none", null);
    assert.deepEqual(noiseOf(judged), { variance: undefined, relative: new Float64Array([1, 1, 1]) });
    const exact = noiseOf(judged.map((each) => ({ ...each, standardError: 0 })));
    assert.deepEqual([exact.variance, ...exact.relative], [0, 1, 1, 1]);
  });
});
