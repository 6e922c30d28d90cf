// Techniques that count in pixels, on images larger and smaller than those on which a policy was judged.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { gaussianKernel, kernelSize } from "../../src/augment/blur.ts";
import { type DrawnOperation, drawForImage, renderChain } from "../../src/augment/chain.ts";
import { embossKernel, narrowed, sharpenKernel } from "../../src/augment/convolution.ts";
import { scaledTo } from "../../src/augment/scale.ts";
import type { DrawShape } from "../../src/augment/technique.ts";
import { EXTENDED_TECHNIQUES, type TechniqueName } from "../../src/config/techniques.ts";
import { imageAt } from "../../src/image/batch.ts";
import { loadSample } from "../fixtures/sample.ts";
import { randomImage } from "./images.ts";

const SIDE = 32;

let photos: readonly Uint8Array[];
before(async () => {
  const { images } = (await loadSample()).train;
  photos = [0, 1, 2, 3, 4, 5].map((i) => imageAt(images, i));
});

/** Each pixel of a square image as factor x factor pixels. */
function enlarge(image: Uint8Array, side: number, factor: number): Uint8Array {
  const wide = side * factor;
  return Uint8Array.from({ length: wide * wide * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [y, x] = [Math.floor(pixel / wide), pixel % wide].map((place) => Math.floor(place / factor));
    return image[(y * side + x) * 3 + channel];
  });
}

/** The means of squares of factor x factor pixels. */
function reduce(image: Uint8Array, side: number, factor: number): Float64Array {
  const means = new Float64Array(side * side * 3);
  const wide = side * factor;
  for (const [i, value] of image.entries()) {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [y, x] = [Math.floor(pixel / wide), pixel % wide].map((place) => Math.floor(place / factor));
    means[(y * side + x) * 3 + channel] += value / factor ** 2;
  }
  return means;
}

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

/** The image under one operation, judged at 32 x 32 or, if `scaled` is false, at the image's own size. */
function apply(
  type: TechniqueName,
  magnitude: number,
  image: Uint8Array,
  side: number,
  seed: number,
  scaled = true,
) {
  const own: DrawShape = { height: side, width: side };
  const shape = scaled ? scaledTo(own, [SIDE, SIDE, 3]) : own;
  const key = { seed, imageIndex: seed, chainIndex: 0 };
  return renderChain(image, own, drawForImage([{ type, magnitude }], shape, key));
}

describe("the scale of an image", () => {
  it("is the geometric mean of its sides' ratios to the judged ones", () => {
    assert.deepEqual(scaledTo({ height: 480, width: 480 }, [32, 32, 3]), {
      height: 480,
      width: 480,
      scale: 15,
    });
    assert.equal(scaledTo({ height: 128, width: 32 }, [32, 32]).scale, 2);
    assert.equal(scaledTo({ height: 16, width: 16 }, [32, 32]).scale, 0.5);
  });

  it("changes neither parameters nor pixels if it is 1", () => {
    const shape = { height: 21, width: 30 };
    for (const type of EXTENDED_TECHNIQUES) {
      for (let seed = 0; seed < 5; seed++) {
        const key = { seed, imageIndex: 1, chainIndex: 0 };
        const chain = [{ type, magnitude: 0.6 }];
        assert.deepEqual(
          drawForImage(chain, scaledTo(shape, [21, 30]), key),
          drawForImage(chain, shape, key),
          type,
        );
      }
    }
  });

  it("takes no other draws from the stream: what follows in a chain keeps its parameters", () => {
    const key = { seed: 3, imageIndex: 5, chainIndex: 0 };
    for (const type of EXTENDED_TECHNIQUES) {
      const chain = [
        { type, magnitude: 0.7 },
        { type: "rotate", magnitude: 0.5 },
      ] as const;
      const [, plain] = drawForImage(chain, { height: 64, width: 64 }, key);
      for (const scale of [0.4, 2, 9.7]) {
        const [, scaled] = drawForImage(chain, { height: 64, width: 64, scale }, key);
        assert.deepEqual(scaled, plain, type);
      }
    }
  });
});

describe("a picture enlarged from the judged size", () => {
  const exact = [
    ["additive-gaussian-noise", 0.2],
    ["dropout", 0.3],
  ] as const;
  for (const [type, magnitude] of exact) {
    it(`gets the enlarged result of ${type} at ${magnitude}`, () => {
      for (const [seed, photo] of photos.entries()) {
        for (const factor of [2, 3, 7]) {
          const result = apply(type, magnitude, enlarge(photo, SIDE, factor), SIDE * factor, seed);
          const expected = enlarge(apply(type, magnitude, photo, SIDE, seed), SIDE, factor);
          assert.deepEqual(result, expected);
        }
      }
    });
  }

  // The bounds are about twice the measured differences.
  const similar = [
    ["coarse-dropout", 0.7, 8],
    ["coarse-salt-pepper", 0.3, 9],
    ["coarse-salt-pepper", 0.9, 20],
    ["gaussian-blur", 0.1, 3],
    ["gaussian-blur", 0.6, 4],
    ["sharpen", 0.3, 9],
    ["emboss", 0.2, 7],
    ["emboss", 0.95, 13],
    ["fog", 0.5, 1],
    ["clouds", 0.5, 1.5],
  ] as const;
  for (const [type, magnitude, bound] of similar) {
    it(`looks under ${type} at ${magnitude} as it did at the judged size`, () => {
      for (const factor of [3, 7]) {
        const differences = { scaled: 0, unscaled: 0 };
        for (const [seed, photo] of photos.entries()) {
          const large = enlarge(photo, SIDE, factor);
          const judged = apply(type, magnitude, photo, SIDE, seed);
          for (const scaled of [true, false]) {
            const result = apply(type, magnitude, large, SIDE * factor, seed, scaled);
            const difference = meanDifference(reduce(result, SIDE, factor), judged);
            differences[scaled ? "scaled" : "unscaled"] += difference / photos.length;
          }
        }
        const { scaled, unscaled } = differences;
        assert.ok(scaled < bound, `${scaled} at ${factor} times the size`);
        assert.ok(unscaled > 1.5 * scaled, `${unscaled} without scaling`);
      }
    });
  }
});

describe("a scaled blur", () => {
  it("is sigma times the scale, with a kernel as many times as long", () => {
    const key = { seed: 1, imageIndex: 0, chainIndex: 0 };
    const chain = [{ type: "gaussian-blur", magnitude: 0.1 }] as const;
    const [{ parameters: plain }] = drawForImage(chain, { height: 480, width: 480 }, key);
    const [{ parameters }] = drawForImage(chain, { height: 480, width: 480, scale: 15 }, key);
    assert.equal(parameters.sigma, 15 * Number(plain.sigma));
    assert.equal(parameters.size, 15 * kernelSize(Number(plain.sigma)));
  });

  // Black and white halves and noise are the worst cases: edges of the full range, and all frequencies.
  for (const [height, width, sigma, size] of [
    [90, 70, 32, 84],
    [64, 97, 40, 201],
    [120, 33, 160, 417],
    [50, 60, 375, 975],
    [1, 90, 48, 125],
    [90, 1, 48, 125],
  ]) {
    it(`errs by at most one level on ${height} x ${width} with sigma ${sigma}`, () => {
      const odd = size % 2 === 1 ? size : size + 1;
      const halves = Uint8Array.from({ length: height * width * 3 }, (_, i) =>
        Math.floor(i / 3) % width < width / 3 !== Math.floor(i / 3 / width) < height / 2 ? 255 : 0,
      );
      for (const image of [halves, randomImage(height, width)]) {
        const parameters = { sigma, size: odd };
        const result = renderChain(image, { height, width }, [{ type: "gaussian-blur", parameters }]);
        const expected = directBlur(image, height, width, gaussianKernel(sigma, odd));
        const worst = result.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
        assert.ok(worst <= 1.5, `${worst}, rounding included`);
      }
    });
  }
});

/** The blur by definition, along columns and then along rows, borders reflected. */
function directBlur(image: Uint8Array, height: number, width: number, kernel: Float64Array): Float64Array {
  const along = (values: ArrayLike<number>, length: number, apart: number) => {
    const radius = (kernel.length - 1) / 2;
    return Float64Array.from({ length: values.length }, (_, i) => {
      const place = Math.floor(i / apart) % length;
      return kernel.reduce((sum, weight, tap) => {
        const from = reflected(place + tap - radius, length);
        return sum + weight * values[i + (from - place) * apart];
      }, 0);
    });
  };
  return along(along(image, height, 3 * width), width, 3);
}

function reflected(index: number, size: number): number {
  if (size === 1) return 0;
  let i = index;
  while (i < 0 || i >= size) i = i < 0 ? -i : 2 * (size - 1) - i;
  return i;
}

describe("scaled kernels", () => {
  for (const [height, width, spacing] of [
    [12, 15, 3],
    [17, 23, 2.6],
    [31, 18, 7.3],
    [9, 9, 1.2],
    [5, 40, 30],
  ]) {
    it(`filter means and keep details on ${height} x ${width} with neighbours ${spacing} pixels apart`, () => {
      const image = randomImage(height, width);
      for (const [type, own, kernel] of [
        ["sharpen", { alpha: 0.3, lightness: 0.9 }, sharpenKernel({ alpha: 0.3, lightness: 0.9 })],
        ["emboss", { alpha: 0.8, strength: 3 }, embossKernel({ alpha: 0.8, strength: 3 })],
      ] as const) {
        const drawn: DrawnOperation = { type, parameters: { ...own, spacing } };
        const result = renderChain(image, { height, width }, [drawn]);
        const expected = directFilter(image, height, width, kernel, spacing);
        const worst = result.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
        assert.ok(worst <= 0.5 + 1e-2, `${type}: ${worst}`);
      }
    });
  }

  it("closer than a pixel are interpolated between pixels", () => {
    const kernel = embossKernel({ alpha: 0.7, strength: 2 });
    const narrow = narrowed(kernel, 0.25);
    const sum = (weights: readonly number[]) => weights.reduce((total, weight) => total + weight);
    assert.ok(Math.abs(sum(narrow) - sum(kernel)) < 1e-12);
    // A slope is read at a quarter of the distance.
    const slope = (weights: readonly number[]) =>
      weights.reduce((total, weight, i) => total + weight * ((i % 3) - 1), 0);
    assert.ok(Math.abs(slope(narrow) - slope(kernel) / 4) < 1e-12);
    assert.deepEqual(narrowed(kernel, 1), kernel);
    const even = new Uint8Array(5 * 5 * 3).fill(90);
    const parameters = { alpha: 0.7, strength: 2, spacing: 0.25 };
    assert.deepEqual(renderChain(even, { height: 5, width: 5 }, [{ type: "emboss", parameters }]), even);
  });
});

/** By definition: the cells' means, filtered and limited, minus gain x means, enlarged, plus gain x pixels. */
function directFilter(
  image: Uint8Array,
  height: number,
  width: number,
  kernel: readonly number[],
  spacing: number,
): Float64Array {
  const high = Math.max(1, Math.round(height / spacing));
  const wide = Math.max(1, Math.round(width / spacing));
  const gain = kernel.reduce((sum, weight) => sum + weight, 0);
  const overlap = (cell: number, cells: number, pixel: number, pixels: number) => {
    const size = pixels / cells;
    return Math.max(0, Math.min((cell + 1) * size, pixel + 1) - Math.max(cell * size, pixel)) / size;
  };
  const result = new Float64Array(image.length);
  for (let c = 0; c < 3; c++) {
    const means = Array.from({ length: high }, (_, row) =>
      Array.from({ length: wide }, (_, column) => {
        let sum = 0;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            sum +=
              overlap(row, high, y, height) *
              overlap(column, wide, x, width) *
              image[(y * width + x) * 3 + c];
          }
        }
        return sum;
      }),
    );
    const changes = means.map((cells, row) =>
      cells.map((mean, column) => {
        const sum = kernel.reduce((total, weight, i) => {
          const from = means[reflected(row + Math.floor(i / 3) - 1, high)];
          return total + weight * from[reflected(column + (i % 3) - 1, wide)];
        }, 0);
        return Math.min(383, Math.max(-128, sum)) - gain * mean;
      }),
    );
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        let sum = gain * image[(y * width + x) * 3 + c];
        for (const [row, down] of cubicTaps(y, height, high)) {
          for (const [column, across] of cubicTaps(x, width, wide))
            sum += down * across * changes[row][column];
        }
        result[(y * width + x) * 3 + c] = Math.min(255, Math.max(0, sum));
      }
    }
  }
  return result;
}

/** The four cells and weights of Keys' cubic interpolation, a = -0.75. */
function cubicTaps(pixel: number, pixels: number, cells: number): [number, number][] {
  const place = ((pixel + 0.5) * cells) / pixels - 0.5;
  const left = Math.floor(place);
  return [-1, 0, 1, 2].map((offset) => {
    const d = Math.abs(place - left - offset);
    const weight = d <= 1 ? (1.25 * d - 2.25) * d * d + 1 : -0.75 * (((d - 5) * d + 8) * d - 4);
    return [Math.min(cells - 1, Math.max(0, left + offset)), weight];
  });
}
