import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChain } from "../../src/augment/chain.ts";
import { brighten, gammaContrast } from "../../src/augment/contrast.ts";
import { Random } from "../../src/common/random.ts";

const everyValue = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
const shape = { height: 16, width: 16 };

describe("gamma-contrast", () => {
  it("maps every value by 255 (v / 255)^gamma, rounded", () => {
    for (const gamma of [0.175, 0.7, 1, 1.75]) {
      const result = renderChain(everyValue, shape, [{ type: "gamma-contrast", parameters: { gamma } }]);
      assert.deepEqual(
        result,
        everyValue.map((value) => Math.round(255 * (value / 255) ** gamma)),
      );
    }
    assert.ok(Math.abs(gammaContrast.draw(0.4, shape, new Random(1)).gamma - 0.7) < 1e-12);
  });

  it("makes the image white at magnitude 0", () => {
    const result = renderChain(everyValue, shape, [{ type: "gamma-contrast", parameters: { gamma: 0 } }]);
    assert.ok(result.every((value) => value === 255));
  });
});

describe("brighten", () => {
  it("adds to each channel and clips", () => {
    const result = renderChain(Uint8Array.of(0, 100, 250, 30, 255, 5), { height: 1, width: 2 }, [
      { type: "brighten", parameters: { added: [-10, 20, 30] } },
    ]);
    assert.deepEqual(result, Uint8Array.of(0, 120, 255, 20, 255, 35));
  });

  it("draws whole numbers from -40 m to 40 m, one for all channels in half of the images", () => {
    const random = new Random(8);
    let equal = 0;
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const { added } = brighten.draw(0.1, shape, random);
      for (const value of added) seen.add(value);
      if (added[0] === added[1] && added[1] === added[2]) equal++;
    }
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      [-4, -3, -2, -1, 0, 1, 2, 3, 4],
    );
    // Half of the images, and by chance about 1 in 64 of the others.
    assert.ok(equal > 950 && equal < 1090, String(equal));
  });
});

describe("invert", () => {
  it("is 255 - v", () => {
    assert.deepEqual(
      renderChain(everyValue, shape, [{ type: "invert", parameters: {} }]),
      everyValue.map((value) => 255 - value),
    );
  });
});
