// Draws of policies that go beyond the original's form, for pictures that are written.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AppliedPolicy, type AugmentSettings, drawCopies } from "../../src/apply/draws.ts";

const REDRAWN: AppliedPolicy = {
  ...{ trial: 4, base: "flip", redrawn: true, portion: 0.5, magnitudes: "drawn" },
  chains: [[{ type: "solarize", magnitude: 0.5 }], [{ type: "invert", magnitude: 0 }]],
};
const SETTINGS: AugmentSettings = {
  ...{ policies: [REDRAWN], recipe: null, seed: 1, copies: 2, chance: null, judgedShape: null },
};
const SHAPE = { height: 8, width: 8 };
const COUNT = 1000;

const drawsOf = (settings: AugmentSettings) =>
  Array.from({ length: COUNT }, (_, index) => [
    ...drawCopies(settings, { index, rank: index, training: COUNT }, SHAPE),
  ]).flat();

describe("copies of a redrawn policy", () => {
  it("all go through the base, and a portion of them through one chain", () => {
    const draws = drawsOf(SETTINGS);
    assert.equal(draws.length, 2 * COUNT);
    assert.ok(draws.every(({ drawn, trial }) => drawn[0].type === "horizontal-flip" && trial === 4));
    const counts = [null, 1, 2].map((chain) => draws.filter((draw) => draw.chain === chain).length);
    for (const [i, expected] of [1000, 500, 500].entries()) {
      assert.ok(Math.abs(counts[i] - expected) < 100, String(counts));
    }
    assert.ok(
      draws.every(({ chain, drawn, chains }) => chains === 1 && drawn.length === (chain === null ? 1 : 2)),
    );
    const thresholds = draws.flatMap(({ drawn }) =>
      drawn[1]?.type === "solarize" ? drawn[1].parameters.threshold : [],
    );
    assert.ok(new Set(thresholds).size > 400);
  });

  it("all go through a chain if a chance is given, and through the recipe instead of the base", () => {
    const draws = drawsOf({ ...SETTINGS, chance: 1, recipe: "flip-crop" });
    assert.ok(draws.every(({ chain, drawn }) => chain !== null && drawn.length === 3));
    assert.ok(draws.every(({ drawn }) => drawn[1].type === "pad-and-crop"));
  });
});

describe("copies of a policy whose chains have chances", () => {
  it("are one picture each, which went through any number of the chains", () => {
    const policy: AppliedPolicy = { ...REDRAWN, portion: 1, chances: [1, 0.5] };
    const draws = drawsOf({ ...SETTINGS, policies: [policy] });
    assert.equal(draws.length, 2 * COUNT);
    assert.ok(draws.every(({ chain, chains }) => chain === null && chains === 1));
    assert.ok(draws.every(({ drawn }) => drawn[1].type === "solarize"));
    const inverted = draws.filter(({ drawn }) => drawn[2]?.type === "invert").length;
    assert.ok(Math.abs(inverted - COUNT) < 100, String(inverted));
  });
});

describe("copies of a mixture that is drawn once", () => {
  it("are those of the portion, each through one chain by its weight", () => {
    const { redrawn: _, magnitudes: __, ...policy } = { ...REDRAWN, weights: [1, 4] };
    const draws = drawsOf({ ...SETTINGS, policies: [policy], copies: 1 });
    assert.equal(draws.length, COUNT / 2);
    const second = draws.filter(({ chain }) => chain === 2).length;
    assert.ok(Math.abs(second - 400) < 45, String(second));
  });
});
