// The Gaussian process against what it must know in closed form, and on functions of families of techniques.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { correlationOf } from "../../src/common/correlation.ts";
import { Random } from "../../src/common/random.ts";
import { FAMILIES } from "../../src/config/families.ts";
import { BASES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { type Dimension, type Judged, type Point, randomPoint } from "../../src/controller/controller.ts";
import { coordinatesOf, hasCoordinates } from "../../src/controller/coordinates.ts";
import { GaussianProcess } from "../../src/controller/gaussian-process.ts";
import { formOfFamilies } from "../../src/policy/form.ts";
import { createSpace } from "../../src/policy/space.ts";

const LINE: readonly Dimension[] = [{ kind: "real", name: "x", low: 0, high: 2 }];
const { dimensions: OF_FAMILIES } = createSpace({
  ...formOfFamilies(FAMILIES, BASES),
  operations: EXTENDED_TECHNIQUES,
});

function judge(
  dimensions: readonly Dimension[],
  worth: (point: Point) => number,
  count: number,
  noise: number,
) {
  const random = new Random("judge", count);
  return Array.from({ length: count }, (): Judged => {
    const point = randomPoint(dimensions, random);
    return { point, reward: worth(point) + random.normal(0, noise), standardError: null };
  });
}

/** Colour helps to a point, geometry only with a base that crops, and noise harms. */
function worth(point: Point): number {
  const [geometry, strength, , colour, vivid, , , noise] = point;
  const crops = BASES[point.at(-1)!].includes("crop") ? 1 : 0;
  return (
    0.5 +
    0.04 * geometry * strength * (crops - 0.5) +
    0.06 * colour * vivid * (1.2 - colour * vivid) -
    0.03 * noise
  );
}

describe("coordinates", () => {
  it("are shares, strengths times what they strengthen, and what the base does", () => {
    assert.ok(hasCoordinates(OF_FAMILIES) && hasCoordinates(LINE));
    assert.ok(!hasCoordinates([...LINE, { kind: "category", name: "technique", choices: 3 }]));
    const names = OF_FAMILIES.map(({ name }) => name);
    const point = OF_FAMILIES.map(() => 0);
    point[names.indexOf("colour_amount")] = 0.75;
    point[names.indexOf("colour_strength")] = 0.4;
    point[names.indexOf("geometry_strength")] = 1;
    point[names.indexOf("base")] = BASES.indexOf("flip-crop+randaugment");
    const [coordinates] = coordinatesOf(OF_FAMILIES, [point]);
    const at = (name: string) => coordinates[names.indexOf(name)];
    const isNear = (value: number, expected: number) =>
      assert.ok(Math.abs(value - expected) < 1e-12, `${value}`);
    assert.equal(coordinates.length, OF_FAMILIES.length + 1);
    // RandAugment's operations are as many of colour, and of geometry, more.
    isNear(at("colour_amount"), (0.75 + 16 / 14) / 1.5);
    isNear(at("colour_strength"), 0.5 * 0.4 + (16 / 14 / 1.5) * 0.6);
    isNear(at("geometry_amount"), 10 / 14 / 1.5);
    isNear(at("geometry_strength"), (10 / 14 / 1.5) * 0.6);
    assert.equal(at("noise_amount"), 0);
    assert.deepEqual([...coordinates.slice(-2)], [1, 1]);
  });
});

describe("a Gaussian process", () => {
  it("knows rewards that have little noise, and falls back to the mean far away", () => {
    const at = (x: number, reward: number) => ({ point: [x], reward, standardError: 1e-4 });
    const told = [0, 0.05, 0.1, 0.15, 0.2].map((x) => at(x, Math.sin(12 * x)));
    const process = new GaussianProcess(LINE, told);
    const { mean, variance } = process.predict([[0.125], [2]]);
    assert.ok(Math.abs(mean[0] - Math.sin(1.5)) < 0.02, String(mean[0]));
    assert.ok(variance[0] < 1e-3 && variance[1] > 0.01, String(variance));
    for (const [row, expected] of process.judgedMeans().entries())
      assert.ok(Math.abs(expected - told[row].reward) < 0.01);
  });

  it("predicts policies that it has not seen, and is about as wrong as it expects to be", () => {
    for (const noise of [0.001, 0.01]) {
      const process = new GaussianProcess(OF_FAMILIES, judge(OF_FAMILIES, worth, 80, noise));
      const random = new Random("others");
      const points = Array.from({ length: 200 }, () => randomPoint(OF_FAMILIES, random));
      const { mean, variance } = process.predict(points);
      const truth = points.map(worth);
      assert.ok(correlationOf([...mean], truth) > (noise < 0.01 ? 0.97 : 0.85));
      const squares = points.map((_, row) => (mean[row] - truth[row]) ** 2 / variance[row]);
      const ratio = Math.sqrt(squares.reduce((sum, square) => sum + square) / squares.length);
      assert.ok(ratio > 0.4 && ratio < 2, String(ratio));
      assert.deepEqual(process.expected(points), mean);
    }
  });

  it("is surer near a point that is being judged, and expects the same", () => {
    const process = new GaussianProcess(OF_FAMILIES, judge(OF_FAMILIES, worth, 20, 0.005));
    const far = OF_FAMILIES.map((dimension) => (dimension.kind === "real" ? dimension.high : 2));
    const near = far.with(0, 1.4);
    const none = OF_FAMILIES.map(() => 0);
    const before = process.predict([far, near, none]);
    const besides = process.predict([far, near, none], [far]);
    for (const [row, expected] of before.mean.entries())
      assert.ok(Math.abs(besides.mean[row] - expected) < 1e-9);
    const [itself, close, other] = besides.variance.map((left, row) => left / before.variance[row]);
    assert.ok(
      itself < 0.5 && close < 0.6 && other > 0.8 && other <= 1 + 1e-9,
      String([itself, close, other]),
    );
  });

  it("finds the points that are worth most without looking at all that is known of the others", () => {
    const random = new Random("candidates");
    const process = new GaussianProcess(OF_FAMILIES, judge(OF_FAMILIES, worth, 70, 0.01));
    for (const pendingCount of [0, 40]) {
      const pending = Array.from({ length: pendingCount }, () => randomPoint(OF_FAMILIES, random));
      const points = Array.from({ length: 203 }, () => randomPoint(OF_FAMILIES, random));
      const worthOf = (mean: number, variance: number) => mean + 2 * Math.sqrt(variance);
      const { mean, variance } = process.predict(points, pending);
      const all = points
        .map((point, row) => ({ point, value: worthOf(mean[row], variance[row]) }))
        .sort((a, b) => b.value - a.value);
      for (const [count, least] of [
        [10, Number.NEGATIVE_INFINITY],
        [10, all[4].value - 1e-9],
        [300, Number.NEGATIVE_INFINITY],
      ]) {
        const expected = all.filter(({ value }) => value >= least).slice(0, count);
        const found = process.besides(pending)(points, worthOf, count, least);
        assert.deepEqual(
          found.map(({ point }) => point),
          expected.map(({ point }) => point),
        );
        for (const [place, { value }] of found.entries())
          assert.ok(Math.abs(value - expected[place].value) < 1e-9);
      }
      const unknown = process.besides(pending)(points, () => Number.NaN, 10, Number.NEGATIVE_INFINITY);
      assert.equal(unknown.length, 10);
    }
  });

  it("is the same if it takes from an earlier one what that knows already", () => {
    const judged = judge(OF_FAMILIES, worth, 60, 0.01);
    const random = new Random("looked at");
    const points = Array.from({ length: 50 }, () => randomPoint(OF_FAMILIES, random));
    let earlier: GaussianProcess | undefined;
    // One more each time, as in a search; then another order, and others.
    const orders = [...Array.from({ length: 20 }, (_, more) => judged.slice(0, 30 + more))];
    for (const told of [...orders, judged.toReversed().slice(0, 48), judged.slice(5, 53)]) {
      const pending = judged.slice(told.length).map(({ point }) => point);
      const process: GaussianProcess = new GaussianProcess(OF_FAMILIES, told, earlier);
      const fresh = new GaussianProcess(OF_FAMILIES, told);
      assert.deepEqual(process.predict(points, pending), fresh.predict(points, pending));
      assert.deepEqual(process.judgedMeans(), fresh.judgedMeans());
      earlier = process;
    }
  });

  it("weighs a reward by its standard error", () => {
    const told = judge(LINE, ([x]) => x, 20, 0.05);
    const extra = (standardError: number) => ({ point: [1], reward: 3, standardError });
    const others = told.map((each) => ({ ...each, standardError: 0.05 }));
    const [sure] = new GaussianProcess(LINE, [...others, extra(0.01)]).expected([[1]]);
    const [unsure] = new GaussianProcess(LINE, [...others, extra(1)]).expected([[1]]);
    assert.ok(sure > unsure + 0.05, `${sure} and ${unsure}`);
  });

  it("stays finite with one reward, equal ones, and equal points", () => {
    const one: Judged = { point: [1], reward: 0.5, standardError: null };
    for (const told of [[one], [one, one, one], [one, { ...one, reward: 0.7 }]]) {
      const { mean, variance } = new GaussianProcess(LINE, told).predict([[0], [1]]);
      for (const value of [...mean, ...variance]) assert.ok(Number.isFinite(value));
      assert.ok(mean.every((value) => value > 0.49 && value < 0.71));
    }
  });
});
