import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Forest, featuresOf, trainForest } from "../../scripts/bench/regret/forest.ts";
import { ForestController } from "../../scripts/bench/regret/forest-controller.ts";
import { Random } from "../../src/common/random.ts";
import {
  type Dimension,
  type Judged,
  type Point,
  randomPoint,
  randomSearchPoint,
} from "../../src/controller/controller.ts";

const SPACE: readonly Dimension[] = [
  { kind: "category", name: "technique", choices: 4 },
  { kind: "real", name: "magnitude", low: 0, high: 1 },
];

/** Technique 2 helps, the more, the stronger it is; the others do nothing. */
function truth([technique, magnitude]: Point): number {
  return technique === 2 ? 0.5 + 0.1 * magnitude : 0.5;
}

function trialsOf(count: number, noise: number, key: string): Judged[] {
  const random = new Random(key);
  return Array.from({ length: count }, () => {
    const point = randomPoint(SPACE, random);
    return { point, reward: truth(point) + random.normal(0, noise), standardError: null };
  });
}

describe("the forest alone", () => {
  it("reads a category as a column per choice", () => {
    assert.deepEqual(featuresOf(SPACE, [2, 0.25]), [0, 0, 1, 0, 0.25]);
  });

  it("predicts what the package predicts", () => {
    const judged = trialsOf(60, 0.02, "told");
    const points = trialsOf(40, 0, "asked").map(({ point }) => point);
    const trained = trainForest(
      judged.map(({ point }) => featuresOf(SPACE, point)),
      judged.map(({ reward }) => reward),
      7,
    );
    const expected = trained.predict(points.map((point) => featuresOf(SPACE, point)));
    const { mean } = new Forest(SPACE, judged, 7).predict(points);
    for (const [row, value] of expected.entries()) assert.ok(Math.abs(mean[row] - value) < 1e-12);
    const other = new Forest(SPACE, judged, 8).predict(points).mean;
    assert.ok(other.some((value, row) => value !== mean[row]));
  });

  it("learns a technique's effect, and is as uncertain as its rewards are noisy", () => {
    const { mean, deviation } = new Forest(SPACE, trialsOf(200, 0.01, "noisy"), 1).predict([
      [2, 0.9],
      [1, 0.9],
    ]);
    assert.ok(Math.abs(mean[0] - 0.59) < 0.015 && Math.abs(mean[1] - 0.5) < 0.015, `${mean}`);
    for (const each of deviation) assert.ok(each > 0.005 && each < 0.025, `${deviation}`);

    const equal = trialsOf(30, 0, "equal").map((trial) => ({ ...trial, reward: 0.5 }));
    const certain = new Forest(SPACE, equal, 1).predict([[0, 0.5]]);
    assert.ok(Math.abs(certain.mean[0] - 0.5) < 1e-12 && certain.deviation[0] < 1e-6);
  });
});

describe("the search by a forest alone", () => {
  const told = trialsOf(12, 0.005, "trials");
  const createTold = (seed: number, trials = [...told.keys()]) => {
    const controller = new ForestController(SPACE, seed, 10);
    for (const trial of trials) controller.tell(trial, told[trial].point, told[trial].reward);
    return controller;
  };

  it("begins with the points of random search", () => {
    const controller = createTold(5, [0]);
    for (const trial of [1, 5, 10]) {
      assert.deepEqual(controller.ask(trial), randomSearchPoint(SPACE, 5, trial));
    }
    assert.notDeepEqual(controller.ask(11), randomSearchPoint(SPACE, 5, 11));
  });

  it("asks the same for the same seed, and for any order of the trials", () => {
    const point = createTold(5).ask(12);
    assert.deepEqual(createTold(5, [...told.keys()].reverse()).ask(12), point);
    assert.notDeepEqual(createTold(6).ask(12), point);
    const pending = createTold(5);
    assert.deepEqual([pending.ask(12), pending.ask(12)], [point, point]);
    pending.drop(12);
    assert.deepEqual(pending.ask(12), point);
  });

  it("takes trials that are being judged into account", () => {
    const random = new Random("judging");
    const controller = createTold(5);
    for (let trial = 20; trial < 40; trial++) controller.expect(trial, [0, random.uniform()]);
    // Twenty trials that are taken to come out as well as the best make technique 0 look best.
    assert.equal(controller.ask(12)[0], 0);
    assert.equal(createTold(5).ask(12)[0], 2);
  });

  it("replaces random trials by what an earlier search found, once the baseline is known", () => {
    const controller = new ForestController(SPACE, 5, 10);
    controller.warmStart(trialsOf(60, 0.005, "earlier").map((t) => ({ ...t, reward: t.reward - 0.5 })));
    assert.deepEqual(controller.ask(1), randomSearchPoint(SPACE, 5, 1));
    controller.drop(1);
    controller.tell(0, [0, 0], 0.3);
    assert.equal(controller.ask(2)[0], 2);
    assert.throws(
      () => controller.warmStart([{ point: [4, 0], reward: 0, standardError: null }]),
      /technique is 4, outside its range/,
    );
  });

  it("finds better points than random search", () => {
    let [forest, random] = [0, 0];
    for (const seed of [0, 1]) {
      const controller = new ForestController(SPACE, seed, 10);
      const noise = new Random(seed, "noise");
      for (let trial = 0; trial <= 25; trial++) {
        const point = trial === 0 ? [0, 0] : controller.ask(trial);
        controller.tell(trial, point, truth(point) + noise.normal(0, 0.005));
        if (trial <= 15) continue;
        forest += truth(point) / 20;
        random += truth(randomSearchPoint(SPACE, seed, trial)) / 20;
      }
    }
    assert.ok(forest > random + 0.03, `${forest} against ${random}`);
  });

  it("refuses points outside the space and rewards that are not numbers", () => {
    const controller = createTold(5);
    assert.throws(() => controller.tell(12, [4, 0], 0.5), /technique is 4, outside its range/);
    assert.throws(() => controller.tell(12, [0, 0], Number.NaN), /the reward of trial 12 is NaN/);
    assert.throws(() => controller.expect(12, [0]), /has 2 coordinates, not 1/);
  });
});
