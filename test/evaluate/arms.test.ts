import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseArm } from "../../src/config/arms.ts";
import { augmentationOf, settleArms, withoutRepeated } from "../../src/evaluate/arms.ts";
import type { Policy } from "../../src/policy/policy.ts";

const chains: Policy["chains"] = [[{ type: "fog", magnitude: 1 }]];
const ORIGINAL: Policy = { portion: 0.5, chains };
const REDRAWN: Policy = { ...ORIGINAL, base: "flip", redrawn: true };
/** A recipe alone. */
const FLIP: Policy = { ...REDRAWN, portion: 0 };

describe("the images of an arm", () => {
  const of = (arm: string, policies: readonly Policy[]) =>
    augmentationOf(parseArm(arm), { policies, top: 2, chance: 0.5 });

  it("are those of the best policy as the search judged it", () => {
    const about = { trial: 3, reward: 0.5 };
    assert.deepEqual(of("policy", [{ ...ORIGINAL, ...about }, REDRAWN]), {
      ...{ name: "policy", redrawn: [], added: ORIGINAL },
    });
    assert.deepEqual(of("policy", [{ ...REDRAWN, ...about }, ORIGINAL]), {
      ...{ name: "policy", redrawn: [{ policy: REDRAWN }] },
    });
  });

  it("go through two recipes, in the order of the recipe that consists of them", () => {
    const pair = { name: "flip-crop+randaugment", redrawn: [{ recipe: "flip-crop+randaugment" }] };
    assert.deepEqual(of("RandAugment + flip crop", []), pair);
    assert.equal(of("policy+randaugment+flip", [REDRAWN]).name, "flip+randaugment+policy");
  });

  it("go through a recipe before the policies, instead of their bases", () => {
    const { base: _, ...withoutBase } = REDRAWN;
    assert.deepEqual(of("flip-crop+policy", [REDRAWN]), {
      name: "flip-crop+policy",
      redrawn: [{ recipe: "flip-crop" }, { policy: withoutBase }],
    });
    assert.deepEqual(of("flip-crop+top-policies", [REDRAWN, ORIGINAL, REDRAWN]), {
      name: "flip-crop+top-policies",
      redrawn: [{ recipe: "flip-crop" }, { policies: [withoutBase, ORIGINAL], chance: 0.5 }],
    });
  });
});

describe("settleArms", () => {
  const namesOf = (policies: readonly Policy[]) =>
    settleArms("auto", policies, "policies.json").map(({ name }) => name);
  const usual = ["none", "flip", "flip-crop", "trivialaugment", "randaugment"];
  const ofPolicies = ["policy", "top-policies", "flip-crop+top-policies"];

  it("takes the usual recipes, and those of policies if there are any", () => {
    assert.deepEqual(namesOf([]), usual);
    assert.deepEqual(namesOf([REDRAWN, FLIP]), [...usual, ...ofPolicies]);
  });

  it("takes the best recipe of the search, too", () => {
    const [pair, other] = (["flip+randaugment", "crop"] as const).map((base) => ({ ...FLIP, base }));
    assert.deepEqual(namesOf([REDRAWN, pair, other]), [...usual, "flip+randaugment", ...ofPolicies]);
  });
});

describe("withoutRepeated", () => {
  const of = (names: "auto" | string[], best: Policy) => {
    const { arms, notes } = withoutRepeated(settleArms(names, [best], "best.json"), [best]);
    return [arms.map(({ name }) => name), notes];
  };

  it("leaves out the policy that is a recipe alone beside that recipe", () => {
    const notes = ["the best policy is the recipe flip alone, so there is no arm policy beside it"];
    assert.deepEqual(of(["none", "flip", "policy"], FLIP), [["none", "flip"], notes]);
    for (const base of ["flip", "flip+randaugment"] as const)
      assert.ok(!of("auto", { ...FLIP, base })[0].includes("policy"));
  });

  it("keeps all other arms", () => {
    for (const [names, best] of [
      [["none", "flip", "policy"], REDRAWN],
      [["none", "flip-crop", "policy"], FLIP],
      [["none", "flip", "top-policies"], FLIP],
    ] as const)
      assert.deepEqual(of([...names], best), [names, []]);
  });
});
