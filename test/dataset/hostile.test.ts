// Files that are small, and declare or unpack to far more than they can contain; and pictures on which decoders of others loop,
// print, or take all memory. Each is refused with one line, or read as Pillow and numpy read it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { crc32, deflateRawSync, gunzipSync, gzipSync, constants as zlib } from "node:zlib";
import { extract } from "tar-stream";
import { UsageError } from "../../src/common/errors.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { decodeAll } from "../../src/dataset/readers/decode.ts";
import type { DecodedFile } from "../../src/dataset/readers/decode-task.ts";
import { idx, npy, picture, temporaryFolder, writeFiles } from "./fixtures/files.ts";
import { bytesVariable, matlab, packed } from "./fixtures/matlab.ts";

const ARCHIVE = join(import.meta.dirname, "../fixtures/hostile.tar.gz");

/** In bytes, of this process: less than the images that these files declare would take. */
const MOST_MEMORY = 900 * 2 ** 20;

const members = new Map<string, Buffer>();

before(async () => {
  const archive = extract();
  archive.end(gunzipSync(readFileSync(ARCHIVE)));
  for await (const entry of archive) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    members.set(entry.header.name, Buffer.concat(parts));
  }
});

/** Asserts that data are refused with this one line, which follows their path, and without much memory. */
async function refused(path: string, expected: RegExp): Promise<void> {
  await assert.rejects(loadDataset(path, { home: temporaryFolder() }), (error: Error) => {
    assert.ok(error instanceof UsageError, error.stack);
    assert.match(error.message, expected);
    assert.ok(error.message.length < 600 && !error.message.includes("\n"), error.message);
    return true;
  });
  const { rss } = process.memoryUsage();
  assert.ok(rss < MOST_MEMORY, `${rss} bytes`);
}

const MEGABYTE = 2 ** 20;
/** Megabytes that are more than a small file may unpack to. */
const MANY = 300;

/** A gzip file of `start` and of many zeros: each part is a gzip file of its own. */
function bomb(start: Uint8Array, megabytes = MANY): Buffer {
  const zeros = gzipSync(Buffer.alloc(MEGABYTE));
  return Buffer.concat([gzipSync(start), ...Array.from({ length: megabytes }, () => zeros)]);
}

/** The header of a file in a tar archive, or of its extended header (type "x"). */
function tarHeader(name: string, size: number, type = "0"): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("000644 \x000 \x000 \0", 100, "latin1");
  header.write(`${size.toString(8).padStart(11, "0")} 00000000000 `, 124);
  header.write("        ", 148);
  header.write(`${type}`, 156);
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}

describe("a picture that is small and declares much, or on which decoders loop", () => {
  const damaged = (format: string, why: string) =>
    new RegExp(`^the ${format} is damaged, truncated or of an unsupported kind \\(${why}\\)$`);
  const missing = "the file ends before its pixels do";
  const tooLong = (size: string) =>
    `it declares ${size} pixels, but at most 1000000 along a side are supported`;
  const undecodable = "its data cannot be decoded";
  /** The reason, or the size and the digest of the pixels, which are Pillow's. */
  const expected: Record<string, RegExp | readonly [height: number, width: number, digest: string]> = {
    "gif_dims_0.gif": damaged(
      "GIF",
      "it declares 65535 x 65535 pixels, but at most 100 million are supported",
    ),
    "gif_dims_7.gif": damaged(
      "GIF",
      "it declares 30000 x 30000 pixels, but at most 100 million are supported",
    ),
    "gif_lzw.gif": damaged("GIF", undecodable),
    "jpg_dims_6_c0.jpg": damaged("JPEG", missing),
    "jpg_dims_9_c2.jpg": damaged("JPEG", missing),
    "png_2ihdr.png": damaged("PNG", "it has two headers"),
    "png_dims_8.png": damaged("PNG", tooLong("1 x 100000000")),
    "flip_tif_multi_0.tif": damaged("TIFF", missing),
    "tif_ifdloop.tif": [4, 4, "17b0761f87b081d5"],
    "tif_ifdloop0.tif": [4, 4, "17b0761f87b081d5"],
    "tif_ifdloop2.tif": [4, 4, "17b0761f87b081d5"],
    "tif_rand_5_0.tif": damaged("TIFF", undecodable),
    "tif_rand_5_2.tif": damaged("TIFF", undecodable),
    "tif_subifd2.tif": [4, 4, "586a5689949f41db"],
    "tif_tile_0.tif": damaged("TIFF", "its tiles are 0 x 0 pixels"),
    "tif_tile_1.tif": damaged("TIFF", "its tiles are 0 x 16 pixels"),
    "flip_gif_0.gif": [24, 20, "1fb201d1c67c3ab6"],
    "tif_tiled.tif": [16, 16, "ef115a0e0c15cdc4"],
    "long.tif": damaged("TIFF", tooLong("100000000 x 1")),
  };

  it("is skipped with its reason, or read as Pillow reads it", async () => {
    const names = Object.keys(expected);
    assert.equal([...members.keys()].filter((name) => name.startsWith("pictures/")).length, names.length);
    const folder = writeFiles(
      Object.fromEntries(names.map((name) => [name, members.get(`pictures/${name}`)!])),
    );
    const found: DecodedFile[] = [];
    const take = (file: DecodedFile, index: number) => {
      found[index] = file;
    };
    // As a dataset they differ in size.
    for (const [i, name] of names.entries())
      await decodeAll([join(folder, name)], {}, {}, (file) => take(file, i));
    for (const [i, name] of names.entries()) {
      const file = found[i];
      const wanted = expected[name];
      if (wanted instanceof RegExp) {
        assert.ok("reason" in file, name);
        assert.match(file.reason, wanted, name);
      } else {
        assert.ok("data" in file, `${name}: ${JSON.stringify(file)}`);
        const [height, width, digest] = wanted;
        assert.deepEqual([file.height, file.width], [height, width], name);
        assert.equal(createHash("sha256").update(file.data!).digest("hex").slice(0, 16), digest, name);
      }
    }
  });
});

describe("a compressed file that unpacks to far more than it can contain", () => {
  const images = "train-images-idx3-ubyte.gz";
  const labels = "train-labels-idx1-ubyte.gz";
  const pair = {
    [images]: gzipSync(idx([4, 2, 2], new Array(16).fill(7))),
    [labels]: gzipSync(idx([4], [0, 1, 0, 1])),
  };
  const beyond =
    /: it unpacks to more than 268435456 bytes, the most that is expected of \d+ compressed ones: if that is right, /;

  it("of idx is read as far as its header says", async () => {
    const longer = /-ubyte\.gz is longer than its header says \(\d+ bytes\): fetch it again$/;
    await refused(writeFiles({ ...pair, [labels]: bomb(idx([4], [0, 1, 0, 1])) }), longer);
    await refused(writeFiles({ ...pair, [images]: bomb(idx([4, 2, 2], new Array(16).fill(7))) }), longer);
  });

  it("of idx is refused before memory is taken if its header says too much", async () => {
    const count = 5_000_000;
    const folder = writeFiles({
      [images]: bomb(idx([count, 8, 8], [])),
      [labels]: gzipSync(idx([count], new Uint8Array(count).fill(1, count / 2))),
    });
    await refused(
      folder,
      new RegExp(`images-idx3-ubyte\\.gz${beyond.source}decompress it first \\(gunzip\\)$`),
    );
  });

  it("of CIFAR, as a pickle, or as a shard is read up to the limit", async () => {
    const gunzip = new RegExp(`${beyond.source}decompress it first \\(gunzip\\)$`);
    const batch = tarHeader("cifar-10-batches-bin/data_batch_1.bin", MANY * MEGABYTE);
    await refused(join(writeFiles({ "cifar.tar.gz": bomb(batch) }), "cifar.tar.gz"), gunzip);
    await refused(
      join(writeFiles({ "data.pkl.gz": bomb(Buffer.from([0x80, 4, 0x95])) }), "data.pkl.gz"),
      gunzip,
    );
    const zeros = gzipSync(Buffer.alloc(MEGABYTE));
    const parts: Buffer[] = [];
    for (let i = 0; i < MANY; i++)
      parts.push(
        gzipSync(Buffer.concat([tarHeader(`${i}.png`, 512), Buffer.alloc(512)])),
        gzipSync(tarHeader(`${i}.cls`, MEGABYTE)),
        zeros,
      );
    await refused(join(writeFiles({ "train.tar.gz": Buffer.concat(parts) }), "train.tar.gz"), gunzip);
  });

  it("of a CIFAR whose file is larger than any is refused by its header", async () => {
    const batch = tarHeader("data_batch_1.bin", 3 * 2 ** 30);
    await refused(
      join(writeFiles({ "cifar.tar.gz": bomb(batch, 1) }), "cifar.tar.gz"),
      /cifar\.tar\.gz: data_batch_1\.bin has 3221225472 bytes, more than the files of such archives$/,
    );
  });

  it("with a tar header that is longer than any is refused", async () => {
    const header = tarHeader("x", 2 ** 31 - 1, "x");
    await refused(
      join(writeFiles({ "train.tar.gz": bomb(header) }), "train.tar.gz"),
      /train\.tar\.gz is not a complete archive \(Header exceeds max size\): fetch it again$/,
    );
  });
});

/** A zip archive of these files, of which the directory says where each begins, what it contains, and its checksum. */
interface ZipFile {
  readonly name: string;
  readonly packed: Uint8Array;
  readonly size: number;
  readonly sum: number;
  /** The place of another file, which this one repeats. */
  readonly at?: number;
}

function zipOf(files: readonly ZipFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let place = 0;
  for (const { name, packed, size, sum, at } of files) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(sum, 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(size, 18);
    common.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(at ?? place, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0", "latin1"), common, tail, Buffer.from(name));
    if (at !== undefined) continue;
    const own = [Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), Buffer.from(packed)];
    parts.push(...own);
    place += own.reduce((total, { length }) => total + length, 0);
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(place, 16);
  return Buffer.concat([...parts, entries, end]);
}

/** A file in a zip archive: `start`, and many zeros. */
function zipBomb(name: string, start: Uint8Array, megabytes = MANY): ZipFile {
  const zeros = Buffer.alloc(MEGABYTE);
  const finishFlush = zlib.Z_FULL_FLUSH;
  const again = deflateRawSync(zeros, { finishFlush });
  const packed = [deflateRawSync(start, { finishFlush }), ...Array.from({ length: megabytes }, () => again)];
  let sum = crc32(start);
  for (let i = 0; i < megabytes; i++) sum = crc32(zeros, sum);
  packed.push(deflateRawSync(Buffer.alloc(0)));
  return { name, packed: Buffer.concat(packed), size: start.length + megabytes * MEGABYTE, sum };
}

describe("an npz file", () => {
  const write = (content: Uint8Array) => join(writeFiles({ "data.npz": content }), "data.npz");

  it("whose bytes differ from their checksum is refused, and so is an encrypted one", async () => {
    const wrong = /\.npz: x_train: it is damaged \(its checksum is wrong\): save or fetch it again$/;
    await refused(write(members.get("npz/badcrc_dir.npz")!), wrong);
    await refused(write(members.get("npz/badcrc_stored.npz")!), wrong);
    await refused(
      write(members.get("npz/encrypted.npz")!),
      /\.npz: x_train: it is encrypted: save it without a password$/,
    );
  });

  it("with an impossible number of texts, or of axes, is refused with a short line", async () => {
    await refused(
      write(members.get("npz/u0names.npz")!),
      /class_names: it has 1000000000 texts; expected at most 1000000$/,
    );
    await refused(
      write(members.get("npz/u0names2.npz")!),
      /class_names: it has 100000000 texts; expected at most 1000000$/,
    );
    await refused(
      write(members.get("npz/shape_29.npz")!),
      /x_train: expected images or labels, found the shape \[1, 1, 1, 1, 1, 1, 1, 1, … 20000 axes\]$/,
    );
  });

  it("that is longer than its header says, or unpacks to too much, is refused", async () => {
    const y = zipBomb("y_train.npy", npy([4], Uint8Array.of(0, 1, 0, 1), "|u1"), 0);
    const short = zipBomb("x_train.npy", npy([4, 2, 2], new Uint8Array(16), "|u1"));
    await refused(write(zipOf([short, y])), /x_train: it is longer than its header says \(16 bytes\)$/);
    const count = (MANY * MEGABYTE) / 64;
    const header = npy([count, 8, 8], new Uint8Array(), "|u1");
    const many = npy([count], new Uint8Array(count).fill(1, count / 2), "|u1");
    await refused(
      write(zipOf([zipBomb("x_train.npy", header), zipBomb("y_train.npy", many, 0)])),
      /x_train: it unpacks to more than 268435456 bytes, the most that is expected of \d+ compressed ones: if that is right, save it without compression \(numpy\.savez\)$/,
    );
  });

  it("whose parts are far beyond its end is refused", async () => {
    const array = zipBomb("x_train.npy", npy([4, 2, 2], new Uint8Array(16), "|u1"), 0);
    const archive = zipOf([array, { ...array, name: "y_train.npy" }]);
    for (const place of [2n ** 63n - 1n, 2n ** 62n, 1_000_000n]) {
      const locator = Buffer.alloc(20);
      locator.write("PK\x06\x07", "latin1");
      locator.writeBigUInt64LE(place, 8);
      await refused(
        write(Buffer.concat([archive.subarray(0, -22), locator, archive.subarray(-22)])),
        /data\.npz is truncated or not an npz file \(it says that a part of it is after its end\): save or fetch it again$/,
      );
    }
  });

  it("whose header is not the dictionary that numpy writes is refused", async () => {
    const values = Uint8Array.from({ length: 16 }, (_, i) => i);
    const usual = "'descr': '|u1', 'fortran_order': False, ";
    const headers = {
      twice: `{${usual}'shape': (4, 1, 4), 'shape': (4, 2, 2), }`,
      hidden: `{'x': "'shape': (4, 1, 4)", ${usual}'shape': (4, 2, 2), }`,
      more: `{${usual}'shape': (4, 2, 2), 'x': 1, }`,
      gap: `{${usual}'shape': (4,, 2, 2), }`,
      letters: `{${usual}'shape': (4LL, 2, 2), }`,
      after: `{${usual}'shape': (4, 2, 2), } + {}`,
    };
    const labels = npy([4], Uint8Array.of(0, 1, 0, 1), "|u1");
    const withHeader = (header: string) => {
      const array = Buffer.from(npy([4, 2, 2], values, "|u1"));
      array.write(header.padEnd(array.length - 10 - 16 - 1), 10, "latin1");
      return write(zipOf([zipBomb("x_train.npy", array, 0), zipBomb("y_train.npy", labels, 0)]));
    };
    for (const header of Object.values(headers))
      await refused(withHeader(header), /x_train: its npy header is damaged/);
    for (const header of [`{${usual}'shape': (4L, 2L, 2L), }`, `{"shape":(4,2,2),${usual}}`]) {
      const { train } = await loadDataset(withHeader(header), { home: temporaryFolder() });
      assert.equal(train.images.count, 4);
    }
  });

  it("whose entries overlap is refused", async () => {
    const array = zipBomb("x_train.npy", npy([4, 2, 2], new Uint8Array(16), "|u1"), 0);
    const again = { ...array, name: "y_train.npy", at: 0 };
    await refused(
      write(zipOf([array, again])),
      /data\.npz is truncated or not an npz file \(its files overlap\): save or fetch it again$/,
    );
  });

  it("may have arrays that nobody needs, of any size", async () => {
    const x = npy(
      [2, 2, 2],
      Uint8Array.from({ length: 8 }, (_, i) => i),
      "|u1",
    );
    const unused = zipBomb("other.npy", npy([MANY * MEGABYTE], new Uint8Array(), "|u1"));
    const y = npy([2], Uint8Array.of(0, 1), "|u1");
    const path = write(zipOf([zipBomb("x_train.npy", x, 0), unused, zipBomb("y_train.npy", y, 0)]));
    const { train } = await loadDataset(path, { home: temporaryFolder() });
    assert.deepEqual([...train.labels], [0, 1]);
    assert.ok(process.memoryUsage().rss < MOST_MEMORY);
  });
});

describe("a MATLAB file", () => {
  const file = (...parts: readonly Uint8Array[]) =>
    join(writeFiles({ "data.mat": matlab(...parts) }), "data.mat");
  const images = bytesVariable(
    "X",
    [2, 4, 4],
    Uint8Array.from({ length: 32 }, (_, i) => 8 * i),
  );
  const labels = bytesVariable("y", [2, 1], Uint8Array.of(0, 1));

  it("whose compressed bytes differ from their checksum is refused", async () => {
    const { train } = await loadDataset(file(packed(images), packed(labels)), { home: temporaryFolder() });
    assert.deepEqual([...train.labels], [0, 1]);
    const wrong = packed(images);
    wrong[wrong.length - 1] ^= 1;
    await refused(
      file(wrong, packed(labels)),
      /data\.mat is not a complete archive \(incorrect data check\)/,
    );
    const longer = Buffer.concat([images, Buffer.alloc(64)]);
    await refused(file(packed(longer), packed(labels)), /X: it is longer than its header says \(32 bytes\)$/);
  });
});

describe("a folder with a damaged picture", () => {
  it("of a kind on which decoders loop is read without it", async () => {
    const files: Record<string, Uint8Array> = { "a/bad.tif": members.get("pictures/tif_tile_0.tif")! };
    for (const name of ["a/1.png", "a/2.png", "b/1.png"]) files[name] = await picture(4, 4, 9);
    const folder = writeFiles(files);
    const { train, skipped } = await loadDataset(folder, { home: temporaryFolder() });
    assert.deepEqual([...train.labels], [0, 0, 1]);
    assert.deepEqual(
      skipped.map(({ path }) => path),
      [join(folder, "a/bad.tif")],
    );
  });
});
