// Compares products of bfloat16 operands with float32 products of the same rounded values, on every instruction set of
// this processor.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { ACTIVATION, type Activations, OPERANDS } from "../../src/engine/native/addon.ts";
import { randomValues } from "./kernel-cases.ts";
import {
  addon,
  fromBfloat16,
  INSTRUCTION_SETS,
  productsIn,
  randomConvolutionShape,
  skip,
  toBfloat16,
} from "./native-cases.ts";

/** Tolerance relative to the largest value, for sums of the same products in another order. */
const SUM_TOLERANCE = 1e-5;
/** A result stored in bfloat16 is rounded once: by at most 2⁻⁸ of itself. */
const STORED_TOLERANCE = 2 ** -8;
const CASES = 60;

const rounded = (values: Float32Array) => fromBfloat16(toBfloat16(values));

function assertClose(actual: Activations, expected: Float32Array, what: string): void {
  const isStored = actual instanceof Uint16Array;
  const values = isStored ? fromBfloat16(actual) : actual;
  const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (const [i, value] of expected.entries()) {
    const allowed = SUM_TOLERANCE * most + (isStored ? 1.001 * STORED_TOLERANCE * Math.abs(value) : 0);
    assert.ok(Math.abs(values[i] - value) <= allowed, `${what}: value ${i} is ${values[i]} and not ${value}`);
  }
}

for (const set of INSTRUCTION_SETS) {
  describe(`native products in bfloat16 (${set})`, { skip }, () => {
    after(() => addon.choose());

    it("convolutions and both gradients, of images in either type, independent of earlier filters", () => {
      for (let i = 0; i < CASES; i++) {
        const random = new Random("bfloat16 products", i);
        const shape = randomConvolutionShape(random, false, 70);
        const [
          images,
          height,
          width,
          inChannels,
          outHeight,
          outWidth,
          outChannels,
          filterHeight,
          filterWidth,
        ] = shape;
        const [x, dy, filter] = [
          [images, height, width, inChannels],
          [images, outHeight, outWidth, outChannels],
          [filterHeight, filterWidth, inChannels, outChannels],
        ].map((sizes) => randomValues(random, sizes));
        addon.choose("portable");
        const results = (precision: "float32" | "bfloat16", store: (values: Float32Array) => Activations) => {
          const [convolve, inputGradient, filterGradient] = productsIn(precision);
          const [y, dx] = [dy, x].map(({ length }) => store(new Float32Array(length).fill(Number.NaN)));
          const df = new Float32Array(filter.length).fill(Number.NaN);
          const weights = precision === "float32" ? rounded(filter) : filter;
          convolve(shape, store(x), weights, y);
          inputGradient(shape, store(dy), weights, dx);
          filterGradient(shape, store(x), store(dy), df);
          return { y, dx, df };
        };
        const expected = results("float32", rounded);
        addon.choose(set);
        for (const store of [(values: Float32Array) => values.slice(), toBfloat16]) {
          const actual = results("bfloat16", store);
          const what = `${store === toBfloat16 ? "stored" : "float32"} case ${i}, ${shape}`;
          assertClose(actual.y, expected.y as Float32Array, `output, ${what}`);
          assertClose(actual.dx, expected.dx as Float32Array, `input gradient, ${what}`);
          assertClose(actual.df, expected.df, `filter gradient, ${what}`);
        }
      }
    });

    it("a bias and an activation in the same pass", () => {
      for (const [i, activation] of Object.values(ACTIVATION).entries()) {
        const random = new Random("bfloat16 bias", i);
        const shape = Int32Array.of(2, 6, 7, 12, 6, 7, 21, 3, 3, 1, 1, 1, 1, 1, 1);
        const [x, filter, bias] = [[2, 6, 7, 12], [3, 3, 12, 21], [21]].map((sizes) =>
          rounded(randomValues(random, sizes).map((value) => 4 * value)),
        );
        addon.choose("portable");
        const expected = new Float32Array(2 * 6 * 7 * 21);
        addon.convolve(shape, OPERANDS.float32, x, filter, bias, activation, expected);
        addon.choose(set);
        const actual = new Uint16Array(expected.length);
        addon.convolve(shape, OPERANDS.bfloat16, toBfloat16(x), filter, bias, activation, actual);
        assertClose(actual, expected, `activation ${activation}`);
      }
    });

    it("matrices of any size, transposed or not", () => {
      for (let i = 0; i < CASES; i++) {
        const random = new Random("bfloat16 matrices", i);
        const [rows, columns, depth] = [1, 2, 3].map(() => random.integer(1, 90));
        const [isATransposed, isBTransposed] = [random.chance(0.5), random.chance(0.5)];
        const [a, b] = [rows * depth, depth * columns].map((length) =>
          rounded(randomValues(random, [length])),
        );
        const product = (name: string, operands: 0 | 1) => {
          addon.choose(name);
          const values = new Float32Array(rows * columns).fill(Number.NaN);
          addon.multiply(operands, rows, columns, depth, a, isATransposed, b, isBTransposed, values);
          return values;
        };
        const expected = product("portable", OPERANDS.float32);
        assertClose(
          product(set, OPERANDS.bfloat16),
          expected,
          `[${rows}, ${depth}] times [${depth}, ${columns}]`,
        );
      }
    });

    it("NaN and infinity stay so", () => {
      const shape = Int32Array.of(1, 1, 1, 2, 1, 1, 3, 1, 1, 1, 1, 1, 1, 0, 0);
      addon.choose(set);
      const y = new Float32Array(3);
      const [convolve] = productsIn("bfloat16");
      convolve(shape, Float32Array.of(Number.NaN, 1), Float32Array.of(1, 1, 1, 1, 1, 1), y);
      assert.deepEqual(y, new Float32Array(3).fill(Number.NaN));
      convolve(shape, Float32Array.of(Number.POSITIVE_INFINITY, 1), Float32Array.of(1, -1, 2, 1, 1, 1), y);
      assert.deepEqual(
        y,
        Float32Array.of(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
      );
      // Rounding must not turn any bit pattern of NaN into an infinity.
      const nan = new Float32Array(Uint32Array.of(0x7f800001, 0xffffffff).buffer);
      const stored = new Uint16Array(2);
      addon.passes.convert(2, nan, stored);
      assert.ok(fromBfloat16(stored).every(Number.isNaN));
    });
  });
}
