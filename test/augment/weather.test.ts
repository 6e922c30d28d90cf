import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawChain, renderChain } from "../../src/augment/chain.ts";
import { inverseTransform, realPlane, smoothLength } from "../../src/augment/fourier.ts";
import { frequencyNoise } from "../../src/augment/frequency-noise.ts";
import { Random } from "../../src/common/random.ts";

function randomComplex(length: number, random: Random) {
  const fill = () => Float32Array.from({ length }, () => random.uniform(-1, 1));
  return { re: fill(), im: fill() };
}

describe("inverse Fourier transforms", () => {
  it("equal the sum of the definition, for all lengths and lanes", () => {
    const random = new Random(1);
    for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 16, 21, 30, 35, 49, 64, 84]) {
      for (const lanes of [1, 3]) {
        const data = randomComplex(length * lanes, random);
        const input = { re: data.re.slice(), im: data.im.slice() };
        const result = inverseTransform(data, randomComplex(length * lanes, random), length, lanes);
        for (let lane = 0; lane < lanes; lane++) {
          for (let n = 0; n < length; n++) {
            let re = 0;
            let im = 0;
            for (let k = 0; k < length; k++) {
              const angle = (2 * Math.PI * k * n) / length;
              const i = k * lanes + lane;
              re += input.re[i] * Math.cos(angle) - input.im[i] * Math.sin(angle);
              im += input.re[i] * Math.sin(angle) + input.im[i] * Math.cos(angle);
            }
            assert.ok(Math.abs(result.re[n * lanes + lane] - re) < 1e-4);
            assert.ok(Math.abs(result.im[n * lanes + lane] - im) < 1e-4);
          }
        }
      }
    }
    assert.throws(
      () => inverseTransform(randomComplex(11, random), randomComplex(11, random), 11, 1),
      RangeError,
    );
  });

  it("make real planes: the real part of the transform of the half spectrum and its mirror image", () => {
    const random = new Random(2);
    for (const [height, width] of [
      [1, 1],
      [4, 4],
      [5, 6],
      [7, 5],
      [4, 9],
      [8, 12],
    ]) {
      const columns = (width >> 1) + 1;
      const half = randomComplex(height * columns, random);
      const { re, im } = { re: half.re.slice(), im: half.im.slice() };
      const plane = new Float32Array(height * width);
      realPlane(half, randomComplex(height * columns, random), height, width, plane);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          let sum = 0;
          for (let v = 0; v < height; v++) {
            for (let u = 0; u < columns; u++) {
              const angle = 2 * Math.PI * ((v * y) / height + (u * x) / width);
              const twice = u === 0 || 2 * u === width ? 1 : 2;
              sum += twice * (re[v * columns + u] * Math.cos(angle) - im[v * columns + u] * Math.sin(angle));
            }
          }
          assert.ok(Math.abs(plane[y * width + x] - sum) < 1e-4, `${height} x ${width} at ${y}, ${x}`);
        }
      }
    }
  });

  it("have lengths without a prime factor above 7", () => {
    assert.deepEqual([1, 4, 11, 13, 29, 224, 4093].map(smoothLength), [1, 4, 10, 12, 28, 224, 4050]);
  });
});

describe("frequency noise", () => {
  /** The mean absolute difference of neighbours: small for large blobs, large for grain. */
  function roughness(exponent: number, largestSide: number): number {
    const plane = new Float32Array(64 * 64);
    let sum = 0;
    for (let seed = 0; seed < 10; seed++) {
      frequencyNoise(plane, { height: 64, width: 64 }, { exponent, largestSide }, new Random(seed));
      for (let i = 1; i < plane.length; i++) if (i % 64 !== 0) sum += Math.abs(plane[i] - plane[i - 1]);
    }
    return sum / (10 * 64 * 63);
  }

  it("fills 0 to 1, on any size", () => {
    for (const [height, width] of [
      [32, 32],
      [29, 64],
      [1, 1],
      [1, 50],
      [13, 2],
    ]) {
      const plane = new Float32Array(height * width).fill(-1);
      frequencyNoise(plane, { height, width }, { exponent: -2, largestSide: 8 }, new Random(height, width));
      assert.ok(plane.every((value) => value >= 0 && value <= 1));
    }
    const plane = new Float32Array(32 * 32);
    frequencyNoise(plane, { height: 32, width: 32 }, { exponent: -2, largestSide: 32 }, new Random(1));
    assert.equal(Math.min(...plane), 0);
    assert.ok(Math.abs(Math.max(...plane) - 1) < 1e-6);
  });

  it("is the coarser the lower the exponent and the smaller the grid", () => {
    assert.ok(roughness(-3, 64) < roughness(-2, 64));
    assert.ok(roughness(-2, 64) < roughness(-1, 64));
    assert.ok(roughness(-2, 8) < roughness(-2, 64));
  });
});

describe("fog and clouds", () => {
  /** Mean brightness and mean spread within an image, over 100 draws on a black image. */
  function look(type: "fog" | "clouds", side: number): { mean: number; spread: number } {
    const shape = { height: side, width: side };
    const black = new Uint8Array(side * side * 3);
    let mean = 0;
    let spread = 0;
    for (let seed = 0; seed < 100; seed++) {
      const image = renderChain(black, shape, drawChain([{ type, magnitude: 0.5 }], shape, new Random(seed)));
      let sum = 0;
      let squares = 0;
      for (const value of image) {
        sum += value;
        squares += value * value;
      }
      const own = sum / image.length;
      mean += own / 100;
      spread += Math.sqrt(squares / image.length - own * own) / 100;
    }
    return { mean, spread };
  }

  it("look alike on small and on large images, and veil as much as imgaug's", () => {
    const small = look("fog", 32);
    const large = look("fog", 96);
    assert.ok(Math.abs(small.mean - large.mean) < 6 && Math.abs(small.spread - large.spread) < 4);
    // imgaug 0.4's Fog() on black images of 32 x 32 (mean over 2,000) has the mean 143.4, Clouds() 87.7; 100 draws have a standard error of 3.5.
    assert.ok(Math.abs(small.mean - 143.4) < 12, String(small.mean));
    const clouds = look("clouds", 32);
    assert.ok(Math.abs(clouds.mean - 87.7) < 12, String(clouds.mean));
    assert.ok(clouds.spread > small.spread);
  });
});
