import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Effect } from "../../src/analysis/effects.ts";
import { bestSoFar } from "../../src/analysis/history.ts";
import { importanceOf } from "../../src/analysis/importance.ts";
import type { TrialRecord } from "../../src/experiment/records.ts";
import { noAugmentation } from "../../src/policy/policy.ts";

function effect(name: string, ...means: number[]): Effect {
  const points = means.map((mean, at) => ({ at, mean, low: mean - 0.01, high: mean + 0.01 }));
  return { kind: "technique", name, points, policies: 7 };
}

describe("importanceOf", () => {
  const importance = importanceOf([
    effect("harmful", 0, -0.02, -0.03),
    effect("unknown", 0, 0.005),
    effect("helpful", 0.02, 0.04, 0.03),
    effect("single", 0.02),
  ]);

  it("puts what helps most first", () => {
    const names = importance.map(({ name }) => name);
    assert.deepEqual(names, ["helpful", "single", "unknown", "harmful"]);
    assert.deepEqual(importance[0].best, { at: 1, mean: 0.04, low: 0.03, high: 0.05 });
    assert.equal(importance[0].policies, 7);
  });

  it("says whether an effect was shown", () => {
    const verdicts = importance.map(({ verdict }) => verdict);
    assert.deepEqual(verdicts, ["helps", "helps", "unclear", "harms"]);
  });

  it("is the standard deviation along the points; of one point, with 0", () => {
    assert.ok(Math.abs(importance[0].importance - Math.sqrt(2 / 3) * 0.01) < 1e-12);
    assert.ok(Math.abs(importance[1].importance - 0.01) < 1e-12);
  });
});

describe("bestSoFar", () => {
  const trial = (number: number, reward: number, stoppedAt?: number): TrialRecord => ({
    ...{ trial: number, policy: noAugmentation(), reward, standardError: null },
    ...(stoppedAt !== undefined && { stoppedAt }),
  });

  it("follows the trials' numbers, and leaves out those that were stopped", () => {
    const history = bestSoFar([trial(2, 0.9, 5), trial(0, 0.4), trial(1, 0.3), trial(3, 0.5)]);
    assert.deepEqual(
      history.map(({ trial, best }) => [trial.trial, best]),
      [
        [0, 0.4],
        [1, 0.4],
        [2, 0.4],
        [3, 0.5],
      ],
    );
  });

  it("is empty without trials", () => assert.deepEqual(bestSoFar([]), []));
});
