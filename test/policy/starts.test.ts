import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FAMILIES, familiesOf } from "../../src/config/families.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { checkPoint } from "../../src/controller/controller.ts";
import { formOfFamilies } from "../../src/policy/form.ts";
import { formatPolicy } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../../src/policy/space.ts";
import { startingPoints } from "../../src/policy/starts.ts";

describe("starting points", () => {
  const bases = ["none", "flip"] as const;

  it("are points of the space without a base, as policies are stored", () => {
    const space = createSpace({ ...formOfFamilies(FAMILIES, bases), operations: EXTENDED_TECHNIQUES });
    const points = startingPoints(space);
    assert.equal(points.length, 8);
    for (const point of points) {
      assert.equal(point.at(-1), undefined);
      const whole = point.map((value) => value ?? 1);
      checkPoint(space.dimensions, whole);
      assert.deepEqual(policyToPoint(space, pointToPolicy(space, whole)), whole);
    }
    const first = pointToPolicy(
      space,
      points[0].map((value) => value ?? 1),
    );
    assert.equal(formatPolicy(first), "flip, then 0.7 geometry ≤ 0.50, 1.1 colour ≤ 0.50");
  });

  it("are different ones of the families that a search has, with no more than these allow", () => {
    const families = familiesOf(["colour", "occlusion"], ["equalize", "coarse-dropout"]);
    const space = createSpace({ ...formOfFamilies(families, bases), operations: EXTENDED_TECHNIQUES });
    // Equalize and coarse dropout: each at most once; equalize has no strength.
    assert.deepEqual(startingPoints(space), [
      [1, 0, 0, undefined],
      [0.5, 0.5, 0.5, undefined],
      [1, 0.5, 0.5, undefined],
      [0, 0.5, 0.5, undefined],
    ]);
  });

  it("do not exist in spaces without families", () => {
    assert.deepEqual(
      startingPoints(createSpace({ chains: 1, operationsPerChain: 2, operations: ["rotate", "invert"] })),
      [],
    );
  });
});
