import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { unzipSync } from "fflate";
import { centralDirectory, localHeader, type ZipEntry } from "../../src/apply/zip.ts";

describe("the structure of a zip archive", () => {
  it("makes an archive of uncompressed files", () => {
    const files = { "a.npy": Buffer.from("hello"), "b.npy": Buffer.alloc(0), "c.npy": Buffer.alloc(999, 7) };
    const parts: Buffer[] = [];
    const entries: ZipEntry[] = [];
    for (const [name, content] of Object.entries(files)) {
      const offset = Buffer.concat(parts).length;
      const entry = { name, offset, size: content.length, crc32: crc32(content) };
      entries.push(entry);
      parts.push(localHeader(entry), content);
    }
    const content = Buffer.concat(parts);
    const unzipped = unzipSync(Buffer.concat([content, centralDirectory(entries, content.length)]));
    assert.deepEqual(
      unzipped,
      Object.fromEntries(Object.entries(files).map(([n, c]) => [n, new Uint8Array(c)])),
    );
  });

  it("has 64-bit fields if numbers need them: sizes and offsets above 4 GiB", () => {
    const large = 5 * 2 ** 30;
    const entries = [
      { name: "large", offset: 0, size: large, crc32: 1 },
      { name: "late", offset: large + 55, size: 12, crc32: 2 },
    ];
    const offset = large + 55 + 54 + 12;
    const directory = centralDirectory(entries, offset);
    const [first, second] = [0, 46 + 5 + 20];
    assert.deepEqual(
      [
        directory.readUInt32LE(first + 20),
        directory.readUInt32LE(first + 24),
        directory.readUInt32LE(first + 42),
      ],
      [0xffffffff, 0xffffffff, 0],
    );
    const extra = first + 46 + 5;
    assert.deepEqual([directory.readUInt16LE(extra), directory.readUInt16LE(extra + 2)], [1, 16]);
    assert.equal(directory.readBigUInt64LE(extra + 4), BigInt(large));
    assert.equal(directory.readBigUInt64LE(extra + 12), BigInt(large));
    assert.deepEqual(
      [directory.readUInt32LE(second + 20), directory.readUInt32LE(second + 42)],
      [12, 0xffffffff],
    );
    assert.equal(directory.readBigUInt64LE(second + 46 + 4 + 4), BigInt(large + 55));
    const end64 = second + 46 + 4 + 12;
    assert.equal(directory.readUInt32LE(end64), 0x06064b50);
    assert.equal(directory.readBigUInt64LE(end64 + 48), BigInt(offset));
    assert.equal(directory.readBigUInt64LE(end64 + 56 + 8), BigInt(offset + end64));
    assert.equal(directory.readUInt32LE(end64 + 56 + 20), 0x06054b50);
  });
});
