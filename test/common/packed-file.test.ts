// Files that the standalone executable unpacks to disk.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import { RunError } from "../../src/common/errors.ts";
import { packFile, unpackFile } from "../../src/common/packed-file.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-packed-"));
after(() => rmSync(folder, { recursive: true }));

const content = Buffer.from("the same words again and again. ".repeat(1000));

describe("a packed file", () => {
  it("is smaller, and is unpacked once to a path of its own content", () => {
    const packed = packFile(content);
    assert.ok(packed.length < content.length / 10);
    const path = unpackFile(packed, folder, "words.node");
    assert.equal(basename(path), "words.node");
    assert.deepEqual(readFileSync(path), content);
    const { ino } = statSync(path);
    assert.equal(unpackFile(packed, folder, "words.node"), path);
    assert.equal(statSync(path).ino, ino, "not written again");
    assert.notEqual(unpackFile(packFile(content.subarray(1)), folder, "words.node"), path);
    assert.deepEqual(readFileSync(path), content);
  });

  it("is unpacked again if the file on disk has changed", () => {
    const packed = packFile(content);
    const path = unpackFile(packed, folder, "changed.node");
    for (const damaged of [content.subarray(1), Buffer.alloc(0), Buffer.from(content).fill(0, 7, 8)]) {
      writeFileSync(path, damaged);
      assert.equal(unpackFile(packed, folder, "changed.node"), path);
      assert.deepEqual(readFileSync(path), content);
    }
  });

  it("may be empty", () => {
    assert.equal(readFileSync(unpackFile(packFile(new Uint8Array()), folder, "empty")).length, 0);
  });

  it("is an error of one line if the folder cannot be written", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    assert.throws(
      () => unpackFile(packFile(content), file, "words.node"),
      (error: Error) =>
        error instanceof RunError && error.message.includes(file) && !error.message.includes("\n"),
    );
  });
});
