// Which trainings are stopped early: the thresholds, and the keys that ask for them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveConfig } from "../../src/config/load.ts";
import type { TrainingRecord } from "../../src/experiment/records.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { settleStopRule } from "../../src/search/settle/stopping.ts";
import { expectedEpochs, stopsFrom } from "../../src/search/stopping.ts";

describe("the thresholds of a training", () => {
  const known = (...rungs: number[][]): TrainingRecord[] =>
    rungs.map((accuracies, trial) => ({
      ...{ trial, sample: 0, policy: noAugmentation(1, 2), history: [], reward: accuracies[0] },
      rungs: accuracies,
    }));
  const atFirst = known([0.5], [0.1], [0.4], [0.2], [0.6], [0.3]);

  it("are the accuracies below which a share of the others is, in any order", () => {
    const thresholds = (share: number) =>
      stopsFrom({ epochs: [5], share }, atFirst).map(({ below }) => below);
    assert.deepEqual([0, 0.16, 0.17, 0.5, 0.99].map(thresholds), [[0.1], [0.1], [0.2], [0.4], [0.6]]);
    assert.deepEqual(stopsFrom({ epochs: [5], share: 0.5 }, [...atFirst].reverse()), [
      { epoch: 5, below: 0.4 },
    ]);
  });

  it("are those of equals if these are many, so that none of them is stopped", () => {
    const equals = known([0.3], [0.3], [0.3], [0.3], [0.3], [0.7]);
    assert.deepEqual(stopsFrom({ epochs: [5], share: 0.5 }, equals), [{ epoch: 5, below: 0.3 }]);
  });

  it("need six results at the epoch; those at a later one are of the trainings that reached it", () => {
    const rule = { epochs: [5, 9], share: 0.5 };
    assert.deepEqual(stopsFrom(rule, atFirst.slice(1)), []);
    assert.deepEqual(stopsFrom(rule, atFirst), [{ epoch: 5, below: 0.4 }]);
    const later = known([0.5, 0.7], [0.5, 0.6], [0.5, 0.9, 0.95], [0.5, 0.8], [0.5, 0.65], [0.5, 0.61]);
    assert.deepEqual(stopsFrom(rule, [...atFirst, ...later]), [
      { epoch: 5, below: 0.5 },
      { epoch: 9, below: 0.7 },
    ]);
    assert.deepEqual(stopsFrom({ epochs: [], share: 0.5 }, later), []);
  });

  it("give the epochs that a training has on average", () => {
    const rule = { epochs: [5, 9], share: 0.5 };
    assert.equal(expectedEpochs(rule, 15, 5), 15);
    assert.equal(expectedEpochs(rule, 15, 6), 5 + (15 - 5) / 2, "too few have reached the second one");
    assert.equal(expectedEpochs(rule, 15, 12), 5 + 4 / 2 + 6 / 4);
  });
});

describe("stop_epochs", () => {
  const settle = (settings: Record<string, unknown>) =>
    settleStopRule(resolveConfig({ data: "photos", reward: "averaged", child_epochs: 12, ...settings }));

  it("are a rule, or none", () => {
    assert.deepEqual(settle({ stop_epochs: [3, 6], stop_share: 0.25 }), { epochs: [3, 6], share: 0.25 });
    assert.equal(settle({ reward: "original" }), undefined);
  });

  it("are refused unless they ascend below child_epochs, and with the original's reward", () => {
    const refused = (settings: Record<string, unknown>, message: string) =>
      assert.throws(() => settle(settings), { name: "UsageError", message });
    refused(
      { stop_epochs: [3], reward: "original" },
      "stop_epochs: with reward: original, early epochs do not show which trainings end well; set reward: averaged, or stop_epochs: []",
    );
    refused(
      { stop_epochs: [3, 12] },
      "stop_epochs: a training cannot be stopped early after epoch 12 of 12; give epochs below child_epochs",
    );
    refused(
      { stop_epochs: [3, 3] },
      "stop_epochs[1]: 3 is not greater than 3, the number before it (the configuration)",
    );
    refused(
      { stop_epochs: [0] },
      "stop_epochs: expected a list of ascending whole numbers from 1 to 100000, received [0] (the configuration)",
    );
    refused(
      { stop_share: 1 },
      "stop_share: expected a number from 0 to below 1, received 1 (the configuration)",
    );
  });
});
