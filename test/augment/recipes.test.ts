import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChain } from "../../src/augment/chain.ts";
import { drawRecipe, RECIPE_REGISTRY } from "../../src/augment/recipes.ts";
import { parseRecipe, RECIPES, type RecipeName } from "../../src/config/recipes.ts";
import { randomImage } from "./images.ts";

const shape = { height: 32, width: 32 };

function draws(name: RecipeName, count: number, of = shape) {
  return Array.from({ length: count }, (_, imageIndex) => drawRecipe(name, of, { seed: 5, imageIndex }));
}

describe("recipes", () => {
  it("are found by name, regardless of hyphens, underscores, spaces and case", () => {
    for (const name of RECIPES) assert.equal(parseRecipe(name), name);
    assert.equal(parseRecipe("Flip_Crop"), "flip-crop");
    assert.equal(parseRecipe("Trivial Augment"), "trivialaugment");
    assert.equal(parseRecipe("rand-augment"), "randaugment");
    assert.throws(() => parseRecipe("flipcrob"), {
      name: "UsageError",
      message: 'unknown recipe "flipcrob"; did you mean "flip-crop"?',
    });
    assert.throws(() => parseRecipe("mixup"), {
      message: 'unknown recipe "mixup"; known are flip, flip-crop, trivialaugment, randaugment',
    });
  });

  it("are explained in a phrase", () => {
    for (const name of RECIPES) assert.match(RECIPE_REGISTRY[name].meaning, /^\S.{20,}[^.]$/);
  });

  it("share their flips, with probability 0.5", () => {
    const flips = draws("flip", 2000);
    assert.deepEqual(
      draws("flip-crop", 2000).map(([flip]) => [flip]),
      flips,
    );
    const flipped = flips.filter(([{ parameters }]) => parameters.flipped).length;
    // The standard deviation is 22.4.
    assert.ok(Math.abs(flipped - 1000) < 90, String(flipped));
  });

  it("flip-crop moves by up to an eighth of each side, rounded, all distances alike", () => {
    const seen = new Map<number, number>();
    for (const [, { parameters }] of draws("flip-crop", 4500, { height: 20, width: 32 })) {
      const { right, down } = parameters as { right: number; down: number };
      // 20 / 8 = 2.5 is rounded up.
      assert.ok(
        Number.isInteger(right) && Math.abs(right) <= 4 && Number.isInteger(down) && Math.abs(down) <= 3,
      );
      seen.set(right, (seen.get(right) ?? 0) + 1);
    }
    assert.equal(seen.size, 9);
    // 500 each; the standard deviation is 21.
    for (const count of seen.values()) assert.ok(Math.abs(count - 500) < 90, String(count));
  });

  it("flip-crop flips first, and then fills with black what comes from outside", () => {
    const source = randomImage(3, 4);
    const result = renderChain(source, { height: 3, width: 4 }, [
      { type: "horizontal-flip", parameters: { flipped: true } },
      { type: "pad-and-crop", parameters: { right: 1, down: -2 } },
    ]);
    const lastRow = [3, 2, 1].flatMap((x) => [...source.subarray((8 + x) * 3, (9 + x) * 3)]);
    assert.deepEqual([...result], [0, 0, 0, ...lastRow, ...new Array(24).fill(0)]);
  });
});
