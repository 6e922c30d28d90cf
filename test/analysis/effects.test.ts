// Effects that are known: rewards are made from them, with noise.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Effect, effectsOf } from "../../src/analysis/effects.ts";
import { Random } from "../../src/common/random.ts";
import { FAMILIES, FAMILY_NAMES, familiesOf } from "../../src/config/families.ts";
import { EXTENDED_TECHNIQUES, TECHNIQUES } from "../../src/config/techniques.ts";
import { type Point, randomPoint } from "../../src/controller/controller.ts";
import type { TrialRecord } from "../../src/experiment/records.ts";
import { formOfFamilies } from "../../src/policy/form.ts";
import { createSpace, pointToPolicy, type SearchSpace } from "../../src/policy/space.ts";

const NOISE = 0.005;

function trialsOf(space: SearchSpace, count: number, rewardAt: (point: Point) => number): TrialRecord[] {
  const random = new Random("effects test");
  return Array.from({ length: count }, (_, trial) => {
    const point = randomPoint(space.dimensions, random);
    const reward = rewardAt(point) + random.normal(0, NOISE);
    return { trial, policy: pointToPolicy(space, point), reward, standardError: null };
  });
}

function effectOf(effects: readonly Effect[], kind: Effect["kind"], name: string): Effect {
  const found = effects.find((effect) => effect.kind === kind && effect.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
}

const FAMILY_SPACE = createSpace({
  ...formOfFamilies(familiesOf(FAMILY_NAMES, EXTENDED_TECHNIQUES), ["none", "flip"]),
  operations: EXTENDED_TECHNIQUES,
});

describe("effectsOf families", () => {
  const at = (name: string) => FAMILY_SPACE.dimensions.findIndex((dimension) => dimension.name === name);
  const [geometry, noise, base] = ["geometry_amount", "noise_amount", "base"].map(at);
  const trials = trialsOf(
    FAMILY_SPACE,
    120,
    (point) =>
      0.5 +
      0.04 * point[geometry] -
      0.03 * point[noise] +
      0.02 * point[base] -
      0.02 * point[geometry] * point[noise],
  );
  const { effects, joint } = effectsOf(trials, FAMILY_SPACE, 0);

  it("has the amount and the strength of each, and the bases", () => {
    const names = effects.map(({ kind, name }) => `${kind} ${name}`);
    for (const { name, fixed } of FAMILIES) {
      assert.ok(names.includes(`amount ${name}`), name);
      assert.equal(names.includes(`strength ${name}`), !fixed, name);
    }
    assert.ok(names.includes("base flip"));
  });

  it("finds what helps and what harms, and how sure that is", () => {
    const last = ({ points }: Effect) => points.at(-1)!;
    const helps = last(effectOf(effects, "amount", "geometry"));
    assert.equal(helps.at, 1.5);
    // The joint effect takes a part away, at the mean amount of noise.
    const expected = 1.5 * 0.04 - 1.5 * 0.02 * 0.525;
    assert.ok(helps.low < expected && expected < helps.high, JSON.stringify(helps));
    assert.ok(helps.low > 0 && helps.high - helps.low < 0.03, JSON.stringify(helps));
    assert.ok(last(effectOf(effects, "amount", "noise")).high < 0);
    const none = last(effectOf(effects, "amount", "colour"));
    assert.ok(none.low < 0 && none.high > 0, JSON.stringify(none));
    assert.deepEqual(effectOf(effects, "amount", "geometry").points[0], { at: 0, mean: 0, low: 0, high: 0 });
  });

  it("compares bases with none", () => {
    const [flip] = effectOf(effects, "base", "flip").points;
    assert.ok(flip.low < 0.02 && 0.02 < flip.high && flip.low > 0.01, JSON.stringify(flip));
    assert.equal(effectOf(effects, "base", "none").points[0].mean, 0);
  });

  it("finds the two that harm each other first", () => {
    assert.deepEqual(joint[0].names, ["geometry", "noise"]);
    assert.ok(joint[0].high < 0, JSON.stringify(joint[0]));
  });
});

describe("effectsOf techniques", () => {
  const space = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
  const [rotate, invert] = [TECHNIQUES.indexOf("rotate"), TECHNIQUES.indexOf("invert")];
  const trials = trialsOf(space, 300, ([first, firstMagnitude, second, secondMagnitude, portion]) => {
    const of = (type: number, magnitude: number) =>
      type === rotate ? 0.06 * magnitude : type === invert ? -0.05 : 0;
    return 0.5 + portion * (of(first, firstMagnitude) + of(second, secondMagnitude));
  });
  const { effects } = effectsOf(trials, space, 0);

  it("follows a technique along its magnitude", () => {
    const { points } = effectOf(effects, "technique", "rotate");
    assert.deepEqual(
      points.map(({ at }) => at),
      Array.from({ length: 11 }, (_, i) => i / 10),
    );
    assert.ok(points[10].mean > points[0].mean + 0.01, JSON.stringify(points));
    assert.ok(points[10].low > 0, JSON.stringify(points[10]));
  });

  it("has one point for a technique without a magnitude", () => {
    const { points, policies } = effectOf(effects, "technique", "invert");
    assert.equal(points.length, 1);
    assert.ok(points[0].high < 0, JSON.stringify(points));
    assert.ok(policies > 0);
  });

  it("has the portion, compared with 0", () => {
    const { points } = effectOf(effects, "portion", "portion");
    assert.equal(points[0].mean, 0);
    assert.equal(points.length, 11);
  });

  it("is the same for the same seed", () => {
    assert.deepEqual(effectsOf(trials, space, 0).effects, effects);
  });
});
