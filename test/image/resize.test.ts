import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createBatch, imageAt } from "../../src/image/batch.ts";
import { resizeBatch, resizeImage } from "../../src/image/resize.ts";

const grey = (values: number[]) => Uint8Array.from(values.flatMap((value) => [value, value, value]));
const red = (pixels: Uint8Array) => [...pixels].filter((_, i) => i % 3 === 0);

describe("resizeImage", () => {
  it("interpolates like Pillow's BILINEAR when enlarging", () => {
    assert.deepEqual(red(resizeImage(grey([0, 100]), 1, 2, 1, 4)), [0, 25, 75, 100]);
    assert.deepEqual(red(resizeImage(grey([0, 100]), 2, 1, 4, 1)), [0, 25, 75, 100]);
  });

  it("averages when reducing: a fine pattern becomes its mean, not a coarser pattern", () => {
    const size = 64;
    const board = grey(
      Array.from({ length: size * size }, (_, i) => (((i % size) + Math.floor(i / size)) % 2) * 255),
    );
    for (const value of resizeImage(board, size, size, 8, 10))
      assert.ok(Math.abs(value - 127.5) < 8, String(value));
  });

  it("keeps constants, and copies pictures of the same size", () => {
    const pixels = new Uint8Array(7 * 5 * 3).fill(201);
    for (const [height, width] of [
      [1, 1],
      [3, 9],
      [20, 2],
    ]) {
      const resized = resizeImage(pixels, 7, 5, height, width);
      assert.deepEqual(resized, new Uint8Array(height * width * 3).fill(201));
    }
    const same = resizeImage(pixels, 7, 5, 7, 5);
    assert.deepEqual(same, pixels);
    assert.notEqual(same, pixels);
    assert.throws(() => resizeImage(pixels, 7, 6, 1, 1), /expected 7 x 6 x 3 values, received 105/);
  });

  it("keeps channels and the images of a batch apart", () => {
    const batch = createBatch(2, 2, 2);
    imageAt(batch, 1).set([10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30]);
    const resized = resizeBatch(batch, 1, 3);
    assert.deepEqual([...resized.data], [...new Array(9).fill(0), 10, 20, 30, 10, 20, 30, 10, 20, 30]);
  });
});
