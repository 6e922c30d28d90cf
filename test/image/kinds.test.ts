// Unusual kinds of picture files, and the output of our own encoders.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { imageAt } from "../../src/image/batch.ts";
import { decodeImage, encodeJpeg, encodePng } from "../../src/image/codec.ts";
import { isGrey, lumaOf } from "../../src/image/grey.ts";
import { loadSample } from "../fixtures/sample.ts";
import { ANIMATED_GIF, CMYK_JPEG, gradient, Jimp, png } from "./files.ts";

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

describe("decodeImage", () => {
  it("reads PNG files with 16 bits per channel: the upper eight", async () => {
    const rows = [
      [10, 200, 20, 3, 30, 255, 255, 255, 0, 1, 128, 0],
      [0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 0],
    ];
    const { data } = await decodeImage(png(2, 2, 16, 2, rows), "deep.png");
    assert.equal(isGrey(data), false);
    assert.ok(meanDifference(data, Uint8Array.of(10, 20, 30, 255, 0, 128, 0, 0, 0, 1, 2, 3)) <= 0.5);
  });

  it("reads PNG files with a palette, also with several pixels per byte", async () => {
    const palette = [255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9];
    const expected = Uint8Array.of(0, 0, 255, 255, 0, 0, 9, 9, 9, 0, 255, 0);
    const bytes = await decodeImage(
      png(
        2,
        2,
        8,
        3,
        [
          [2, 0],
          [3, 1],
        ],
        palette,
      ),
      "palette.png",
    );
    assert.deepEqual(bytes.data, expected);
    const bits = await decodeImage(png(2, 2, 2, 3, [[0b10000000], [0b11010000]], palette), "palette.png");
    assert.deepEqual(bits.data, expected);
  });

  it("reads CMYK JPEG files in their colours", async () => {
    const { data, height, width } = await decodeImage(CMYK_JPEG, "print.jpg");
    assert.deepEqual([height, width], [16, 24]);
    assert.ok(meanDifference(data, gradient(16, 24)) < 2);
  });

  it("reads the first picture of an animated GIF, and says that there are more", async () => {
    const { data, height, width, animated } = await decodeImage(ANIMATED_GIF, "moving.gif");
    assert.deepEqual([height, width, animated], [16, 24, true]);
    assert.ok(meanDifference(data, gradient(16, 24)) < 4);
    const still = await new Jimp({ data: Buffer.alloc(24, 200), height: 2, width: 3 }).getBuffer("image/gif");
    assert.equal((await decodeImage(still, "still.gif")).animated, false);
  });
});

describe("grey pictures", () => {
  it("are those with three equal channels, whose luma is that value", () => {
    const every = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
    assert.equal(isGrey(every), true);
    assert.deepEqual(
      lumaOf(every),
      Uint8Array.from({ length: 256 }, (_, i) => i),
    );
    assert.equal(isGrey(Uint8Array.of(1, 1, 1, 1, 1, 2)), false);
    assert.deepEqual(lumaOf(Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255)), Uint8Array.of(76, 150, 29));
  });

  it("are written in one channel, and read again as three", async () => {
    const grey = Uint8Array.from({ length: 20 * 13 }, (_, i) => (7 * i) % 256);
    const file = await encodePng(grey, 20, 13, 1);
    assert.equal(file[25], 0, "colour type");
    const { data } = await decodeImage(file, "grey.png");
    assert.deepEqual([isGrey(data), lumaOf(data)], [true, grey]);
  });
});

describe("encodeJpeg", () => {
  it("writes pictures of any size, close to the pixels, and closer at higher quality", async () => {
    const { images } = (await loadSample()).train;
    const real = imageAt(images, 3);
    let last = Number.POSITIVE_INFINITY;
    let length = 0;
    for (const [quality, most] of [
      [10, 13],
      [50, 6],
      [90, 3],
      [100, 1],
    ]) {
      const file = await encodeJpeg(real, 32, 32, quality);
      const difference = meanDifference((await decodeImage(file, "real.jpg")).data, real);
      assert.ok(difference < Math.min(most, last), `quality ${quality}: ${difference}`);
      assert.ok(file.length > length);
      [last, length] = [difference, file.length];
    }
    for (const [height, width] of [
      [1, 1],
      [1, 17],
      [9, 8],
      [31, 50],
    ]) {
      const pixels = gradient(height, width);
      const decoded = await decodeImage(await encodeJpeg(pixels, height, width, 95), "small.jpg");
      assert.deepEqual([decoded.height, decoded.width], [height, width]);
      assert.ok(meanDifference(decoded.data, pixels) < 4, `${height} x ${width}`);
    }
  });

  it("handles the hardest patterns at the highest quality", async () => {
    for (const pattern of [
      (i: number) => i % 2,
      (i: number) => (i + Math.floor(i / 16)) % 2,
      (i: number) => i % 3,
    ]) {
      const pixels = new Uint8Array(16 * 16 * 3).map((_, i) => (pattern(Math.floor(i / 3)) === 0 ? 255 : 0));
      const { data } = await decodeImage(await encodeJpeg(pixels, 16, 16, 100), "hard.jpg");
      assert.ok(meanDifference(data, pixels) < 2);
    }
  });

  it("writes grey pictures in one component", async () => {
    const grey = Uint8Array.from({ length: 30 * 21 }, (_, i) => 3 * (i % 21) + 5 * Math.floor(i / 21));
    const file = Buffer.from(await encodeJpeg(grey, 30, 21, 95, 1));
    assert.equal(file[file.indexOf(Buffer.from("ffc0", "hex")) + 9], 1, "components");
    const { data } = await decodeImage(file, "grey.jpg");
    assert.equal(isGrey(data), true);
    assert.ok(meanDifference(lumaOf(data), grey) < 1);
  });
});
