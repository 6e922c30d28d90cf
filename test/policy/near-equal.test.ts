import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TechniqueName } from "../../src/config/techniques.ts";
import { areNearEqual } from "../../src/policy/near-equal.ts";
import type { Chain, Policy } from "../../src/policy/policy.ts";

const chain = (...operations: [TechniqueName, number][]): Chain =>
  operations.map(([type, magnitude]) => ({ type, magnitude }));
const policy = (portion: number, ...chains: Chain[]): Policy => ({ portion, chains });
const SHEAR_FOG = chain(["shear", 0.5], ["fog", 0.5]);
const CROP_ROTATE = chain(["crop", 0.2], ["rotate", 0.8]);
const REFERENCE = policy(0.5, SHEAR_FOG, CROP_ROTATE);

describe("near-equal policies", () => {
  const equal = (other: Policy) => {
    assert.equal(areNearEqual(other, REFERENCE), areNearEqual(REFERENCE, other));
    return areNearEqual(REFERENCE, other);
  };

  it("have magnitudes and portions that differ by at most 0.1, unless a magnitude has no meaning", () => {
    assert.ok(equal(REFERENCE));
    assert.ok(equal(policy(0.59, SHEAR_FOG, CROP_ROTATE)));
    assert.ok(!equal(policy(0.61, SHEAR_FOG, CROP_ROTATE)));
    assert.ok(equal(policy(0.41, chain(["shear", 0.41], ["fog", 0]), CROP_ROTATE)));
    assert.ok(!equal(policy(0.5, chain(["shear", 0.39], ["fog", 0.5]), CROP_ROTATE)));
    assert.ok(!equal(policy(0.5, SHEAR_FOG, chain(["crop", 0.2], ["rotate", 0.69]))));
  });

  it("have the same techniques in the same order in every chain", () => {
    assert.ok(!equal(policy(0.5, chain(["fog", 0.5], ["shear", 0.5]), CROP_ROTATE)));
    assert.ok(!equal(policy(0.5, chain(["shear", 0.5], ["clouds", 0.5]), CROP_ROTATE)));
    assert.ok(!equal(policy(0.5, CROP_ROTATE, SHEAR_FOG)));
    assert.ok(!equal(policy(0.5, SHEAR_FOG)));
    assert.ok(!equal(policy(0.5, chain(["shear", 0.5]), CROP_ROTATE)));
  });

  it("have chances that differ by at most 0.1 in sum", () => {
    const reference: Policy = { ...REFERENCE, redrawn: true, chances: [0.2, 0.5] };
    const isNear = (chances?: readonly number[]) => areNearEqual(reference, { ...reference, chances });
    assert.ok(isNear([0.25, 0.46]));
    assert.ok(!isNear([0.26, 0.44]));
    assert.ok(!isNear([0.2]));
    assert.ok(!isNear(undefined));
  });
});
