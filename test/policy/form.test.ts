import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { randomPoint } from "../../src/controller/controller.ts";
import { formOfColumns, parsePolicyCells, policyCells, policyColumns } from "../../src/policy/columns.ts";
import { baseAlone, type FormExtension, hasForm, type PolicyForm } from "../../src/policy/form.ts";
import { formatPolicy, type Policy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../../src/policy/space.ts";

const REDRAWN: FormExtension = {
  bases: ["none", "flip", "flip-crop"],
  ...{ mixture: true, magnitudes: "drawn", redraw: "epoch" },
};
const form: PolicyForm = { chains: 2, operationsPerChain: 1, extension: REDRAWN };
const policy: Policy = {
  base: "flip",
  chains: [[{ type: "shear-x", magnitude: 0.3 }], [{ type: "autocontrast", magnitude: 0.7 }]],
  portion: 0.5,
  magnitudes: "drawn",
  redrawn: true,
};
const mixture: PolicyForm = {
  ...{ chains: 3, operationsPerChain: 2 },
  extension: { bases: ["none"], mixture: true, magnitudes: "fixed", redraw: "once" },
};

describe("an extended form of policies", () => {
  it("has a point for every policy, and a policy for every point", () => {
    for (const each of [form, mixture]) {
      const space = createSpace({ ...each, operations: EXTENDED_TECHNIQUES });
      for (let draw = 0; draw < 20; draw++) {
        const point = randomPoint(space.dimensions, new Random("form", draw));
        const drawn = pointToPolicy(space, point);
        assert.ok(hasForm(each, drawn));
        assert.deepEqual(policyToPoint(space, drawn), point);
      }
    }
  });

  it("has a dimension for the base if there is a choice", () => {
    const names = (each: PolicyForm) =>
      createSpace({ ...each, operations: EXTENDED_TECHNIQUES }).dimensions.map(({ name }) => name);
    assert.deepEqual(names(form).slice(-2), ["portion", "base"]);
    assert.equal(names(mixture).at(-1), "portion");
  });

  it("has the base alone as a policy, with any techniques", () => {
    const space = createSpace({ ...form, operations: ["fog"] });
    const flips = baseAlone(form, "flip");
    assert.equal(formatPolicy(flips), "flip");
    assert.deepEqual(policyToPoint(space, flips), [0, 0, 0, 0, 0, 1]);
    assert.equal(formatPolicy(baseAlone(form)), "no augmentation");
    assert.throws(() => policyToPoint(space, { ...flips, base: "randaugment" }), RangeError);
  });

  it("is not that of policies which are used in another way", () => {
    assert.ok(hasForm(form, policy));
    assert.ok(!hasForm(form, { ...policy, base: "randaugment" }));
    assert.ok(!hasForm({ chains: 2, operationsPerChain: 1 }, policy));
    const { redrawn, ...once } = policy;
    assert.ok(redrawn && !hasForm(form, once));
    assert.ok(!hasForm(form, { ...policy, chains: policy.chains.slice(1) }));
  });

  it("has columns of its own, from which it is known again", () => {
    const cells = ["shear-x", "0.3", "autocontrast", "0.7", "0.5", "flip", "yes", "drawn", "epoch"];
    assert.deepEqual(policyCells(policy, form), cells);
    assert.deepEqual(parsePolicyCells(cells, form), policy);
    const columns = policyColumns(form);
    assert.deepEqual(columns.slice(-5), ["portion", "base", "mixture", "magnitudes", "redraw"]);
    const found = formOfColumns(["trial_no", ...columns], ["7", ...cells]);
    assert.deepEqual([found?.first, found?.form.chains, found?.form.operationsPerChain], [1, 2, 1]);
    const { bases, ...use } = found!.form.extension!;
    assert.deepEqual(use, { mixture: true, magnitudes: "drawn", redraw: "epoch" });
    assert.ok(bases.includes("trivialaugment"));
    assert.throws(() => parsePolicyCells(cells.with(5, "flop"), form), {
      name: "UsageError",
      message: 'base: expected one of none, flip, flip-crop, received "flop"',
    });
    assert.throws(() => parsePolicyCells(cells.with(8, "once"), form), {
      name: "UsageError",
      message: 'redraw: expected one of epoch, received "once"',
    });
  });

  it("is written with its base, and with what is drawn", () => {
    assert.equal(formatPolicy(policy), "flip, then shear-x ≤ 0.30 | autocontrast, portion 0.50");
    const { magnitudes, ...fixed } = { ...policy, weights: [1, 3] };
    assert.equal(magnitudes, "drawn");
    assert.equal(formatPolicy(fixed), "flip, then 1 × shear-x 0.30 | 3 × autocontrast, portion 0.50");
    const each = { ...policy, portion: 1, chances: [0.125, 0.5] };
    assert.equal(formatPolicy(each), "flip, then 13% shear-x ≤ 0.30, 50% autocontrast");
    const some = { ...each, portion: 0.5, chances: [0, 0.025] };
    assert.equal(formatPolicy(some), "flip, then 2.5% autocontrast, portion 0.50");
  });
});
