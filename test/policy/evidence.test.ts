import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evidenceNote } from "../../src/policy/evidence.ts";
import type { Confirmation, FoundPolicy } from "../../src/policy/policy-file.ts";

function policy(trial: number, confirmation: Confirmation | null | undefined): FoundPolicy {
  const found = { trial, reward: 0.6, standardError: null, confirmed: Boolean(confirmation) };
  const chains = [[{ type: "fog", magnitude: 0 }]] as const;
  return { ...found, expectedAccuracyIncrease: 0.1, confirmation, portion: 1, chains };
}

const shown: Confirmation = { gain: 0.1, interval: { low: 0.01, high: 0.19 }, trainings: 5 };
const unsure: Confirmation = { gain: 0.033, interval: { low: -0.085, high: 0.152 }, trainings: 2 };

describe("evidenceNote", () => {
  it("says nothing of a policy that was shown to help, or of which nothing is known", () => {
    assert.equal(evidenceNote([policy(7, shown)]), undefined);
    assert.equal(evidenceNote([policy(7, undefined)]), undefined);
    assert.equal(evidenceNote([policy(7, shown), policy(8, undefined)]), undefined);
  });

  it("says why a policy was not shown to help", () => {
    const begin = "the policy of trial 7 was not shown to be better than no augmentation:";
    const end = "; evaluate compares it on test images";
    assert.equal(
      evidenceNote([policy(7, unsure)]),
      `${begin} its average gain in 2 fresh trainings is 3.3 points, with a 95% interval of −8.5 to 15.2 points${end}`,
    );
    assert.equal(evidenceNote([policy(7, null)]), `${begin} it was not trained again after the search${end}`);
    assert.equal(
      evidenceNote([policy(7, { gain: 0.05, interval: null, trainings: 1 })]),
      `${begin} its average gain in 1 fresh training is 5.0 points, and a single one shows no spread${end}`,
    );
    const touching = { ...shown, interval: { low: 0, high: 0.2 } };
    assert.match(evidenceNote([policy(7, touching)]) ?? "", /with a 95% interval of 0\.0 to 20\.0 points/);
  });

  it("counts them if there are several", () => {
    const policies = [policy(7, shown), policy(3, unsure), policy(4, null), policy(5, undefined)];
    assert.equal(
      evidenceNote(policies),
      "2 of the 4 policies were not shown to be better than no augmentation; evaluate compares them on test images",
    );
    assert.match(evidenceNote([policy(7, shown), policy(3, null)]) ?? "", /^1 of the 2 policies was not /);
  });
});
