import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChain } from "../../src/augment/chain.ts";
import { crop, horizontalFlip, verticalFlip } from "../../src/augment/geometric.ts";
import { Random } from "../../src/common/random.ts";
import { grey, randomImage, rowsOf } from "./images.ts";

describe("flips", () => {
  const image = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  const shape = { height: 2, width: 2 };

  it("swap sides and keep channels in order", () => {
    assert.deepEqual(
      renderChain(image, shape, [{ type: "horizontal-flip", parameters: { flipped: true } }]),
      Uint8Array.of(4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9),
    );
    assert.deepEqual(
      renderChain(image, shape, [{ type: "vertical-flip", parameters: { flipped: true } }]),
      Uint8Array.of(7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6),
    );
    assert.deepEqual(
      renderChain(image, shape, [{ type: "vertical-flip", parameters: { flipped: false } }]),
      image,
    );
  });

  it("put every pixel where it belongs, for odd and even sides, and undo themselves", () => {
    for (const [height, width] of [
      [1, 1],
      [1, 4],
      [3, 1],
      [5, 4],
      [4, 7],
    ]) {
      const source = randomImage(height, width);
      for (const type of ["horizontal-flip", "vertical-flip"] as const) {
        const flip = { type, parameters: { flipped: true } };
        const result = renderChain(source, { height, width }, [flip]);
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const from =
              type === "horizontal-flip" ? y * width + width - 1 - x : (height - 1 - y) * width + x;
            for (let c = 0; c < 3; c++) assert.equal(result[(y * width + x) * 3 + c], source[from * 3 + c]);
          }
        }
        assert.deepEqual(renderChain(source, { height, width }, [flip, flip]), source);
      }
    }
  });

  it("happen with probability m", () => {
    const random = new Random(2);
    for (const { draw } of [horizontalFlip, verticalFlip]) {
      const flips = (magnitude: number) =>
        Array.from({ length: 2000 }, () => draw(magnitude, shape, random)).filter(({ flipped }) => flipped)
          .length;
      assert.equal(flips(0), 0);
      assert.equal(flips(1), 2000);
      // The standard deviation is 20.5.
      assert.ok(Math.abs(flips(0.3) - 600) < 90);
    }
  });

  it("together make half a turn, also on the largest image", () => {
    const large = { height: 4096, width: 4096 };
    const source = new Uint8Array(4096 * 4096 * 3).map((_, i) => Math.imul(i, 0x9e3779b9) >>> 24);
    const flipped = renderChain(source, large, [
      { type: "horizontal-flip", parameters: { flipped: true } },
      { type: "vertical-flip", parameters: { flipped: true } },
    ]);
    const turned = renderChain(source, large, [{ type: "rotate", parameters: { degrees: 180 } }]);
    assert.equal(Buffer.compare(flipped, turned), 0);
    assert.deepEqual(flipped.slice(0, 3), source.slice(-3));
  });
});

describe("crop", () => {
  /** Cubic enlargement of a row, by definition (Keys' kernel, a = -0.75, border repeated). */
  function enlarged(values: number[], length: number): number[] {
    const weight = (distance: number) => {
      const d = Math.abs(distance);
      if (d <= 1) return 1.25 * d ** 3 - 2.25 * d ** 2 + 1;
      return d < 2 ? -0.75 * d ** 3 + 3.75 * d ** 2 - 6 * d + 3 : 0;
    };
    return Array.from({ length }, (_, x) => {
      const place = ((x + 0.5) * values.length) / length - 0.5;
      let sum = 0;
      for (let i = Math.floor(place) - 1; i <= Math.floor(place) + 2; i++) {
        sum += weight(place - i) * values[Math.min(values.length - 1, Math.max(0, i))];
      }
      return Math.round(Math.min(255, Math.max(0, sum)));
    });
  }

  it("enlarges the rest with cubic interpolation", () => {
    const row = [0, 40, 90, 130, 200, 255, 17, 3];
    const parameters = { top: 0, right: 1, bottom: 0, left: 2 };
    const result = renderChain(grey([row]), { height: 1, width: 8 }, [{ type: "crop", parameters }]);
    assert.deepEqual(rowsOf(result, 8), [enlarged(row.slice(2, 7), 8)]);
    const column = renderChain(grey(row.map((value) => [value])), { height: 8, width: 1 }, [
      { type: "crop", parameters: { top: 2, right: 0, bottom: 1, left: 0 } },
    ]);
    assert.deepEqual(rowsOf(column, 1).flat(), enlarged(row.slice(2, 7), 8));
  });

  it("fills the image with the last pixel if only one is left", () => {
    const image = randomImage(4, 5);
    const result = renderChain(image, { height: 4, width: 5 }, [
      { type: "crop", parameters: { top: 1, right: 1, bottom: 2, left: 3 } },
    ]);
    for (let i = 0; i < result.length; i++) assert.equal(result[i], image[(1 * 5 + 3) * 3 + (i % 3)]);
  });

  it("draws whole losses up to m times the side, and always leaves a pixel", () => {
    const random = new Random(5);
    const seen = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const { top, bottom, left, right } = crop.draw(0.25, { height: 16, width: 40 }, random);
      seen.add(top).add(bottom);
      for (const loss of [top, bottom]) assert.ok(Number.isInteger(loss) && loss >= 0 && loss <= 4);
      for (const loss of [left, right]) assert.ok(Number.isInteger(loss) && loss >= 0 && loss <= 10);
      const whole = crop.draw(1, { height: 3, width: 1 }, random);
      assert.ok(Object.values(whole).every((loss) => loss >= 0));
      assert.ok(whole.top + whole.bottom <= 2 && whole.left + whole.right === 0);
    }
    assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4]);
  });
});
