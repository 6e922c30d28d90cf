import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { randomPoint } from "../../src/controller/controller.ts";
import { parsePolicyCells, policyCells, policyColumns } from "../../src/policy/columns.ts";
import { formatPolicy, noAugmentation, type Policy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../../src/policy/space.ts";

const usual = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });

const flipAndGamma: Policy = {
  chains: [
    [
      { type: "horizontal-flip", magnitude: 0.95 },
      { type: "gamma-contrast", magnitude: 0.85 },
    ],
  ],
  portion: 0.97,
};

describe("the search space", () => {
  it("has a technique and a magnitude per operation, and the portion", () => {
    const withoutStrength = ["invert", "fog", "clouds"].map((name) =>
      (TECHNIQUES as readonly string[]).indexOf(name),
    );
    const technique = { choices: 20, group: "technique", chain: "chain_1", withoutStrength };
    assert.deepEqual(usual.dimensions, [
      { kind: "category", name: "chain_1_op_1_type", ...technique, place: "op_1" },
      { kind: "real", name: "chain_1_op_1_magnitude", low: 0, high: 1, strengthOf: "chain_1_op_1_type" },
      { kind: "category", name: "chain_1_op_2_type", ...technique, place: "op_2" },
      { kind: "real", name: "chain_1_op_2_magnitude", low: 0, high: 1, strengthOf: "chain_1_op_2_type" },
      { kind: "real", name: "portion", low: 0, high: 1, scales: true },
    ]);
  });

  it("knows which of the allowed techniques do not use their magnitude", () => {
    const { dimensions } = createSpace({
      ...{ chains: 1, operationsPerChain: 1 },
      operations: ["rotate", "fog", "invert"],
    });
    const [type] = dimensions;
    assert.deepEqual(type.kind === "category" && type.withoutStrength, [1, 2]);
  });

  it("converts points to policies and back", () => {
    assert.deepEqual(pointToPolicy(usual, [18, 0.95, 11, 0.85, 0.97]), flipAndGamma);
    const random = new Random("points");
    for (const space of [
      usual,
      createSpace({ chains: 5, operationsPerChain: 3, operations: ["fog", "shear"] }),
    ]) {
      for (let draw = 0; draw < 20; draw++) {
        const point = randomPoint(space.dimensions, random);
        const policy = pointToPolicy(space, point);
        assert.equal(policy.chains.length, space.chains);
        assert.ok(policy.chains.every((chain) => chain.length === space.operationsPerChain));
        assert.deepEqual(policyToPoint(space, policy), point);
      }
    }
  });

  it("has a point for the baseline, for any techniques and shape", () => {
    assert.deepEqual(policyToPoint(usual, noAugmentation()), [2, 0, 2, 0, 0]);
    const fogOnly = createSpace({ chains: 1, operationsPerChain: 1, operations: ["fog"] });
    assert.deepEqual(policyToPoint(fogOnly, noAugmentation()), [0, 0, 0]);
    const wide = createSpace({ chains: 2, operationsPerChain: 2, operations: ["fog", "rotate"] });
    assert.deepEqual(policyToPoint(wide, noAugmentation()), [1, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(policyToPoint(wide, noAugmentation(2, 2)), [1, 0, 1, 0, 1, 0, 1, 0, 0]);
  });

  it("rejects a policy that does not fit it", () => {
    const noFlips = createSpace({
      chains: 1,
      operationsPerChain: 2,
      operations: ["rotate", "gamma-contrast"],
    });
    assert.throws(() => policyToPoint(noFlips, flipAndGamma), RangeError);
    const threeOperations = createSpace({ chains: 1, operationsPerChain: 3, operations: TECHNIQUES });
    assert.throws(() => policyToPoint(threeOperations, flipAndGamma), RangeError);
  });
});

describe("a policy's cells", () => {
  it("have the notebook's column names", () => {
    assert.deepEqual(policyColumns({ chains: 1, operationsPerChain: 2 }), [
      "chain_1_op_1_type",
      "chain_1_op_1_magnitude",
      "chain_1_op_2_type",
      "chain_1_op_2_magnitude",
      "portion",
    ]);
    assert.equal(policyColumns({ chains: 5, operationsPerChain: 3 }).length, 31);
    assert.equal(policyColumns({ chains: 5, operationsPerChain: 3 })[29], "chain_5_op_3_magnitude");
  });

  it("keep full precision, there and back", () => {
    assert.deepEqual(policyCells(flipAndGamma, usual), [
      "horizontal-flip",
      "0.95",
      "gamma-contrast",
      "0.85",
      "0.97",
    ]);
    const space = createSpace({ chains: 3, operationsPerChain: 2, operations: TECHNIQUES });
    const policy = pointToPolicy(space, randomPoint(space.dimensions, new Random("cells")));
    assert.deepEqual(parsePolicyCells(policyCells(policy, space), space), policy);
    assert.equal(policyCells(noAugmentation(3, 2), space).length, policyColumns(space).length);
  });

  it("name the wrong column", () => {
    const wrong = (index: number, cell: string) => {
      const cells = policyCells(flipAndGamma, usual);
      cells[index] = cell;
      return () => parsePolicyCells(cells, usual);
    };
    assert.throws(wrong(2, "gama-contrast"), {
      name: "UsageError",
      message: 'chain_1_op_2_type: unknown technique "gama-contrast"; did you mean "gamma-contrast"?',
    });
    for (const cell of ["", "1.01", "-0.1", "x"]) {
      assert.throws(wrong(4, cell), {
        name: "UsageError",
        message: `portion: expected a number from 0 to 1, received "${cell}"`,
      });
    }
    assert.throws(
      () => parsePolicyCells(["fog", "1"], { chains: 1, operationsPerChain: 1 }),
      /a policy has 3 cells here, not 2/,
    );
  });
});

describe("formatPolicy", () => {
  it("formats a policy in one line", () => {
    assert.equal(formatPolicy(flipAndGamma), "horizontal-flip 0.95 → gamma-contrast 0.85, portion 0.97");
    const fog: Policy = { chains: [[{ type: "fog", magnitude: 0.3 }]], portion: 1 };
    assert.equal(formatPolicy(fog), "fog, portion 1.00");
    assert.equal(formatPolicy(noAugmentation(2, 1)), "rotate 0.00 | rotate 0.00, portion 0.00");
  });
});
