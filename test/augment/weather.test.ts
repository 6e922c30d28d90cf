import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { drawChain, renderChain } from "../../src/augment/chain.ts";
import { rootsOfUnity, smoothLength } from "../../src/augment/fourier.ts";
import { frequencyNoise, type NoiseSettings, noiseBytes } from "../../src/augment/frequency-noise.ts";
import { openCanvas } from "../../src/augment/kernels.ts";
import { STATE_BYTES, seedState } from "../../src/augment/random-state.ts";
import type { Shape } from "../../src/augment/technique.ts";
import { Random } from "../../src/common/random.ts";

/** Bytes of memory for the transforms of these tests: three arrays of complex numbers, two tables, a plane. */
const ARRAY = 64_000;
const DOT: Shape = { height: 1, width: 1 };

/** Random numbers, and memory that holds them at `address`. */
function randomNumbers(floats: Float32Array, address: number, length: number, random: Random): Float32Array {
  const numbers = floats.subarray(address >> 2, (address >> 2) + length);
  for (let i = 0; i < length; i++) numbers[i] = random.uniform(-1, 1);
  return numbers.slice();
}

describe("inverse Fourier transforms", () => {
  it("equal the defining sum, for all lengths and lanes", () => {
    const random = new Random(1);
    const { kernels, floats, work } = openCanvas(DOT, 5 * ARRAY);
    for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 16, 21, 30, 35, 49, 64, 84]) {
      for (const lanes of [4, 12]) {
        const apart = 4 * length * lanes;
        const re = randomNumbers(floats, work, length * lanes, random);
        const im = randomNumbers(floats, work + apart, length * lanes, random);
        floats.set(rootsOfUnity(length), (work + 2 * ARRAY) >> 2);
        const result = kernels.inverseTransform(work, work + ARRAY, apart, length, lanes, work + 2 * ARRAY);
        for (let lane = 0; lane < lanes; lane++) {
          for (let n = 0; n < length; n++) {
            let sumRe = 0;
            let sumIm = 0;
            for (let k = 0; k < length; k++) {
              const angle = (2 * Math.PI * k * n) / length;
              const i = k * lanes + lane;
              sumRe += re[i] * Math.cos(angle) - im[i] * Math.sin(angle);
              sumIm += re[i] * Math.sin(angle) + im[i] * Math.cos(angle);
            }
            const place = (result >> 2) + n * lanes + lane;
            assert.ok(Math.abs(floats[place] - sumRe) < 1e-4, `${length}, real`);
            assert.ok(Math.abs(floats[place + apart / 4] - sumIm) < 1e-4, `${length}, imaginary`);
          }
        }
      }
    }
  });

  it("make real planes: the real part of the transform of the half spectrum and its mirror image", () => {
    const random = new Random(2);
    const { kernels, floats, work } = openCanvas(DOT, 6 * ARRAY);
    for (const [height, width] of [
      [4, 4],
      [5, 6],
      [7, 5],
      [4, 9],
      [8, 12],
      [21, 16],
    ]) {
      const lanes = kernels.columnLanes(width);
      const apart = 4 * Math.max(height * lanes, width * kernels.rowLanes(height));
      const re = randomNumbers(floats, work, height * lanes, random);
      const im = randomNumbers(floats, work + apart, height * lanes, random);
      const [columnRoots, rowRoots, plane] = [2, 3, 4].map((i) => work + i * ARRAY);
      floats.set(rootsOfUnity(height), columnRoots >> 2);
      floats.set(rootsOfUnity(width), rowRoots >> 2);
      kernels.realPlane(work, work + ARRAY, apart, height, width, columnRoots, rowRoots, plane);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          let sum = 0;
          for (let v = 0; v < height; v++) {
            for (let u = 0; 2 * u <= width; u++) {
              const angle = 2 * Math.PI * ((v * y) / height + (u * x) / width);
              const twice = u === 0 || 2 * u === width ? 1 : 2;
              sum += twice * (re[v * lanes + u] * Math.cos(angle) - im[v * lanes + u] * Math.sin(angle));
            }
          }
          const value = floats[(plane >> 2) + y * width + x];
          assert.ok(Math.abs(value - sum) < 1e-4, `${height} x ${width} at ${y}, ${x}`);
        }
      }
    }
  });

  it("have lengths without a prime factor above 7", () => {
    assert.deepEqual([1, 4, 11, 13, 29, 224, 4093].map(smoothLength), [1, 4, 10, 12, 28, 224, 4050]);
  });
});

describe("frequency noise", () => {
  function noise(shape: Shape, settings: NoiseSettings, seed: number): Float32Array {
    const size = shape.height * shape.width;
    const planeBytes = 4 * size + 16;
    const canvas = openCanvas(shape, STATE_BYTES + noiseBytes(shape, settings.largestSide) + planeBytes + 16);
    const random = seedState(canvas, canvas.work, seed);
    const plane = canvas.work + STATE_BYTES;
    const rest = (plane + planeBytes + 15) & ~15;
    frequencyNoise(canvas, plane, settings, random, rest);
    return canvas.floats.slice(plane >> 2, (plane >> 2) + size);
  }

  /** The mean absolute difference between neighbours: small for large blobs, large for grain. */
  function roughness(exponent: number, largestSide: number): number {
    let sum = 0;
    for (let seed = 0; seed < 10; seed++) {
      const plane = noise({ height: 64, width: 64 }, { exponent, largestSide }, seed);
      for (let i = 1; i < plane.length; i++) if (i % 64 !== 0) sum += Math.abs(plane[i] - plane[i - 1]);
    }
    return sum / (10 * 64 * 63);
  }

  it("fills 0 to 1, for any size; enlarging overshoots a little", () => {
    for (const [height, width] of [
      [32, 32],
      [29, 64],
      [1, 1],
      [1, 50],
      [13, 2],
    ]) {
      const plane = noise({ height, width }, { exponent: -2, largestSide: 8 }, height + width);
      assert.ok(plane.every((value) => value >= -0.3 && value <= 1.3));
    }
    const plane = noise({ height: 32, width: 32 }, { exponent: -2, largestSide: 32 }, 1);
    assert.equal(Math.min(...plane), 0);
    assert.ok(Math.abs(Math.max(...plane) - 1) < 1e-6);
  });

  it("gets coarser with lower exponents and smaller grids", () => {
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

  it("look alike on small and on large images, and cover as much as imgaug's", () => {
    const small = look("fog", 32);
    const large = look("fog", 96);
    assert.ok(Math.abs(small.mean - large.mean) < 6 && Math.abs(small.spread - large.spread) < 4);
    // imgaug 0.4's Fog() on black images of 32 x 32 has the mean 143.4 (over 2,000 images), Clouds() 87.7; 100 draws
    // have a standard error of 3.5.
    assert.ok(Math.abs(small.mean - 143.4) < 12, String(small.mean));
    const clouds = look("clouds", 32);
    assert.ok(Math.abs(clouds.mean - 87.7) < 12, String(clouds.mean));
    assert.ok(clouds.spread > small.spread);
  });
});
