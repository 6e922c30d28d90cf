// The addon's kernels on their own, on every instruction set that this processor runs: they agree with plain loops and
// reject arrays that are too short.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { OPERANDS } from "../../src/engine/native/addon.ts";
import { addon, INSTRUCTION_SETS, skip } from "./native-cases.ts";

function randomFloats(random: Random, length: number): Float32Array {
  return Float32Array.from({ length }, () => random.uniform(-1, 1));
}

function assertClose(actual: Float32Array, expected: readonly number[], what: string): void {
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(actual[i] - value) < 1e-4, `${what}: value ${i} is ${actual[i]}, expected ${value}`);
  }
}

describe("the native addon", { skip }, () => {
  after(() => addon.choose());

  for (const name of INSTRUCTION_SETS) {
    it(`multiplies matrices of any size, transposed or not (${name})`, () => {
      assert.equal(addon.choose(name), name);
      for (let i = 0; i < 40; i++) {
        const random = new Random("products", i);
        const [rows, columns, depth] = [1, 2, 3].map(() => random.integer(1, 70));
        const [isATransposed, isBTransposed] = [random.chance(0.5), random.chance(0.5)];
        const a = randomFloats(random, rows * depth);
        const b = randomFloats(random, depth * columns);
        const product = new Float32Array(rows * columns);
        addon.multiply(OPERANDS.float32, rows, columns, depth, a, isATransposed, b, isBTransposed, product);
        const expected = Array.from(product, (_, at) => {
          const [row, column] = [Math.floor(at / columns), at % columns];
          let sum = 0;
          for (let k = 0; k < depth; k++) {
            const left = isATransposed ? a[k * rows + row] : a[row * depth + k];
            sum += left * (isBTransposed ? b[column * depth + k] : b[k * columns + column]);
          }
          return sum;
        });
        assertClose(product, expected, `[${rows}, ${depth}] times [${depth}, ${columns}]`);
      }
    });
  }

  it("rejects arrays that are too short", () => {
    const [four, three] = [new Float32Array(4), new Float32Array(3)];
    assert.throws(
      () => addon.multiply(OPERANDS.float32, 2, 2, 2, four, false, three, false, four),
      /expected at least 4 values, received 3/,
    );
  });
});
