// Sizes from headers are those of the decoded pictures.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeImage, encodeJpeg, encodePng } from "../../src/image/codec.ts";
import { readPictureSize } from "../../src/image/size.ts";
import { temporaryFolder, writeFiles } from "../dataset/fixtures/files.ts";
import { ANIMATED_GIF, CMYK_JPEG, gradient, Jimp, PILLOW_JPEGS } from "./files.ts";

/** A JPEG with an EXIF block in front that holds the orientation, padded to this many bytes. */
function withOrientation(jpeg: Uint8Array, orientation: number, padding = 0): Buffer {
  const exif = Buffer.from(
    "457869660000" + "4d4d002a00000008" + "0001" + "01120003000000010000" + "0000" + "00000000",
    "hex",
  );
  exif.writeUInt16BE(orientation, 24);
  const block = Buffer.concat([Buffer.from([0xff, 0xe1, 0, 0]), exif]);
  block.writeUInt16BE(block.length - 2, 2);
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 0]), Buffer.alloc(padding)]);
  comment.writeUInt16BE(padding + 2, 2);
  return Buffer.concat([
    jpeg.subarray(0, 2),
    block,
    ...(padding ? [comment, comment, comment] : []),
    jpeg.subarray(2),
  ]);
}

describe("readPictureSize", () => {
  it("is the size of the decoded picture, in every format", async () => {
    const jpeg = await encodeJpeg(gradient(16, 24), 16, 24);
    const data = Buffer.alloc(16 * 24 * 4, 255);
    const encode = (type: "image/bmp" | "image/tiff" | "image/gif") =>
      new Jimp({ data, height: 16, width: 24 }).getBuffer(type);
    const files: Record<string, Uint8Array> = {
      "a.png": await encodePng(gradient(16, 24), 16, 24),
      "b.jpg": jpeg,
      "c.jpg": withOrientation(jpeg, 3),
      "turned.jpg": withOrientation(jpeg, 6),
      "long-header.jpg": withOrientation(jpeg, 8, 60_000),
      "d.gif": ANIMATED_GIF,
      "e.bmp": await encode("image/bmp"),
      "f.tiff": await encode("image/tiff"),
      "g.jpg": CMYK_JPEG,
      "h.jpg": PILLOW_JPEGS.progressive.file,
    };
    const folder = writeFiles(files);
    for (const [name, bytes] of Object.entries(files)) {
      const { height, width } = await decodeImage(bytes, name);
      assert.deepEqual(readPictureSize(`${folder}/${name}`), { height, width }, name);
    }
    assert.deepEqual(readPictureSize(`${folder}/turned.jpg`), { height: 24, width: 16 });
  });

  it("is undefined for what is no picture", async () => {
    const png = await encodePng(gradient(16, 24), 16, 24);
    const folder = writeFiles({ "empty.png": "", "text.png": "no picture", "cut.png": png.subarray(0, 12) });
    for (const name of ["empty.png", "text.png", "cut.png", "missing.png"]) {
      assert.equal(readPictureSize(`${folder}/${name}`), undefined, name);
    }
    assert.equal(readPictureSize(temporaryFolder()), undefined);
  });
});
