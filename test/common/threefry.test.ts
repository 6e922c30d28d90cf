import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ThreefryKey, threefry2x32 } from "../../src/common/threefry.ts";

/** The words of `count` counters from (low, high), as uint32. */
function words(key: ThreefryKey, low: number, high: number, count = 1): (readonly [number, number])[] {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  threefry2x32(key, low, high, first, second);
  return [...first].map((word, i) => [word >>> 0, second[i] >>> 0] as const);
}

describe("threefry2x32", () => {
  it("matches the known-answer tests of the authors' Random123 (kat_vectors, threefry 2x32 20)", () => {
    assert.deepEqual(words([0, 0], 0, 0), [[0x6b200159, 0x99ba4efe]]);
    assert.deepEqual(words([0xffffffff, 0xffffffff], 0xffffffff, 0xffffffff), [[0x1cb996fc, 0xbb002be7]]);
    assert.deepEqual(words([0x13198a2e, 0x03707344], 0x243f6a88, 0x85a308d3), [[0xc4923a9c, 0x483df7a0]]);
  });

  it("gives consecutive counters the words of each, also when the low word wraps around", () => {
    const key: ThreefryKey = [0x243f6a88, 7];
    const run = words(key, 2 ** 32 - 3, 5, 8);
    assert.deepEqual(
      run,
      Array.from({ length: 8 }, (_, i) => words(key, (2 ** 32 - 3 + i) % 2 ** 32, 5)[0]),
    );
    assert.equal(new Set(run.flat()).size, 16);
  });
});
