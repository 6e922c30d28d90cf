import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseArm } from "../../src/config/arms.ts";
import { augmentationOf } from "../../src/evaluate/arms.ts";
import type { Policy } from "../../src/policy/policy.ts";

const chains: Policy["chains"] = [[{ type: "fog", magnitude: 1 }]];
const ORIGINAL: Policy = { portion: 0.5, chains };
const REDRAWN: Policy = { ...ORIGINAL, base: "flip", redrawn: true };

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
