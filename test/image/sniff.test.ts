// Which files are taken for pictures, by their content.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { folderReader } from "../../src/dataset/readers/folder.ts";
import { encodePng } from "../../src/image/codec.ts";
import { whyNoPicture } from "../../src/image/sniff.ts";
import { writeFiles } from "../dataset/fixtures/files.ts";
import { readConformanceSet } from "./conformance-set.ts";
import { gradient } from "./files.ts";

describe("whyNoPicture", () => {
  it("is about the content of files whose names are not those of pictures", async () => {
    const png = await encodePng(gradient(4, 6), 4, 6);
    const heic = (await readConformanceSet()).find(({ feature }) => feature === "HEIC")!.bytes;
    const folder = writeFiles({
      "a.data": png,
      "b.png.bak": png,
      "c.v2": png,
      "d.heic": heic,
      "e.txt": "cats and dogs",
      // Uncompressed, of 5 x 3 pixels with 24 bits; it begins as a cursor does.
      "t.tga": Buffer.concat([
        Buffer.from([0, 0, 2, ...Array(9).fill(0), 5, 0, 3, 0, 24, 0]),
        Buffer.alloc(45, 9),
      ]),
      "w.ico": Buffer.from([0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, 9, 0, 0, 0, 22, 0, 0, 0]),
      "f.bin": Buffer.from([200, 201, 202]),
      "g.csv": "",
      "h.jpg": "opened by the decoder",
      i: "opened by the decoder",
    });
    const reasons = Object.fromEntries(
      [
        "a.data",
        "b.png.bak",
        "c.v2",
        "d.heic",
        "e.txt",
        "t.tga",
        "w.ico",
        "f.bin",
        "g.csv",
        "h.jpg",
        "i",
        "none.txt",
      ].map((name) => [name, whyNoPicture(`${folder}/${name}`)]),
    );
    assert.deepEqual(reasons, {
      "a.data": undefined,
      "b.png.bak": undefined,
      "c.v2": undefined,
      "d.heic": "it is a HEIC picture, which is not supported: save it as PNG or JPEG",
      "e.txt": "it is text, not a picture",
      "t.tga": "it is a TGA picture, which is not supported: save it as PNG or JPEG",
      "w.ico": "it is a Windows icon, which is not supported: save it as PNG or JPEG",
      "f.bin": "it is not a PNG, JPEG, WebP, AVIF, GIF, BMP, TIFF or JPEG XL picture",
      "g.csv": "the file is empty",
      "h.jpg": undefined,
      i: undefined,
      "none.txt": "there is no such file or folder",
    });
  });

  it("decides what a folder contains, whatever the names say", async () => {
    const cases = await readConformanceSet();
    const file = (format: string) =>
      cases.find((each) => each.format === format && each.width === 26 && each.height === 19)!.bytes;
    const folder = writeFiles({
      "a/1.jpg": file("WebP"),
      "a/2.webp": file("PNG"),
      "a/3.PNG": file("AVIF"),
      "b/4.picture": file("BMP"),
      "b/5": file("TIFF"),
      "b/6.gif": file("JPEG XL"),
    });
    const { train, skipped } = await folderReader.read(folder, {});
    assert.deepEqual([[...train.labels], skipped], [[0, 0, 0, 1, 1, 1], []]);
    assert.deepEqual([train.images.height, train.images.width], [19, 26]);
  });
});
