import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { decodeImage, encodeJpeg, encodePng, ImageError } from "../../src/image/codec.ts";
import { isGrey } from "../../src/image/grey.ts";
import { Jimp, withOrientation } from "./files.ts";

const HEIGHT = 20;
const WIDTH = 30;

/** A picture without symmetry, so that rotating or mirroring it changes it. */
function gradient(): Uint8Array {
  const pixels = new Uint8Array(HEIGHT * WIDTH * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) pixels.set([8 * x, 12 * y, 4 * (x + y)], (y * WIDTH + x) * 3);
  }
  return pixels;
}

function withAlpha(alpha = 255): Buffer {
  const rgba = Buffer.alloc(HEIGHT * WIDTH * 4, alpha);
  for (const [i, value] of gradient().entries()) rgba[Math.floor(i / 3) * 4 + (i % 3)] = value;
  return rgba;
}

async function encode(
  mime: "image/bmp" | "image/gif" | "image/tiff" | "image/png",
  alpha = 255,
): Promise<Buffer> {
  const image = new Jimp({ data: withAlpha(alpha), height: HEIGHT, width: WIDTH });
  return Buffer.from(await image.getBuffer(mime as "image/png"));
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
}

describe("decodeImage", () => {
  it("reads what it wrote: PNG exactly, JPEG nearly", async () => {
    const pixels = gradient();
    const png = await decodeImage(await encodePng(pixels, HEIGHT, WIDTH), "a.png");
    assert.deepEqual([png.height, png.width, isGrey(png.data)], [HEIGHT, WIDTH, false]);
    assert.deepEqual(png.data, pixels);
    const fine = await encodeJpeg(pixels, HEIGHT, WIDTH, 95);
    const coarse = await encodeJpeg(pixels, HEIGHT, WIDTH, 30);
    assert.ok(coarse.length < fine.length);
    assert.ok(meanDifference((await decodeImage(fine, "a.jpg")).data, pixels) < 2);
  });

  it("reads BMP, TIFF and GIF, from any part of a buffer", async () => {
    for (const mime of ["image/bmp", "image/tiff"] as const) {
      const file = await encode(mime);
      const shifted = Buffer.concat([Buffer.from([1, 2, 3]), file]).subarray(3);
      assert.deepEqual((await decodeImage(shifted, mime)).data, gradient(), mime);
    }
    const gif = await decodeImage(await encode("image/gif"), "a.gif");
    assert.ok(meanDifference(gif.data, gradient()) < 12);
  });

  it("keeps grey pictures grey, and drops transparency without blending", async () => {
    const grey = new Uint8Array(HEIGHT * WIDTH * 3).map((_, i) => Math.floor(i / 3) % 256);
    const { data } = await decodeImage(await encodePng(grey, HEIGHT, WIDTH), "grey.png");
    assert.equal(isGrey(data), true);
    assert.deepEqual((await decodeImage(await encode("image/png", 40), "clear.png")).data, gradient());
  });

  it("rotates a JPEG according to its EXIF orientation", async () => {
    const pixels = gradient();
    const jpeg = await encodeJpeg(pixels, HEIGHT, WIDTH, 100);
    // The position in the file of the upright picture's pixel (x, y), by orientation.
    const sources: Record<number, (x: number, y: number) => [number, number]> = {
      1: (x, y) => [x, y],
      3: (x, y) => [WIDTH - 1 - x, HEIGHT - 1 - y],
      6: (x, y) => [y, HEIGHT - 1 - x],
      8: (x, y) => [WIDTH - 1 - y, x],
    };
    for (const [orientation, source] of Object.entries(sources)) {
      const turned = await decodeImage(withOrientation(jpeg, Number(orientation)), "turned.jpg");
      const upright = Number(orientation) < 5 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT];
      assert.deepEqual([turned.height, turned.width], upright);
      const expected = new Uint8Array(pixels.length);
      for (let y = 0; y < turned.height; y++) {
        for (let x = 0; x < turned.width; x++) {
          const [fromX, fromY] = source(x, y);
          const from = (fromY * WIDTH + fromX) * 3;
          expected.set(pixels.subarray(from, from + 3), (y * turned.width + x) * 3);
        }
      }
      assert.ok(meanDifference(turned.data, expected) < 2, `orientation ${orientation}`);
    }
  });

  it("says what is wrong with a file that is not a complete picture", async () => {
    const pixels = gradient();
    const files = {
      "a.png": await encodePng(pixels, HEIGHT, WIDTH),
      "a.jpg": await encodeJpeg(pixels, HEIGHT, WIDTH),
      "a.bmp": await encode("image/bmp"),
      "a.gif": await encode("image/gif"),
      "a.tif": await encode("image/tiff"),
    };
    for (const [path, file] of Object.entries(files)) {
      for (const share of [0.05, 0.5, 0.95]) {
        await assert.rejects(decodeImage(file.subarray(0, share * file.length), path), (error) => {
          assert.ok(error instanceof ImageError && error instanceof UsageError);
          assert.match(
            error.message,
            new RegExp(`^cannot read the picture ${path}: .*(truncated|is not a PNG)`),
          );
          return true;
        });
      }
    }
    await assert.rejects(decodeImage(new Uint8Array(), "none.png"), /none\.png: the file is empty$/);
    await assert.rejects(
      decodeImage(Buffer.from("hello"), "b.png"),
      /b\.png: it is text, not a picture: remove it, or replace it by the picture$/,
    );
    await assert.rejects(
      decodeImage(Buffer.from([200, 201, 202, 203]), "c.png"),
      /c\.png: it is not a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or JPEG XL picture$/,
    );
    const huge = Buffer.from(files["a.png"]);
    huge.writeUInt32BE(1e6, 16);
    huge.writeUInt32BE(1e6, 20);
    await assert.rejects(
      decodeImage(huge, "huge.png"),
      /declares 1000000 x 1000000 pixels, but at most 100 million/,
    );
  });

  it("refuses to encode anything but a picture", async () => {
    await assert.rejects(encodePng(new Uint8Array(5), 1, 2), /expected 1 x 2 x 3 values, received 5/);
    await assert.rejects(
      encodeJpeg(new Uint8Array(6), 1, 2, 0),
      /quality: expected a number from 1 to 100, received 0/,
    );
  });
});
