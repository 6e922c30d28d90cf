import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { renderChain } from "../../src/augment/chain.ts";
import { drawRecipe, meaningOf, RECIPE_REGISTRY } from "../../src/augment/recipes.ts";
import {
  ALL_RECIPES,
  parseRecipe,
  RECIPE_PAIRS,
  RECIPES,
  type RecipeName,
} from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { randomImage } from "./images.ts";
import { checkRecipe } from "./properties.ts";

const shape = { height: 32, width: 32 };

function draws(name: RecipeName, count: number, of = shape) {
  return Array.from({ length: count }, (_, imageIndex) => drawRecipe(name, of, { seed: 5, imageIndex }));
}

const side = fc.oneof(fc.constantFrom(1, 2, 3, 4), fc.integer({ min: 1, max: 40 }));
const shapes = fc.record({ height: side, width: side });
const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const operations = fc.record({
  type: fc.constantFrom(...EXTENDED_TECHNIQUES),
  magnitude: fc.double({ min: 0, max: 1, noNaN: true }),
});
const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 300) };

describe("recipes", () => {
  it("are found by name, regardless of hyphens, underscores, spaces and case", () => {
    for (const name of ALL_RECIPES) assert.equal(parseRecipe(name), name);
    assert.equal(parseRecipe("Flip_Crop"), "flip-crop");
    assert.equal(parseRecipe("Trivial Augment"), "trivialaugment");
    assert.equal(parseRecipe("rand-augment"), "randaugment");
    assert.equal(parseRecipe("Flip_Crop + RandAugment"), "flip-crop+randaugment");
    assert.throws(() => parseRecipe("flipcrob"), {
      name: "UsageError",
      message: 'unknown recipe "flipcrob"; did you mean "flip-crop"?',
    });
    assert.throws(() => parseRecipe("mixup"), {
      message:
        'unknown recipe "mixup"; known are flip, crop, flip-crop, trivialaugment, randaugment, flip+trivialaugment, flip+randaugment, crop+trivialaugment, crop+randaugment, flip-crop+trivialaugment, flip-crop+randaugment',
    });
  });

  it("are explained in a phrase", () => {
    for (const name of ALL_RECIPES) assert.match(meaningOf(name), /^\S.{20,}[^.]$/);
  });

  for (const name of ALL_RECIPES) {
    it(`${name}: writes every value, leaves its input, and depends on its parameters alone, also before a chain`, () => {
      fc.assert(
        fc.property(fc.array(operations, { maxLength: 2 }), shapes, seeds, (chain, shape, seed) => {
          checkRecipe(name, chain, shape, seed);
        }),
        runs,
      );
      const sides = [
        [480, 640],
        [1, 4096],
        [4096, 1],
      ];
      for (const [height, width] of sides) {
        for (let seed = 0; seed < 6; seed++) checkRecipe(name, [], { height, width }, seed);
      }
    });
  }

  it("draw for an image regardless of other images, and anew for another seed or index", () => {
    for (const name of ALL_RECIPES) {
      const draw = (seed: number, imageIndex: number) => drawRecipe(name, shape, { seed, imageIndex });
      const first = draw(1, 0);
      const others = Array.from({ length: 40 }, (_, i) => [draw(1, i + 1), draw(i + 2, 0)]).flat();
      assert.deepEqual(draw(1, 0), first);
      assert.ok(others.some((drawn) => !isDeepStrictEqual(drawn, first)));
    }
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

  it("of two are one after the other", () => {
    const [first] = RECIPE_PAIRS.map((name) => draws(name, 200));
    const flips = draws("flip", 200);
    for (const [index, drawn] of first.entries()) {
      assert.deepEqual(drawn.slice(0, 1), flips[index]);
      assert.ok(drawn.length <= 2);
    }
    const both = draws("flip-crop+randaugment", 200);
    const crops = draws("flip-crop", 200);
    for (const [index, drawn] of both.entries()) assert.deepEqual(drawn.slice(0, 2), crops[index]);
    const lengths = new Set(both.map((drawn) => drawn.length));
    assert.ok(lengths.has(3) && lengths.has(4), "the identity is no operation");
  });

  it("crop and flip-crop move by up to an eighth of each side, rounded, all distances alike", () => {
    for (const name of ["crop", "flip-crop"] as const) {
      const seen = new Map<number, number>();
      for (const drawn of draws(name, 4500, { height: 20, width: 32 })) {
        assert.deepEqual(
          drawn.map(({ type }) => type),
          name === "crop" ? ["pad-and-crop"] : ["horizontal-flip", "pad-and-crop"],
        );
        const { right, down } = drawn.at(-1)!.parameters as { right: number; down: number };
        // 20 / 8 = 2.5 is rounded up.
        assert.ok(
          Number.isInteger(right) && Math.abs(right) <= 4 && Number.isInteger(down) && Math.abs(down) <= 3,
        );
        seen.set(right, (seen.get(right) ?? 0) + 1);
      }
      assert.equal(seen.size, 9);
      // 500 each; the standard deviation is 21.
      for (const count of seen.values()) assert.ok(Math.abs(count - 500) < 90, String(count));
    }
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

  it("trivialaugment draws all operations, bins and signs alike", () => {
    const count = 28_000;
    const byType = new Map<string, number>();
    const values = new Map<string, Set<unknown>>();
    for (const drawn of draws("trivialaugment", count)) {
      assert.ok(drawn.length <= 1);
      const type = drawn[0]?.type ?? "identity";
      byType.set(type, (byType.get(type) ?? 0) + 1);
      const seen = values.get(type) ?? new Set();
      values.set(type, seen.add(Object.values(drawn[0]?.parameters ?? {})[0]));
    }
    assert.equal(byType.size, 14);
    // 2,000 each; the standard deviation is 43.
    for (const [type, times] of byType) assert.ok(Math.abs(times - 2000) < 190, `${type}: ${times}`);
    // 31 magnitudes with two signs, and zero once.
    assert.equal(values.get("pillow-rotate")?.size, 61);
    assert.equal(values.get("pillow-sharpness")?.size, 61);
    assert.equal(values.get("pillow-solarize")?.size, 31);
    assert.deepEqual([...(values.get("pillow-posterize") ?? [])].sort(), [2, 3, 4, 5, 6, 7, 8]);
    const pixels = [...(values.get("pillow-translate-x") ?? [])].map(Number).sort((a, b) => a - b);
    assert.deepEqual([pixels[0], pixels.at(-1)], [-32, 32]);
    // As in torchvision: bin 15 is just below 16 pixels.
    assert.ok(!pixels.includes(16) && !pixels.includes(31));
  });

  it("randaugment draws two operations at the tenth of 31 magnitudes", () => {
    const drawn = draws("randaugment", 3000, { height: 96, width: 32 });
    assert.equal(Math.max(...drawn.map(({ length }) => length)), 2);
    const both = drawn.filter(({ length }) => length === 2).length;
    // 13 / 14 squared of 3,000 is 2,587; the standard deviation is 19.
    assert.ok(Math.abs(both - 2587) < 90, String(both));
    const of = (type: string) =>
      new Set(drawn.flat().flatMap((one) => (one.type === type ? Object.values(one.parameters) : [])));
    assert.deepEqual(of("pillow-rotate"), new Set([9, -9]));
    assert.deepEqual(of("pillow-translate-x"), new Set([4, -4]));
    assert.deepEqual(of("pillow-translate-y"), new Set([13, -13]));
    assert.deepEqual(of("pillow-posterize"), new Set([7]));
    assert.deepEqual(of("pillow-solarize"), new Set([178.5]));
  });
});

describe("docs/recipes.md", () => {
  it("explains the recipes", () => {
    const page = readFileSync(new URL("../../docs/recipes.md", import.meta.url), "utf8");
    for (const name of RECIPES)
      assert.ok(page.includes(`| \`${name}\` | ${RECIPE_REGISTRY[name].meaning} |`));
  });
});
