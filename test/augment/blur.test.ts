import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gaussianKernel, kernelSize } from "../../src/augment/blur.ts";
import { renderChain } from "../../src/augment/chain.ts";
import { randomImage } from "./images.ts";

/** The blur by definition: every position of the kernel, reflected until it is inside. */
function directBlur(image: Uint8Array, height: number, width: number, sigma: number): Float64Array {
  const kernel = gaussianKernel(sigma);
  const radius = (kernel.length - 1) / 2;
  const inside = (index: number, size: number): number => {
    if (size === 1) return 0;
    let i = index;
    while (i < 0 || i >= size) i = i < 0 ? -i : 2 * (size - 1) - i;
    return i;
  };
  const result = new Float64Array(image.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let dy = -radius; dy <= radius; dy++) {
        for (let dx = -radius; dx <= radius; dx++) {
          const from = (inside(y + dy, height) * width + inside(x + dx, width)) * 3;
          for (let c = 0; c < 3; c++) {
            result[(y * width + x) * 3 + c] += kernel[dy + radius] * kernel[dx + radius] * image[from + c];
          }
        }
      }
    }
  }
  return result;
}

describe("gaussian-blur", () => {
  it("chooses imgaug's kernel sizes", () => {
    assert.deepEqual([0.1, 1.6, 2.9, 3, 4.9, 5, 25].map(kernelSize), [5, 5, 9, 9, 15, 13, 65]);
    assert.ok(Math.abs(gaussianKernel(3).reduce((sum, weight) => sum + weight) - 1) < 1e-12);
  });

  for (const [height, width, sigma] of [
    [1, 1, 25],
    [2, 3, 25],
    [7, 5, 4],
    [9, 12, 0.7],
    [1, 17, 6],
    [10, 11, 25],
  ]) {
    it(`is the direct convolution on ${height} x ${width} with sigma ${sigma}`, () => {
      const image = randomImage(height, width);
      const result = renderChain(image, { height, width }, [
        { type: "gaussian-blur", parameters: { sigma } },
      ]);
      const expected = directBlur(image, height, width, sigma);
      assert.ok(result.every((value, i) => Math.abs(value - expected[i]) <= 0.5 + 1e-3));
    });
  }

  it("spreads an impulse to the kernel's shape", () => {
    const impulse = new Uint8Array(41 * 41 * 3);
    impulse[(20 * 41 + 20) * 3] = 255;
    const result = renderChain(impulse, { height: 41, width: 41 }, [
      { type: "gaussian-blur", parameters: { sigma: 1.5 } },
    ]);
    const kernel = gaussianKernel(1.5);
    for (let dx = -2; dx <= 2; dx++) {
      assert.equal(result[(20 * 41 + 20 + dx) * 3], Math.round(255 * kernel[2] * kernel[2 + dx]));
    }
    assert.equal(result[(20 * 41 + 20) * 3 + 1], 0);
  });

  it("is the identity below sigma 0.001", () => {
    const image = randomImage(4, 4);
    assert.deepEqual(
      renderChain(image, { height: 4, width: 4 }, [{ type: "gaussian-blur", parameters: { sigma: 9e-4 } }]),
      image,
    );
  });
});
