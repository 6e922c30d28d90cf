import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import {
  type Controller,
  canonicalPoints,
  checkPoint,
  type Dimension,
  type Point,
  randomPoint,
} from "../../src/controller/controller.ts";
import { predictedRewards } from "../../src/controller/predicted.ts";
import { RandomController } from "../../src/controller/random.ts";
import { Surrogate } from "../../src/controller/surrogate.ts";

const SPACE: readonly Dimension[] = [
  { kind: "category", name: "first", choices: 8, group: "technique" },
  { kind: "real", name: "strength", low: -1, high: 1 },
  { kind: "category", name: "second", choices: 8, group: "technique" },
  { kind: "real", name: "portion", low: 0, high: 1 },
];

const controllers: Record<string, (dimensions: readonly Dimension[], seed: number) => Controller> = {
  random: (dimensions, seed) => new RandomController(dimensions, seed),
  bayesian: (dimensions, seed) => new BayesianController(dimensions, seed, 5),
};

/** A reward with a best technique in each place, a best strength, and noise. */
function rewardOf(point: Point, random: Random): number {
  const [first, strength, second, portion] = point;
  const techniques = (first === 3 ? 0.1 : -0.01 * first) + (second === 5 ? 0.05 : 0);
  return 0.5 + techniques - 0.1 * (strength - 0.3) ** 2 + 0.02 * portion + random.normal(0, 0.01);
}

/** Reports the rewards of `count` random points. */
function tellRandom(controller: Controller, dimensions: readonly Dimension[], count: number): void {
  const random = new Random("told");
  for (let trial = 0; trial < count; trial++) {
    controller.tell(trial, randomPoint(dimensions, random), random.normal(0.5, 0.05));
  }
}

for (const [name, create] of Object.entries(controllers)) {
  describe(`the ${name} controller`, () => {
    it("gives the same point for the same seed, trial, told and pending points, in any order", () => {
      const random = new Random("history");
      const history = Array.from({ length: 20 }, (_, trial) => ({
        trial,
        point: randomPoint(SPACE, random),
        reward: random.normal(0.5, 0.05),
      }));
      const pending = [20, 21].map((trial) => ({ trial, point: randomPoint(SPACE, random) }));
      const forwards = create(SPACE, 7);
      for (const { trial, point, reward } of history) forwards.tell(trial, point, reward);
      for (const { trial, point } of pending) forwards.expect(trial, point);
      const backwards = create(SPACE, 7);
      for (const { trial, point } of [...pending].reverse()) backwards.expect(trial, point);
      for (const { trial, point, reward } of [...history].reverse()) {
        backwards.expect(trial, point);
        backwards.tell(trial, point, reward);
      }
      assert.deepEqual(forwards.ask(22), backwards.ask(22));
      assert.notDeepEqual(create(SPACE, 8).ask(1), create(SPACE, 7).ask(1));
      assert.notDeepEqual(forwards.ask(23), forwards.ask(22));
    });

    it("gives a pending trial the same point again", () => {
      const controller = create(SPACE, 1);
      tellRandom(controller, SPACE, 10);
      const asked = controller.ask(11);
      assert.deepEqual(controller.ask(11), asked);
      const point = [1, 0.5, 2, 0.25];
      controller.expect(12, point);
      assert.deepEqual(controller.ask(12), point);
    });

    it("never asks for a point twice, unless the space has no other", () => {
      // The greatest rewards are in a corner, which can be reached in many ways.
      const corner: readonly Dimension[] = [
        { kind: "real", name: "a", low: 0, high: 1 },
        { kind: "real", name: "b", low: 0, high: 1 },
      ];
      const controller = create(corner, 3);
      const asked: string[] = [];
      for (let trial = 1; trial <= 60; trial++) {
        const point = controller.ask(trial);
        asked.push(String(point));
        // Every third trial is pending for a while.
        const [judged, where] =
          trial % 3 === 0 ? [trial - 6, trial > 6 ? controller.ask(trial - 6) : point] : [trial, point];
        if (judged > 0) controller.tell(judged, where, where[0] + where[1]);
      }
      assert.equal(new Set(asked).size, asked.length);
      const single = create([{ kind: "category", name: "only", choices: 1 }], 3);
      for (let trial = 0; trial < 12; trial++) single.tell(trial, [0], 0.5);
      assert.deepEqual(single.ask(12), [0]);
    });

    it("stays inside any space, on any history", () => {
      const narrow: readonly Dimension[] = [
        { kind: "category", name: "only", choices: 1 },
        { kind: "real", name: "fixed", low: 0.5, high: 0.5 },
        { kind: "real", name: "free", low: 0, high: 1 },
      ];
      for (const told of [0, 1, 2, 3, 4, 12]) {
        for (const space of [SPACE, narrow]) {
          const controller = create(space, 3);
          tellRandom(controller, space, told);
          for (let trial = 6; trial < 9; trial++) {
            const point = controller.ask(trial + told);
            assert.doesNotThrow(() => checkPoint(space, point));
          }
        }
      }
    });

    it("handles equal rewards and one point told many times", () => {
      const controller = create(SPACE, 3);
      for (let trial = 0; trial < 12; trial++) controller.tell(trial, [1, 0, 1, 0.5], 0.5);
      const asked = [12, 13, 14].map((trial) => controller.ask(trial));
      for (const point of asked) checkPoint(SPACE, point);
      assert.equal(new Set(asked.map(String)).size, 3);
    });

    it("rejects points outside the space and rewards that are not numbers", () => {
      const controller = create(SPACE, 0);
      assert.throws(() => controller.tell(1, [8, 0, 0, 0], 0.5), /first is 8, outside its range/);
      assert.throws(() => controller.tell(1, [0.5, 0, 0, 0], 0.5), RangeError);
      assert.throws(() => controller.expect(1, [0, 0, 0, 1.1]), /portion is 1\.1/);
      assert.throws(() => controller.expect(1, [0, Number.NaN, 0, 0]), RangeError);
      assert.throws(() => controller.expect(1, [0, 0, 0]), /4 coordinates, not 3/);
      assert.throws(() => controller.tell(1, [0, 0, 0, 0], Number.NaN), /the reward of trial 1 is NaN/);
    });
  });
}

describe("a policy that adds nothing to its base", () => {
  const base: Dimension = { kind: "category", name: "base", choices: 3, unscaled: true };
  const space: readonly Dimension[] = [
    { kind: "category", name: "technique", choices: 4 },
    { kind: "real", name: "strength", low: -1, high: 1, strengthOf: "technique" },
    { kind: "real", name: "portion", low: 0, high: 1, scales: true },
    base,
  ];

  it("has one point for all operations", () => {
    const points = [
      [3, 0.5, 0, 2],
      [1, -0.3, 0, 1],
      [3, 0.5, 0.01, 2],
    ];
    assert.deepEqual(canonicalPoints(space, points), [[0, -1, 0, 2], [0, -1, 0, 1], points[2]]);
  });

  it("stays as it is in a space without bases, in which it is the baseline", () => {
    const points = [[3, 0.5, 0]];
    assert.deepEqual(canonicalPoints(space.slice(0, 3), points), points);
  });

  it("is not asked again, though it is the best", () => {
    const controller = new BayesianController(space, 1, 3);
    controller.tell(0, [0, -1, 0, 0], 0.5);
    controller.tell(1, [0, -1, 0, 1], 0.6);
    controller.tell(2, [0, -1, 0, 2], 0.7);
    for (let trial = 3; trial < 25; trial++) {
      const point = controller.ask(trial);
      assert.ok(point[2] > 0, String(point));
      controller.tell(trial, point, 0.5 + 0.1 * point[3] - 0.2 * point[2]);
    }
  });
});

describe("starting points", () => {
  const space: readonly Dimension[] = [
    { kind: "real", name: "amount", low: 0, high: 1 },
    { kind: "real", name: "strength", low: 0, high: 1, strengthOf: "amount" },
    { kind: "category", name: "base", choices: 4, unscaled: true, proposed: [0, 1, 2] },
  ];
  const starts = {
    from: 4,
    points: [
      [0.5, 0.25, undefined],
      [1, 0.5, 0],
    ],
  };
  const create = () => {
    const controller = new BayesianController(space, 1, 10, starts);
    for (const [base, reward] of [0.5, 0.6, 0.56, 0.7].entries()) {
      controller.tell(base, [0, 0, base], reward);
    }
    return controller;
  };

  it("are asked in their trials, with the choice that promises most of those that are proposed", () => {
    const controller = create();
    assert.deepEqual(controller.ask(4), [0.5, 0.25, 1]);
    assert.deepEqual(controller.ask(5), [1, 0.5, 0]);
    assert.deepEqual(controller.ask(6), new RandomController(space, 1).ask(6));
  });

  it("are asked of a controller that knows nothing, with the first choice", () => {
    assert.deepEqual(new BayesianController(space, 1, 10, starts).ask(4), [0.5, 0.25, 0]);
  });

  it("are left out if there is an earlier search", () => {
    const controller = new BayesianController(space, 1, 10, starts);
    controller.warmStart([{ point: [0.9, 0.9, 1], reward: 0.2, standardError: null }]);
    controller.tell(0, [0, 0, 0], 0.5);
    assert.notDeepEqual(controller.ask(5), [1, 0.5, 0]);
  });
});

describe("a choice without strength", () => {
  const space: readonly Dimension[] = [
    { kind: "category", name: "technique", choices: 4, withoutStrength: [1, 3] },
    { kind: "real", name: "strength", low: -1, high: 1, strengthOf: "technique" },
    { kind: "real", name: "portion", low: 0, high: 1, scales: true },
  ];

  it("has one point for all points with the same effect", () => {
    assert.deepEqual(
      canonicalPoints(space, [
        [0, 0.5, 1],
        [1, 0.5, 1],
        [3, -1, 0.2],
      ]),
      [
        [0, 0.5, 1],
        [1, -1, 1],
        [3, -1, 0.2],
      ],
    );
    assert.equal(canonicalPoints(SPACE, []).length, 0);
  });

  it("is not asked again at another strength, and all strengths count as the same", () => {
    // The best is at the edge of the space, with the choice that has no strength.
    const controller = new BayesianController(space, 1, 5);
    const noise = new Random("noise");
    const learnt: string[] = [];
    for (let trial = 1; trial <= 60; trial++) {
      const point = controller.ask(trial);
      if (trial > 5 && trial % 10 !== 0) learnt.push(String(canonicalPoints(space, [point])[0]));
      const effect = point[0] === 1 ? 0.1 : 0.02 * point[1];
      controller.tell(trial, point, 0.5 + effect * point[2] + noise.normal(0, 0.005), 0.005);
    }
    assert.ok(learnt.includes("1,-1,1"));
    assert.equal(new Set(learnt).size, learnt.length);

    const told = [0, 1, 2, 3, 1].map((choice, index) => ({
      point: [choice, 0.1 * index, 0.5],
      reward: 0.5 + 0.01 * index,
      standardError: null,
    }));
    const { mean, variance } = new Surrogate(space, told, 1).predict([
      [1, 0.9, 0.5],
      [1, -0.9, 0.5],
      [2, -0.9, 0.5],
    ]);
    assert.deepEqual([mean[0], variance[0]], [mean[1], variance[1]]);
    assert.notEqual(mean[0], mean[2]);
  });
});

describe("random search", () => {
  it("draws from every part of the space", () => {
    const controller = new RandomController(SPACE, 0);
    const points = Array.from({ length: 300 }, (_, index) => controller.ask(index + 1));
    assert.equal(new Set(points.map(([first]) => first)).size, 8);
    const strengths = points.map(([, strength]) => strength);
    assert.ok(Math.min(...strengths) < -0.9 && Math.max(...strengths) > 0.9);
  });
});

describe("Bayesian optimization", () => {
  it("begins with the points of random search", () => {
    const bayesian = new BayesianController(SPACE, 4, 5);
    const random = new RandomController(SPACE, 4);
    for (let trial = 1; trial <= 5; trial++) {
      assert.deepEqual(bayesian.ask(trial), random.ask(trial));
      bayesian.tell(trial, bayesian.ask(trial), trial / 10);
    }
    assert.notDeepEqual(bayesian.ask(6), random.ask(6));
  });

  it("finds far better points than random search", () => {
    const means = Object.entries(controllers).map(([, create]) => {
      let sum = 0;
      for (const seed of [0, 1, 2]) {
        const controller = create(SPACE, seed);
        const noise = new Random(seed, "noise");
        for (let trial = 1; trial <= 60; trial++) {
          const point = controller.ask(trial);
          const reward = rewardOf(point, noise);
          controller.tell(trial, point, reward);
          if (trial > 40) sum += reward / 60;
        }
      }
      return sum;
    });
    assert.ok(means[1] > means[0] + 0.06, `random ${means[0]}, Bayesian ${means[1]}`);
  });

  it("keeps drawing every tenth trial at random", () => {
    const bayesian = new BayesianController(SPACE, 4, 5);
    const random = new RandomController(SPACE, 4);
    tellRandom(bayesian, SPACE, 5);
    assert.deepEqual(bayesian.ask(10), random.ask(10));
    assert.notDeepEqual(bayesian.ask(11), random.ask(11));
  });

  it("does not propose points that are being judged, nor their neighbours", () => {
    const told = (controller: Controller) => {
      const random = new Random("judged");
      for (let trial = 0; trial < 40; trial++) {
        const point = randomPoint(SPACE, random);
        controller.tell(trial, point, rewardOf(point, random));
      }
      return controller;
    };
    const create = () => told(new BayesianController(SPACE, 2, 0));
    const first = create().ask(41);
    const controller = create();
    controller.expect(40, first);
    const second = controller.ask(41);
    assert.notDeepEqual(second, first);
    const moved = [1, 3].some((index) => Math.abs(second[index] - first[index]) > 0.1);
    const far = second[0] !== first[0] || second[2] !== first[2] || moved;
    assert.ok(far, `${first} and ${second}`);
  });
});

describe("other searches and failed trials", () => {
  it("gains of an earlier search replace the random trials once the baseline is known", () => {
    const random = new Random("earlier");
    const gains = Array.from({ length: 60 }, () => {
      const point = randomPoint(SPACE, random);
      return { point, reward: rewardOf(point, random) - 0.5, standardError: null };
    });
    const cold = new BayesianController(SPACE, 3, 30);
    const warm = new BayesianController(SPACE, 3, 30);
    warm.warmStart(gains);
    assert.deepEqual(warm.ask(1), cold.ask(1), "the baseline is not known");
    for (const controller of [cold, warm]) controller.tell(0, [0, -1, 0, 0], 0.7);
    const asked = [2, 3, 4].map((trial) => [cold.ask(trial), warm.ask(trial)]);
    const value = (index: number) =>
      asked.reduce((sum, points) => sum + rewardOf(points[index], new Random("noise")), 0);
    assert.ok(value(1) > value(0) + 0.1, `cold ${value(0)}, warm ${value(1)}`);
    assert.throws(() => warm.warmStart([{ ...gains[0], reward: Number.NaN }]), RangeError);
  });

  for (const [name, create] of Object.entries(controllers)) {
    it(`a dropped trial is no longer pending: ${name}`, () => {
      const dropping = create(SPACE, 4);
      const never = create(SPACE, 4);
      tellRandom(dropping, SPACE, 12);
      tellRandom(never, SPACE, 12);
      dropping.expect(12, [3, 0.3, 5, 1]);
      dropping.drop(12);
      assert.deepEqual(dropping.ask(13), never.ask(13));
    });
  }

  it("predictions of judged points remove luck", () => {
    const random = new Random("lucky");
    const judged = Array.from({ length: 80 }, () => {
      const point = randomPoint(SPACE, random);
      return { point, reward: rewardOf(point, random) + random.normal(0, 0.03), standardError: null };
    });
    const predicted = predictedRewards(SPACE, judged, 1);
    const truth = judged.map(({ point }) => {
      const quiet = Array.from({ length: 200 }, (_, i) => rewardOf(point, new Random("quiet", i)));
      return quiet.reduce((sum, value) => sum + value, 0) / quiet.length;
    });
    const error = (values: readonly number[]) =>
      values.reduce((sum, value, i) => sum + (value - truth[i]) ** 2, 0) / truth.length;
    const [ofPredicted, ofRewards] = [error(predicted), error(judged.map(({ reward }) => reward))];
    assert.ok(ofPredicted < ofRewards, `${ofPredicted} against ${ofRewards}`);
    assert.deepEqual(predictedRewards(SPACE, [], 1), []);
  });
});
