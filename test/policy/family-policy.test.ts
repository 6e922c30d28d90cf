// Policies of families of techniques: their space, their cells in a notebook, and how they are read back.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { FAMILIES, FAMILY_NAMES, familiesOf, parseFamily } from "../../src/config/families.ts";
import { BASES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES, usesMagnitude } from "../../src/config/techniques.ts";
import { canonicalPoints, randomPoint } from "../../src/controller/controller.ts";
import { formOfColumns, parsePolicyCells, policyCells, policyColumns } from "../../src/policy/columns.ts";
import { familySettings } from "../../src/policy/family-policy.ts";
import { baseAlone, formOfFamilies, hasForm, policyOfFamilies } from "../../src/policy/form.ts";
import { formatPolicy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../../src/policy/space.ts";

const form = formOfFamilies(FAMILIES, BASES);
const space = createSpace({ ...form, operations: EXTENDED_TECHNIQUES });
const OFF = { amount: 0, strength: 0 };

describe("the families", () => {
  it("have each technique once, with a magnitude if it uses one", () => {
    const all = FAMILIES.flatMap(({ techniques }) => techniques);
    assert.equal(new Set(all.map(([technique]) => technique)).size, all.length);
    for (const [technique, magnitude] of all) {
      assert.ok(usesMagnitude(technique) ? magnitude > 0 && magnitude <= 1 : magnitude === 0, technique);
    }
    assert.deepEqual(
      FAMILIES.map(({ name }) => name),
      FAMILY_NAMES,
    );
  });

  it("consist of the allowed techniques, and are left out without any", () => {
    const found = familiesOf(["geometry", "noise"], ["rotate", "fog", "equalize"]);
    assert.deepEqual(found, [{ name: "geometry", techniques: [["rotate", 0.25]] }]);
    assert.equal(parseFamily("Geometry"), "geometry");
    assert.throws(() => parseFamily("geometri"), {
      message: 'unknown family "geometri"; did you mean "geometry"?',
    });
  });
});

describe("a policy of families", () => {
  const settings = [
    { amount: 1.2, strength: 0.5 },
    { amount: 0.5, strength: 1 },
    OFF,
    { amount: 0.3, strength: 0.1 },
    OFF,
  ];
  const policy = policyOfFamilies(form, settings, "flip");

  it("has a chain with a chance for each technique of the families that it uses", () => {
    assert.equal(policy.chains.length, 6 + 1 + 2);
    assert.deepEqual(policy.chains[0], [{ type: "rotate", magnitude: 0.125 }]);
    assert.deepEqual(policy.chances?.slice(5), [0.19999999999999998, 0.5, 0.15, 0.15]);
    const { base, portion, magnitudes, redrawn } = policy;
    assert.deepEqual(
      { base, portion, magnitudes, redrawn },
      { base: "flip", portion: 1, magnitudes: "drawn", redrawn: true },
    );
    assert.deepEqual(familySettings(FAMILIES, policy), settings);
    assert.equal(
      formatPolicy(policy),
      "flip, then 1.2 geometry ≤ 0.50, 0.5 orientation, 0.3 occlusion ≤ 0.10",
    );
  });

  it("is the base alone without an amount", () => {
    const alone = policyOfFamilies(form, [OFF, OFF, OFF, OFF, OFF], "flip");
    assert.deepEqual(alone, baseAlone(form, "flip"));
    assert.equal(formatPolicy(alone), "flip");
    assert.deepEqual(familySettings(FAMILIES, alone), [OFF, OFF, OFF, OFF, OFF]);
  });

  it("is recognised among others", () => {
    assert.ok(hasForm(form, policy) && hasForm(form, baseAlone(form, "randaugment")));
    assert.ok(!hasForm(formOfFamilies(FAMILIES, ["none"]), policy));
    assert.ok(!hasForm(form, { ...policy, portion: 0.5 }));
    assert.ok(!hasForm(form, { ...policy, chances: policy.chances?.with(1, 0.3) }));
    assert.ok(!hasForm(form, { ...policy, chains: [[{ type: "fog", magnitude: 0 }]], chances: [0.2] }));
    assert.ok(!hasForm(formOfFamilies(FAMILIES.slice(1), BASES), policy));
    assert.throws(() => policyToPoint(space, { ...policy, portion: 0.5 }), {
      name: "RangeError",
      message:
        "the policy does not consist of the families geometry, orientation, colour, occlusion, noise on a base of this space",
    });
  });

  it("has columns of its own, from which it is known again", () => {
    const columns = policyColumns(form);
    assert.deepEqual(columns.slice(0, 4), [
      ...["geometry_amount", "geometry_strength"],
      ...["orientation_amount", "colour_amount"],
    ]);
    const cells = policyCells(policy, form);
    assert.deepEqual(cells, ["1.2", "0.5", "0.5", "0", "0", "0.3", "0.1", "0", "0", "flip"]);
    assert.deepEqual(parsePolicyCells(cells, form), policy);
    const found = formOfColumns(["trial_no", ...columns], ["7", ...cells]);
    assert.deepEqual(found, { form, first: 1 });
    assert.equal(formOfColumns(["trial_no", "geometry_amount", "base"], ["7", "1", "flip"]), undefined);
    assert.throws(() => parsePolicyCells(cells.with(0, "1.6"), form), {
      name: "UsageError",
      message: 'geometry_amount: expected a number from 0 to 1.5, received "1.6"',
    });
    assert.throws(() => policyCells({ ...policy, chances: undefined }, form), RangeError);
  });
});

describe("the space of policies of families", () => {
  it("has amounts, strengths and simple bases, on a grid that policies keep exactly", () => {
    const random = new Random("families");
    const points = Array.from({ length: 300 }, () => randomPoint(space.dimensions, random));
    const canonical = canonicalPoints(space.dimensions, points);
    const bases = new Set(points.map((point) => BASES[point.at(-1)!]));
    assert.deepEqual([...bases].sort(), ["crop", "flip", "flip-crop", "none"]);
    for (const [i, point] of points.entries()) {
      const policy = pointToPolicy(space, point);
      assert.deepEqual(policyToPoint(space, policy), canonical[i]);
      assert.deepEqual(pointToPolicy(space, canonical[i]), policy);
      assert.ok(hasForm(form, policy));
    }
    const left = points.filter(([amount]) => amount === 0).length;
    assert.ok(Math.abs(left - 90) < 30, String(left));
  });

  it("has a point for each recipe alone", () => {
    const point = policyToPoint(space, baseAlone(form, "flip+randaugment"));
    assert.deepEqual(point, [0, 0, 0, 0, 0, 0, 0, 0, 0, BASES.indexOf("flip+randaugment")]);
    assert.equal(formatPolicy(pointToPolicy(space, point)), "flip+randaugment");
  });
});
