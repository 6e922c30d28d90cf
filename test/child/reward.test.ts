import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type EpochResult, rewardOf } from "../../src/child/reward.ts";

const SETTINGS = { bestEpochs: 3, overfitMargin: 0.1 };

function historyOf(...accuracies: [accuracy: number, validationAccuracy: number][]): EpochResult[] {
  return accuracies.map(([accuracy, validationAccuracy], index) => ({
    epoch: index + 1,
    loss: 1,
    accuracy,
    validationLoss: 1,
    validationAccuracy,
    seconds: index,
  }));
}

describe("rewardOf", () => {
  it("of averaged weights is the last validation accuracy", () => {
    assert.equal(rewardOf(historyOf([0.4, 0.5], [0.99, 0.3]), "averaged"), 0.3);
    assert.throws(() => rewardOf([], "averaged"), RangeError);
  });

  it("averages the K best validation accuracies among the epochs that do not overfit", () => {
    const history = historyOf([0.2, 0.3], [0.4, 0.41], [0.5, 0.45], [0.54, 0.44], [0.7, 0.59], [0.9, 0.6]);
    assert.ok(Math.abs(rewardOf(history, SETTINGS) - (0.41 + 0.45 + 0.44) / 3) < 1e-12);
  });

  it("accepts an excess of exactly the margin despite rounding", () => {
    assert.equal(rewardOf(historyOf([0.4, 0.3], [0.9, 0.1]), SETTINGS), 0.3);
  });

  it("averages fewer epochs if fewer qualify", () => {
    assert.ok(Math.abs(rewardOf(historyOf([0.2, 0.3], [0.3, 0.4], [0.9, 0.5]), SETTINGS) - 0.35) < 1e-12);
  });

  it("is the same for one epoch and for several of equal accuracy, so that rounding favours no policy", () => {
    assert.equal(rewardOf(historyOf([0.1, 0.1], [0.1, 0.1], [0.1, 0.1]), SETTINGS), 0.1);
  });

  it("takes the epoch of smallest excess, the earliest on a tie, if none qualifies", () => {
    assert.equal(rewardOf(historyOf([0.9, 0.5], [0.75, 0.5], [0.875, 0.625]), SETTINGS), 0.5);
  });

  it("is in [0, 1], never NaN", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(share, share), { minLength: 1, maxLength: 60 }), (accuracies) => {
        const reward = rewardOf(historyOf(...accuracies), SETTINGS);
        const validation = accuracies.map(([, accuracy]) => accuracy);
        return reward >= Math.min(...validation) - 1e-12 && reward <= Math.max(...validation) + 1e-12;
      }),
    );
    assert.throws(() => rewardOf([], SETTINGS), RangeError);
  });
});
