import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { RunError } from "../../src/common/errors.ts";
import { removeTemporaryFiles, temporaryName, writeFileWhole } from "../../src/common/files.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-files-"));
after(() => rmSync(root, { recursive: true }));

describe("files written whole", () => {
  for (const flush of [true, false]) {
    it(`are made with their folders, and written over${flush ? "" : ", also unflushed"}`, () => {
      const path = join(root, String(flush), "deep", "file.txt");
      writeFileWhole(path, "one", { flush });
      writeFileWhole(path, [Buffer.from("t"), Buffer.from("wo")], { flush });
      assert.equal(readFileSync(path, "utf8"), "two");
      assert.deepEqual(readdirSync(join(path, "..")), ["file.txt"]);
    });
  }

  it("may have names as long as the file system takes", () => {
    const name = "é".repeat(127);
    writeFileWhole(join(root, "long", name), "content");
    assert.deepEqual(readdirSync(join(root, "long")), [name]);
  });

  it("leave nothing where they cannot be written", () => {
    writeFileWhole(join(root, "file"), "content");
    assert.throws(() => writeFileWhole(join(root, "file", "below"), "content"), RunError);
    assert.equal(readFileSync(join(root, "file"), "utf8"), "content");
  });

  it("leave temporary files only when killed; those are removed, and no others", () => {
    const folder = join(root, "killed");
    writeFileWhole(join(folder, "below", "a.png"), "whole");
    writeFileSync(temporaryName(join(folder, "below", "a.png")), "half");
    writeFileSync(temporaryName(join(folder, "b.csv")), "half");
    writeFileWhole(join(folder, "mine.tmp"), "whole");
    removeTemporaryFiles(folder);
    assert.deepEqual(readdirSync(folder).sort(), ["below", "mine.tmp"]);
    assert.deepEqual(readdirSync(join(folder, "below")), ["a.png"]);
  });
});
