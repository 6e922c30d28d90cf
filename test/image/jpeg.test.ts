// JPEG files of all kinds, whole and damaged.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import jpeg from "@jimp/js-jpeg";
import { decodeImage, encodeJpeg, ImageError } from "../../src/image/codec.ts";
import { isGrey } from "../../src/image/grey.ts";
import { CMYK_DIGEST, CMYK_JPEG, gradient, PILLOW_JPEGS, withOrientation } from "./files.ts";

const HEIGHT = 48;
const WIDTH = 72;

/** By orientation: the place in the file of the pixel (x, y) of the upright picture. */
const ORIENTATIONS: readonly ((x: number, y: number, width: number, height: number) => [number, number])[] = [
  (x, y) => [x, y],
  (x, y, width) => [width - 1 - x, y],
  (x, y, width, height) => [width - 1 - x, height - 1 - y],
  (x, y, _, height) => [x, height - 1 - y],
  (x, y) => [y, x],
  (x, y, _, height) => [y, height - 1 - x],
  (x, y, width, height) => [width - 1 - y, height - 1 - x],
  (x, y, width) => [width - 1 - y, x],
];

/** The file, with the place of its entropy-coded data and of its end marker. */
async function encodeSample() {
  const file = Buffer.from(await encodeJpeg(gradient(HEIGHT, WIDTH), HEIGHT, WIDTH, 90));
  const scan = file.indexOf(Buffer.from("ffda", "hex"));
  return { file, data: scan + 2 + file.readUInt16BE(scan + 2), end: file.length - 2 };
}

function joined(...parts: (Uint8Array | readonly number[])[]): Buffer {
  return Buffer.concat(parts.map((part) => Uint8Array.from(part)));
}

async function refuses(file: Uint8Array, reason: RegExp): Promise<void> {
  await assert.rejects(decodeImage(file, "dogs/a.jpg"), (error) => {
    assert.ok(error instanceof ImageError, String(error));
    assert.match(
      error.message,
      /^cannot read the picture dogs\/a\.jpg: the JPEG is damaged, truncated or of an unsupported kind \(/,
    );
    assert.match(error.reason, reason);
    return true;
  });
}

describe("a JPEG", () => {
  it("has the pixels that Pillow reads", async () => {
    for (const { file, digest } of Object.values(PILLOW_JPEGS)) {
      const { data, height, width } = await decodeImage(file, "a.jpg");
      assert.deepEqual([height, width], [20, 30]);
      assert.equal(createHash("sha256").update(data).digest("hex"), digest);
    }
  });

  it("is turned exactly as its EXIF orientation says, in colours of any kind", async () => {
    for (const file of [(await encodeSample()).file, CMYK_JPEG]) {
      const { data, height, width } = await decodeImage(file, "a.jpg");
      for (const [i, placeOf] of ORIENTATIONS.entries()) {
        const turned = await decodeImage(withOrientation(file, i + 1), "a.jpg");
        const sides = i < 4 ? [height, width] : [width, height];
        assert.deepEqual([turned.height, turned.width], sides, `orientation ${i + 1}`);
        const expected = new Uint8Array(data.length);
        for (let place = 0; place < height * width; place++) {
          const [x, y] = placeOf(place % sides[1], Math.floor(place / sides[1]), width, height);
          expected.set(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3), place * 3);
        }
        assert.deepEqual(turned.data, expected, `orientation ${i + 1}`);
      }
    }
  });

  it("in grey has three equal channels", async () => {
    const grey = Uint8Array.from({ length: HEIGHT * WIDTH }, (_, i) => i % 251);
    const { data, height, width } = await decodeImage(await encodeJpeg(grey, HEIGHT, WIDTH, 100, 1), "a.jpg");
    assert.deepEqual([height, width, data.length], [HEIGHT, WIDTH, 3 * HEIGHT * WIDTH]);
    assert.equal(isGrey(data), true);
  });

  it("in CMYK has the pixels that Pillow reads, and nearly those of jimp's decoder", async () => {
    const { data } = await decodeImage(CMYK_JPEG, "a.jpg");
    assert.equal(createHash("sha256").update(data).digest("hex"), CMYK_DIGEST);
    const others = jpeg()
      .decode(CMYK_JPEG)
      .data.filter((_, i) => i % 4 !== 3);
    assert.ok(data.length === others.length && data.every((value, i) => Math.abs(value - others[i]) <= 1));
  });

  it("with malformed metadata, which some phones write, is read", async () => {
    const { file } = await encodeSample();
    // The segment is two bytes longer than it says.
    const metadata = [0xff, 0xe1, 0, 4, 1, 2, 0, 0xe1, 0, 2];
    const odd = joined(file.subarray(0, 2), metadata, file.subarray(2));
    const { height, width } = await decodeImage(odd, "a.jpg");
    assert.deepEqual([height, width], [HEIGHT, WIDTH]);
  });

  it("may be padded before its end, and followed by anything", async () => {
    const { file, end } = await encodeSample();
    const { data } = await decodeImage(file, "a.jpg");
    for (const padding of [[0x7f], new Array(8).fill(0), new Array(15).fill(0), [0xff, 0xff, 0xff]]) {
      const padded = joined(file.subarray(0, end), padding, file.subarray(end), [1, 2, 3], file);
      assert.deepEqual((await decodeImage(padded, "a.jpg")).data, data, `${padding}`);
    }
  });

  it("of an unknown revision of JFIF is read", async () => {
    const { file } = await encodeSample();
    const place = file.indexOf("JFIF\0") + 5;
    const later = Buffer.from(file.map((byte, i) => (i === place ? 2 : byte)));
    assert.equal((await decodeImage(later, "a.jpg")).width, WIDTH);
  });
});

describe("a damaged JPEG", () => {
  it("is refused wherever it is cut off", async () => {
    for (const file of [
      (await encodeSample()).file,
      ...Object.values(PILLOW_JPEGS).map(({ file }) => file),
    ]) {
      for (let length = 2; length < file.length; length += length < 700 ? 1 : 7)
        await refuses(file.subarray(0, length), /\(.+\)$/);
      await refuses(file.subarray(0, -1), /\(Premature end of JPEG file\)$/);
    }
  });

  it("is refused if the data of its pixels are not whole", async () => {
    const { file, data, end } = await encodeSample();
    const middle = (data + end) >> 1;
    const zeros = Buffer.alloc(end - middle);
    const damaged: [Uint8Array, RegExp][] = [
      [joined(file.subarray(0, middle), file.subarray(end)), /premature end of data segment/],
      [joined(file.subarray(0, middle), zeros, file.subarray(end)), /Corrupt JPEG data/],
      [joined(file.subarray(0, end), file.subarray(middle, end), file.subarray(end)), /extraneous bytes/],
      [joined(file.subarray(0, end), Buffer.alloc(64), file.subarray(end)), /extraneous bytes/],
      [joined(file.subarray(0, middle), [0xff, 0x27], file.subarray(middle + 2)), /marker type 0x27/],
    ];
    const { file: restarts } = PILLOW_JPEGS.restarts;
    const restart = restarts.indexOf(Buffer.from("ffd0", "hex"));
    damaged.push([Buffer.from(restarts.map((byte, i) => (i === restart ? 0 : byte))), /Corrupt JPEG data/]);
    for (const [broken, reason] of damaged) await refuses(broken, reason);
  });

  it("leaves the decoder as it was", async () => {
    const { file, end } = await encodeSample();
    const { data } = await decodeImage(file, "a.jpg");
    const broken = joined(file.subarray(0, end - 40), [0xff, 0x27], file.subarray(end - 40));
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, i) => decodeImage(i % 2 === 0 ? file : broken, "a.jpg")),
    );
    for (const [i, result] of results.entries()) {
      if (i % 2 === 1) assert.equal(result.status, "rejected");
      else assert.deepEqual(result.status === "fulfilled" && result.value.data, data);
    }
  });

  it("may declare more pixels than are read", async () => {
    const { file } = await encodeSample();
    const frame = file.indexOf(Buffer.from("ffc0", "hex"));
    file.writeUInt16BE(20_000, frame + 5);
    file.writeUInt16BE(30_000, frame + 7);
    await refuses(file, /declares 30000 x 20000 pixels, but at most 100 million are supported/);
    await refuses(Buffer.from("ffd8ffd9", "hex"), /the file ends within its header/);
  });
});

describe("the JPEG library", () => {
  it("prints nothing", async () => {
    const { file, end } = await encodeSample();
    const files = [file, file.subarray(0, end), joined(file.subarray(0, end - 40), [0xff, 0x27]), CMYK_JPEG];
    const program = `
      const { decodeImage, encodeJpeg } = await import(${JSON.stringify(import.meta.resolve("../../src/image/codec.ts"))});
      for (const file of ${JSON.stringify(files.map((bytes) => bytes.toString("base64")))})
        await decodeImage(Buffer.from(file, "base64"), "a.jpg").catch(() => {});
      await encodeJpeg(new Uint8Array(192).map((_, i) => 37 * i), 8, 8, 1);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  });
});
