import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { techniquesPage } from "../../scripts/docs/techniques.ts";
import { applyChain, drawChain, drawForImage, renderChain } from "../../src/augment/chain.ts";
import { REGISTRY } from "../../src/augment/registry.ts";
import type { Shape } from "../../src/augment/technique.ts";
import { Random } from "../../src/common/random.ts";
import { EXTENDED_TECHNIQUES, usesMagnitude } from "../../src/config/techniques.ts";
import { createBatch, imageAt, selectImages } from "../../src/image/batch.ts";
import type { Chain } from "../../src/policy/policy.ts";
import { randomImage } from "./images.ts";
import { checkComposition, checkOperation } from "./properties.ts";

const side = fc.oneof({ weight: 1, arbitrary: fc.constantFrom(1, 2, 3, 4) }, fc.integer({ min: 1, max: 40 }));
const shapes = fc.record({ height: side, width: side });
const magnitudes = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
const scales = fc.oneof(
  fc.double({ min: 0.05, max: 1, noNaN: true }),
  fc.double({ min: 1, max: 40, noNaN: true }),
);
const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const operations = fc.record({ type: fc.constantFrom(...EXTENDED_TECHNIQUES), magnitude: magnitudes });
const chains = fc.array(operations, { minLength: 2, maxLength: 3 });
const runs = { numRuns: Number(process.env.PROPERTY_RUNS ?? 60) };

describe("every technique", () => {
  it("is in the registry under its own name, with what its magnitude means", () => {
    assert.deepEqual(Object.keys(REGISTRY).sort(), [...EXTENDED_TECHNIQUES].sort());
    for (const name of EXTENDED_TECHNIQUES) {
      assert.equal(REGISTRY[name].name, name);
      assert.ok(REGISTRY[name].meaning.length > 20);
    }
    assert.deepEqual(
      EXTENDED_TECHNIQUES.filter((name) => !usesMagnitude(name)),
      ["invert", "fog", "clouds", "autocontrast", "equalize"],
    );
  });

  for (const type of EXTENDED_TECHNIQUES) {
    it(`${type}: writes every value, leaves its input, and depends on its parameters alone`, () => {
      fc.assert(
        fc.property(shapes, magnitudes, seeds, (shape, magnitude, seed) => {
          checkOperation({ type, magnitude }, shape, seed);
        }),
        runs,
      );
    });
  }

  it("is the identity at magnitude 0 if its parameters say so", () => {
    const shape = { height: 7, width: 10 };
    const source = randomImage(7, 10);
    for (const type of [
      "crop",
      "gaussian-blur",
      "rotate",
      "shear",
      "translate-x",
      "translate-y",
      "brighten",
      "additive-gaussian-noise",
      "horizontal-flip",
      "vertical-flip",
    ] as const) {
      const drawn = drawChain([{ type, magnitude: 0 }], shape, new Random(type));
      assert.deepEqual(renderChain(source, shape, drawn), source, type);
    }
  });

  it("writes every value and leaves its input at any scale", () => {
    fc.assert(
      fc.property(operations, shapes, scales, seeds, (operation, shape, scale, seed) => {
        checkOperation(operation, { ...shape, scale }, seed);
      }),
      { numRuns: 10 * runs.numRuns },
    );
  });

  it("works on the smallest and on the longest sides", () => {
    for (const type of EXTENDED_TECHNIQUES) {
      for (const [height, width] of [
        [1, 1],
        [1, 4096],
        [4096, 1],
      ]) {
        for (const magnitude of [0, 0.6, 1]) checkOperation({ type, magnitude }, { height, width }, 3);
        checkOperation({ type, magnitude: 0.6 }, { height, width, scale: 15 }, 3);
      }
    }
  });

  it("rejects a magnitude outside [0, 1]", () => {
    for (const magnitude of [-0.1, 1.0001, Number.NaN]) {
      assert.throws(
        () => drawChain([{ type: "rotate", magnitude }], { height: 2, width: 2 }, new Random(1)),
        RangeError,
      );
    }
  });
});

describe("docs/techniques.md", () => {
  it("matches the registry", () => {
    const page = readFileSync(new URL("../../docs/techniques.md", import.meta.url), "utf8");
    assert.equal(page, techniquesPage(), "npm run docs generates it");
  });
});

describe("a chain", () => {
  it("equals its operations one after another", () => {
    fc.assert(
      fc.property(chains, shapes, seeds, (chain, shape, seed) => {
        checkComposition(chain, shape, seed);
      }),
      { numRuns: 4 * runs.numRuns },
    );
  });

  it("without operations is the identity", () => {
    const source = randomImage(3, 4);
    assert.deepEqual(renderChain(source, { height: 3, width: 4 }, []), source);
  });

  it("of many operations uses its working memory correctly", () => {
    const shape = { height: 6, width: 5 };
    const source = randomImage(6, 5);
    const invert = { type: "invert", parameters: {} } as const;
    assert.deepEqual(renderChain(source, shape, Array(6).fill(invert)), source);
    assert.deepEqual(
      renderChain(source, shape, Array(7).fill(invert)),
      source.map((value) => 255 - value),
    );
  });

  it("gives every image the same draws in any order and batch, and others for another key", () => {
    const batch = createBatch(12, 9, 7);
    batch.data.set(randomImage(12 * 9, 7));
    fc.assert(
      fc.property(
        fc.array(operations, { minLength: 1, maxLength: 3 }),
        seeds,
        fc.integer({ min: 0, max: 4 }),
        (chain, seed, chainIndex) => {
          const all = applyChain(batch, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], chain, chainIndex, seed);
          const order = [11, 3, 0, 7];
          const some = applyChain(batch, order, chain, chainIndex, seed);
          assert.deepEqual(some, selectImages(all, order));
          const shape: Shape = { height: 9, width: 7 };
          const drawn = drawForImage(chain, shape, { seed, imageIndex: 3, chainIndex });
          assert.deepEqual(renderChain(imageAt(batch, 3), shape, drawn), imageAt(all, 3));
        },
      ),
      runs,
    );
    const noise: Chain = [{ type: "additive-gaussian-noise", magnitude: 0.5 }];
    const first = (seed: number, chainIndex: number) => [
      ...applyChain(batch, [0], noise, chainIndex, seed).data,
    ];
    assert.notDeepEqual(first(1, 0), first(2, 0));
    assert.notDeepEqual(first(1, 0), first(1, 1));
  });

  it("rejects images of the wrong size or number of channels, and indices out of range", () => {
    const chain: Chain = [{ type: "invert", magnitude: 0 }];
    assert.throws(() => renderChain(new Uint8Array(5), { height: 1, width: 2 }, []), RangeError);
    assert.throws(() => applyChain(createBatch(1, 2, 2, 1), [0], chain, 0, 0), RangeError);
    assert.throws(() => applyChain(createBatch(1, 2, 2), [1], chain, 0, 0), RangeError);
  });
});
