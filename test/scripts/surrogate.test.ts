import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { heldOutR2, PREDICTORS, type Predictor, r2 } from "../../scripts/bench/surrogate/held-out.ts";
import { Random } from "../../src/common/random.ts";
import { type Dimension, type Judged, type Point, randomPoint } from "../../src/controller/controller.ts";

const SPACE: readonly Dimension[] = [
  { kind: "category", name: "technique", choices: 4 },
  { kind: "real", name: "magnitude", low: 0, high: 1, strengthOf: "technique" },
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

describe("R² on held-out trials", () => {
  const mean: Predictor = (_, judged, points) => {
    const value = judged.reduce((sum, { reward }) => sum + reward, 0) / judged.length;
    return new Float64Array(points.length).fill(value);
  };
  const perfect: Predictor = (_, __, points) => Float64Array.from(points, truth);

  it("is 1 for the rewards themselves, 0 for their mean, and less for what is worse", () => {
    assert.equal(r2([1, 2, 3, 6], [1, 2, 3, 6]), 1);
    assert.equal(r2([1, 2, 3, 6], [3, 3, 3, 3]), 0);
    assert.ok(Math.abs(r2([1, 2, 3, 6], [6, 3, 2, 1]) - (1 - 52 / 14)) < 1e-12);
  });

  it("is rated on the trials that were not drawn, the same ones for every predictor", () => {
    const trials = trialsOf(60, 0, "rated");
    const seen: string[] = [];
    const watching: Predictor = (_, judged, points) => {
      const all = [...judged.map(({ point }) => point), ...points].map(String);
      assert.deepEqual([judged.length, points.length], [20, 40]);
      assert.deepEqual([...all].sort(), trials.map(({ point }) => String(point)).sort());
      seen.push(all.join(" "));
      return Float64Array.from(points, truth);
    };
    const [first, second, none] = heldOutR2([watching, watching, mean], SPACE, trials, 20, 3);
    assert.deepEqual([first, second], [1, 1]);
    assert.equal(seen[0], seen[1]);
    assert.ok(none <= 0 && none > -0.5, `${none}`);
    heldOutR2([watching], SPACE, trials, 20, 4);
    assert.notEqual(seen[2], seen[0]);
    assert.throws(() => heldOutR2([mean], SPACE, trials, 59, 3), /of 60 trials, 59 leave too few to predict/);
  });

  it("of true rewards is the share of the variance that is not noise", () => {
    const trials = trialsOf(4000, 0.03, "noise");
    const signal = trialsOf(4000, 0, "signal").map(({ reward }) => reward);
    const average = signal.reduce((sum, value) => sum + value, 0) / signal.length;
    const variance = signal.reduce((sum, value) => sum + (value - average) ** 2, 0) / signal.length;
    const [rated] = heldOutR2([perfect], SPACE, trials, 10, 0);
    assert.ok(Math.abs(rated - variance / (variance + 0.03 ** 2)) < 0.03, `${rated}`);
  });

  it("is high for both surrogates if there is little noise", () => {
    const trials = trialsOf(200, 0.005, "little noise");
    const rated = heldOutR2(Object.values(PREDICTORS), SPACE, trials, 100, 0);
    assert.deepEqual(Object.keys(PREDICTORS), ["ours", "forest alone"]);
    for (const each of rated) assert.ok(each > 0.8 && each < 1, `${rated}`);
  });
});
