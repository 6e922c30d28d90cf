// Pictures of all formats and features have the pixels that Pillow reads, or are skipped with the reason.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import * as zlib from "node:zlib";
import { picturesPage } from "../../scripts/docs/pictures.ts";
import { decodeImage, ImageError } from "../../src/image/codec.ts";
import { readPictureSize } from "../../src/image/size.ts";
import { writeFiles } from "../dataset/fixtures/files.ts";
import { differenceOf, MOST, MOST_MEAN, readConformanceSet } from "./conformance-set.ts";

const cases = await readConformanceSet();
const read = cases.filter(({ skip, zstd }) => skip === undefined && (!zstd || "zstdDecompressSync" in zlib));
const skipped = cases.filter(({ skip }) => skip !== undefined);

describe("the conformance set", () => {
  it("has pictures of every format, with and without a reason to skip them", () => {
    const formats = new Set(read.map(({ format }) => format));
    assert.deepEqual([...formats].sort(), ["AVIF", "BMP", "GIF", "JPEG", "JPEG XL", "PNG", "TIFF", "WebP"]);
    assert.ok(read.length >= 500 && skipped.length >= 70, `${read.length} read, ${skipped.length} skipped`);
  });

  for (const { name, bytes, expected, exact, height, width, animated = false } of read) {
    it(`reads ${name}`, async () => {
      const decoded = await decodeImage(bytes, "a/picture");
      assert.deepEqual([decoded.height, decoded.width], [height, width]);
      assert.equal(decoded.animated, animated);
      const { mean, most } = differenceOf(decoded.data, expected!);
      assert.equal(decoded.data.length, expected!.length);
      if (exact) assert.equal(most, 0);
      assert.ok(mean <= MOST_MEAN && most <= MOST, `mean ${mean}, maximum ${most}`);
    });
  }

  for (const { name, bytes, skip } of skipped) {
    it(`skips ${name}`, async () => {
      await assert.rejects(decodeImage(bytes, "a/picture"), (error) => {
        assert.ok(error instanceof ImageError, String(error));
        assert.equal(error.reason, skip);
        assert.equal(error.message, `cannot read the picture a/picture: ${skip}`);
        return true;
      });
    });
  }

  it("has the sizes that headers declare", () => {
    const folder = writeFiles(Object.fromEntries(cases.map(({ file, bytes }) => [file, bytes])));
    for (const { file, name, height, width } of read)
      assert.deepEqual(readPictureSize(`${folder}/${file}`), { height, width }, name);
  });

  it("is read from any part of a buffer", async () => {
    for (const { name, bytes, height } of read) {
      const shifted = Buffer.concat([Buffer.from([1, 2, 3]), bytes]).subarray(3);
      assert.equal((await decodeImage(shifted, name)).height, height, name);
    }
  });
});

describe("docs/data.md", () => {
  it("is the page that npm run docs generates", async () => {
    if (!("zstdDecompressSync" in zlib)) return;
    assert.equal(readFileSync(join(import.meta.dirname, "../../docs/data.md"), "utf8"), await picturesPage());
  });
});
