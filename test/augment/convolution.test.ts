import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChain } from "../../src/augment/chain.ts";
import { convolve, embossKernel, type Kernel3x3, sharpenKernel } from "../../src/augment/convolution.ts";
import { renderOnCanvas } from "./canvas.ts";
import { grey, randomImage, rowsOf } from "./images.ts";

describe("convolutions", () => {
  const tiny = [
    [10, 20, 30],
    [40, 50, 60],
    [70, 80, 100],
  ];
  const shape = { height: 3, width: 3 };

  it("have the kernels of the specification", () => {
    assert.deepEqual(sharpenKernel({ alpha: 1, lightness: 2 }), [-1, -1, -1, -1, 10, -1, -1, -1, -1]);
    assert.deepEqual(
      sharpenKernel({ alpha: 0.5, lightness: 1 }),
      [-0.5, -0.5, -0.5, -0.5, 5, -0.5, -0.5, -0.5, -0.5],
    );
    assert.deepEqual(embossKernel({ alpha: 1, strength: 2 }), [-3, -2, 0, -2, 1, 2, 0, 2, 3]);
    assert.deepEqual(embossKernel({ alpha: 0.5, strength: 2 }), [-1.5, -1, 0, -1, 1, 1, 0, 1, 1.5]);
  });

  it("sharpen, by hand: in the middle 0.5 x 50 + 0.5 x (9 x 50 - 410)", () => {
    const result = renderChain(grey(tiny), shape, [
      { type: "sharpen", parameters: { alpha: 0.5, lightness: 1 } },
    ]);
    const rows = rowsOf(result, 3);
    assert.equal(rows[1][1], 45);
    // Top left, with the border reflected: around 10 there are 50 four times, 20 twice, 40 twice.
    assert.equal(rows[0][0], 0);
    // Bottom right: 5 x 100 - 0.5 x (4 x 50 + 2 x 60 + 2 x 80).
    assert.equal(rows[2][2], 255);
    assert.equal(rows[1][2], 5 * 60 - 0.5 * (30 + 100 + 50 + 2 * (20 + 80) + 50));
  });

  it("emboss, by hand: in the middle 50 - 3 x 10 - 2 x (20 + 40) + 2 x (60 + 80) + 3 x 100", () => {
    const parameters = { alpha: 1, strength: 2 };
    assert.equal(rowsOf(renderChain(grey(tiny), shape, [{ type: "emboss", parameters }]), 3)[1][1], 255);
    const weak = { alpha: 0.1, strength: 0 };
    // 50 + 0.1 x (100 - 10).
    assert.equal(rowsOf(renderChain(grey(tiny), shape, [{ type: "emboss", parameters: weak }]), 3)[1][1], 59);
  });

  it("correlate: a kernel with one weight shifts the image, reflecting its border, in each channel separately", () => {
    const convolved = (source: Uint8Array, kernel: Kernel3x3) =>
      renderOnCanvas(source, shape, 1000, (canvas) => convolve(canvas, kernel));
    assert.deepEqual(rowsOf(convolved(grey(tiny), [0, 0, 1, 0, 0, 0, 0, 0, 0]), 3), [
      [50, 60, 50],
      [20, 30, 20],
      [50, 60, 50],
    ]);
    const image = randomImage(3, 3);
    assert.deepEqual(convolved(image, [0, 0, 0, 0, 1, 0, 0, 0, 0]), image);
  });

  it("equal the direct sum over the nine neighbours, for any size", () => {
    const inside = (index: number, side: number) =>
      side === 1 ? 0 : index < 0 ? 1 : index >= side ? side - 2 : index;
    for (const [height, width] of [
      [1, 1],
      [1, 6],
      [5, 1],
      [2, 2],
      [9, 14],
    ]) {
      const image = randomImage(height, width);
      for (const [type, parameters, kernel] of [
        ["sharpen", { alpha: 0.37, lightness: 0.9 }, sharpenKernel({ alpha: 0.37, lightness: 0.9 })],
        ["emboss", { alpha: 0.23, strength: 1.7 }, embossKernel({ alpha: 0.23, strength: 1.7 })],
      ] as const) {
        const result = renderChain(image, { height, width }, [{ type, parameters }]);
        for (let i = 0; i < image.length; i++) {
          const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
          const sum = kernel.reduce((total, weight, k) => {
            const row = inside(y + Math.floor(k / 3) - 1, height);
            const column = inside(x + (k % 3) - 1, width);
            return total + weight * image[(row * width + column) * 3 + (i % 3)];
          }, 0);
          const expected = Math.min(255, Math.max(0, sum));
          assert.ok(
            Math.abs(result[i] - expected) <= 0.5 + 1e-3,
            `${type} on ${height} x ${width}, value ${i}`,
          );
        }
      }
    }
  });
});
