// Searches of spaces like those of families of techniques: amounts with strengths, and a described base.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { FAMILIES } from "../../src/config/families.ts";
import { BASES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import type { Dimension, Point } from "../../src/controller/controller.ts";
import { formOfFamilies } from "../../src/policy/form.ts";
import { createSpace } from "../../src/policy/space.ts";

const SPACE: readonly Dimension[] = [
  { kind: "real", name: "a_amount", low: 0, high: 1.5, off: 0.3, grid: 1000 },
  {
    kind: "real",
    name: "a_strength",
    low: 0,
    high: 1,
    grid: 1000,
    strengthOf: "a_amount",
    proposedFrom: 0.1,
  },
  { kind: "real", name: "b_amount", low: 0, high: 1, off: 0.3, grid: 1000 },
  {
    kind: "category",
    name: "base",
    choices: 4,
    unscaled: true,
    proposed: [0, 1],
    traits: [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ].map((own) => ({ own })),
  },
];

/** Helps most at a strength of 0.6, less on base 1 and with much of the other. */
function reward([amount, strength, other, base]: Point): number {
  const a = amount / 1.5;
  const effect = 0.1 - 0.2 * (strength - 0.6) ** 2;
  return (
    0.5 + [0, 0.03, 0.05, 0][base] + a * (effect - [0, 0.04, 0, 0][base]) - 0.05 * other - 0.05 * a * other
  );
}

describe("amounts with strengths", () => {
  it("are proposed on their grid, on bases that are proposed, as the rewards suggest", () => {
    const controller = new BayesianController(SPACE, 3, 8);
    const random = new Random("noise");
    for (let base = 0; base < 4; base++) controller.tell(base, [0, 0, 0, base], reward([0, 0, 0, base]));
    const asked: Point[] = [];
    for (let trial = 4; trial < 40; trial++) {
      const point = controller.ask(trial);
      asked.push(point);
      controller.tell(trial, point, reward(point) + random.normal(0, 0.005));
    }
    for (const point of asked) {
      assert.ok(point[3] < 2);
      assert.ok(point[0] === 0 || point[1] >= 0.1, String(point));
      assert.ok(point.every((value) => Math.abs(value * 1000 - Math.round(value * 1000)) < 1e-9));
    }
    // The best possible is 0.6, without b on base 0.
    const best = Math.max(...asked.slice(20).map(reward));
    assert.ok(best > 0.585, String(best));
  });

  it("of a policy's families are dimensions with the bases", () => {
    const form = formOfFamilies(FAMILIES, BASES);
    const { dimensions } = createSpace({ ...form, operations: EXTENDED_TECHNIQUES });
    assert.deepEqual(dimensions.slice(0, 3), [
      { kind: "real", name: "geometry_amount", low: 0, high: 1.5, off: 0.3, grid: 1000 },
      {
        ...{ kind: "real", name: "geometry_strength", low: 0, high: 1, grid: 1000 },
        ...{ strengthOf: "geometry_amount", proposedFrom: 0.1 },
      },
      { kind: "real", name: "orientation_amount", low: 0, high: 1, off: 0.3, grid: 1000 },
    ]);
    const base = {
      kind: "category",
      name: "base",
      choices: BASES.length,
      unscaled: true,
      proposed: [0, 1, 2, 3],
    };
    const traits = BASES.map((name) => {
      const own = ["flip", "crop"].map((part) => Number(name.includes(part)));
      const [amount, strength] = name.includes("rand") ? [1, 0.6] : [0.5, 1.5];
      const adds = {
        geometry_amount: [(amount * 10) / 14, strength],
        colour_amount: [(amount * 16) / 14, strength],
      };
      return { own, adds: /rand|trivial/.test(name) ? adds : {} };
    });
    assert.deepEqual(dimensions.at(-1), { ...base, traits });
  });

  it("never repeats a result, also of those that it does not learn from any more", () => {
    const sides: readonly Dimension[] = ["a", "b"].map((name) => ({
      kind: "real",
      name,
      low: 0,
      high: 1,
      grid: 20,
    }));
    const rewardOf = ([a, b]: Point) => 0.5 - (a - 0.3) ** 2 - (b - 0.6) ** 2;
    const random = new Random("grid");
    const points = Array.from(
      random.choose(441, 330),
      (cell): Point => [(cell % 21) / 20, Math.floor(cell / 21) / 20],
    );
    const ask = (trials: readonly number[]) => {
      const controller = new BayesianController(sides, 0, 0);
      for (const trial of trials) controller.tell(trial, points[trial], rewardOf(points[trial]));
      return Array.from({ length: 20 }, (_, index) => controller.ask(331 + index));
    };
    const inOrder = ask([...points.keys()]);
    const known = new Set(points.map(String));
    const asked = inOrder.filter((_, index) => (331 + index) % 10 !== 0).map(String);
    assert.deepEqual(
      asked.filter((point) => known.has(point)),
      [],
    );
    assert.equal(new Set(asked).size, 18);
    assert.deepEqual(ask([...points.keys()].reverse()), inOrder, "in any order");
  });
});
