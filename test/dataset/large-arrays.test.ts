// npz archives of more than 4 GiB, of which the files have holes: nothing is stored, or read, but what is needed.

import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { centralDirectory, localHeader, localHeaderLength, type ZipEntry } from "../../src/apply/zip.ts";
import { writeAll } from "../../src/common/files.ts";
import { membersOfZip } from "../../src/dataset/readers/arrays/zip.ts";
import { arraysReader } from "../../src/dataset/readers/arrays.ts";
import { formatNpyHeader } from "../../src/dataset/readers/npy.ts";
import { npy, temporaryFolder } from "./fixtures/files.ts";

const FIVE_GIGABYTES = 5e9;

/** Writes an archive whose first array has zeros alone, which are not on disk, and no right checksum. */
function writeWithHole(path: string, arrays: Readonly<Record<string, Uint8Array>>): void {
  const header = formatNpyHeader("|u1", [1000, 5000, 1000]);
  const hole = { name: "hole.npy", offset: 0, size: header.length + FIVE_GIGABYTES, crc32: 1 };
  const file = openSync(path, "w");
  try {
    writeAll(file, Buffer.concat([localHeader(hole), header]), 0);
    const entries: ZipEntry[] = [hole];
    let end = localHeaderLength(hole.name) + hole.size;
    for (const [key, content] of Object.entries(arrays)) {
      const entry = { name: `${key}.npy`, offset: end, size: content.length, crc32: crc32(content) };
      writeAll(file, Buffer.concat([localHeader(entry), content]), end);
      entries.push(entry);
      end += localHeaderLength(entry.name) + content.length;
    }
    writeAll(file, centralDirectory(entries, end), end);
  } finally {
    closeSync(file);
  }
}

describe("an npz archive of more than 4 GiB", () => {
  const path = join(temporaryFolder(), "large.npz");
  writeWithHole(path, {
    images: npy([3, 1, 1, 3], Uint8Array.of(1, 2, 3, 40, 50, 60, 70, 80, 90), "|u1"),
    labels: npy([3], Uint8Array.of(0, 1, 0), "|u1"),
  });

  it("has files of any size, in any place", async () => {
    const members = await membersOfZip(path);
    assert.deepEqual(
      members.map(({ name }) => name),
      ["hole.npy", "images.npy", "labels.npy"],
    );
    assert.equal(members[0].available, FIVE_GIGABYTES + 128);
  });

  it("is read without what is not needed", async () => {
    const { train } = await arraysReader.read(path, {});
    assert.deepEqual([...train.images.data], [1, 2, 3, 40, 50, 60, 70, 80, 90]);
    assert.deepEqual([...train.labels], [0, 1, 0]);
    assert.deepEqual(await arraysReader.sizes!(path, {}), {
      sizes: [{ count: 3, height: 1, width: 1 }],
      counts: { train: 3 },
    });
  });
});
