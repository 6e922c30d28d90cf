import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { AdditiveModel, product } from "../../src/controller/additive.ts";
import { type Dimension, type Point, randomPoint } from "../../src/controller/controller.ts";
import { Features } from "../../src/controller/features.ts";
import { createSpace } from "../../src/policy/space.ts";

const QUIET = (count: number) => ({ variance: undefined, relative: new Float64Array(count).fill(1) });

/** The model fitted to a function at random points. */
function fit(
  dimensions: readonly Dimension[],
  count: number,
  reward: (point: Point) => number,
): AdditiveModel {
  const random = new Random("points");
  const points = Array.from({ length: count }, () => randomPoint(dimensions, random));
  return new AdditiveModel(dimensions, points, Float64Array.from(points, reward), QUIET(count));
}

const at = (model: AdditiveModel, ...points: Point[]) => [...model.expected(model.termsOf(points))];

describe("the terms of a point", () => {
  it("are shared by the chains of a policy, but not by the places in a chain", () => {
    const { dimensions } = createSpace({ chains: 2, operationsPerChain: 2, operations: TECHNIQUES });
    const features = new Features(dimensions);
    const chains: Point[] = [
      [3, 0.2, 7, 0.9],
      [5, 0.4, 1, 0.1],
    ];
    const weights = features.priors.map((_, index) => Math.sin(index));
    const value = (point: Point) => product(features.termsOf([point], 1), weights)[0];
    const [ab, ba] = [chains.flat(), [...chains].reverse().flat()].map((point) => value([...point, 0.8]));
    assert.ok(Math.abs(ab - ba) < 1e-9);
    const turned = [...chains[0].slice(2), ...chains[0].slice(0, 2), ...chains[1], 0.8];
    assert.ok(Math.abs(value(turned) - ab) > 1e-3);
    const one = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
    assert.equal(new Features(one.dimensions).priors.length, features.priors.length);
  });

  it("do not distinguish points at which all effects are scaled to 0", () => {
    const { dimensions } = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
    const model = fit(dimensions, 60, ([first, , , , portion]) => 0.4 + 0.01 * first * portion);
    const [a, b] = at(model, [3, 0.2, 7, 0.9, 0], [12, 0.5, 1, 0.1, 0]);
    assert.equal(a, b);
  });
});

describe("the additive model", () => {
  const plain: readonly Dimension[] = [
    { kind: "category", name: "a", choices: 4 },
    { kind: "category", name: "b", choices: 3, chain: "1" },
    { kind: "category", name: "c", choices: 3, chain: "1" },
    { kind: "real", name: "x", low: -2, high: 2 },
  ];

  it("learns effects, curves and pairs in any space", () => {
    const reward = ([a, b, c, x]: Point) => 0.1 * a - 0.05 * x * x + (b === 2 && c === 1 ? 0.1 : 0);
    const model = fit(plain, 300, reward);
    const random = new Random("others");
    const points = Array.from({ length: 100 }, () => randomPoint(plain, random));
    for (const [index, value] of at(model, ...points).entries()) {
      assert.ok(Math.abs(value - reward(points[index])) < 0.03, `${value} at ${points[index]}`);
    }
  });

  it("finds the power with which the portion scales", () => {
    const { dimensions } = createSpace({ chains: 1, operationsPerChain: 1, operations: TECHNIQUES });
    for (const power of [0.5, 1, 2]) {
      const model = fit(
        dimensions,
        150,
        ([technique, , portion]) => 0.5 + 0.02 * technique * portion ** power,
      );
      assert.equal(model.power, power);
    }
  });

  it("recognises noise, and draws widely if it knows little", () => {
    const random = new Random("noise");
    const model = fit(plain, 200, ([a]) => 0.1 * Math.min(a, 2) + random.normal(0, 0.03));
    assert.ok(model.unexplained > 0.0004 && model.unexplained < 0.002, `${model.unexplained}`);
    const few = fit(plain.slice(0, 1), 3, ([a]) => 0.1 * a);
    const draws = Array.from({ length: 200 }, () => few.draw(random));
    const spread = few.termsOf([[0], [1], [2], [3]]);
    const squares = [0, 1, 2, 3].map((row) =>
      draws.reduce((sum, draw) => sum + product(spread, draw)[row] ** 2, 0),
    );
    assert.ok(Math.max(...squares) > 2 * Math.min(...squares), "three points cannot have all four choices");
  });
});
