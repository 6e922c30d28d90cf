import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { RunError } from "../../src/common/errors.ts";
import { appendWhole, removeTemporaryFiles, temporaryName, writeFileWhole } from "../../src/common/files.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-files-"));
after(() => rmSync(root, { recursive: true }));

describe("files written atomically", () => {
  for (const flush of [true, false]) {
    it(`are created with their folders and overwritten${flush ? "" : ", also without flushing"}`, () => {
      const path = join(root, String(flush), "deep", "file.txt");
      writeFileWhole(path, "one", { flush });
      writeFileWhole(path, [Buffer.from("t"), Buffer.from("wo")], { flush });
      assert.equal(readFileSync(path, "utf8"), "two");
      assert.deepEqual(readdirSync(join(path, "..")), ["file.txt"]);
    });
  }

  it("may have names as long as the file system allows", () => {
    const name = "é".repeat(127);
    writeFileWhole(join(root, "long", name), "content");
    assert.deepEqual(readdirSync(join(root, "long")), [name]);
  });

  it("leave nothing behind if they cannot be written", () => {
    writeFileWhole(join(root, "file"), "content");
    assert.throws(() => writeFileWhole(join(root, "file", "below"), "content"), RunError);
    assert.equal(readFileSync(join(root, "file"), "utf8"), "content");
  });

  it("leave temporary files only if killed; only those are removed", () => {
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

describe("text that is appended", () => {
  it("is added to the file; a path that is not a file is reported", () => {
    const path = join(root, "appended.csv");
    appendWhole(path, "a\n");
    appendWhole(path, "é\n", { flush: false });
    assert.equal(readFileSync(path, "utf8"), "a\né\n");
    assert.throws(
      () => appendWhole(root, "x"),
      (error) =>
        error instanceof RunError && error.message === `cannot write ${root}: it is a folder, not a file`,
    );
  });

  it("leaves the file unchanged if there is space for only part of it", {
    skip: process.platform === "win32",
  }, () => {
    const path = join(root, "limited.csv");
    const files = new URL("../../src/common/files.ts", import.meta.url).pathname;
    const program = `import { appendWhole } from ${JSON.stringify(files)};
      appendWhole(${JSON.stringify(path)}, "a\\n");
      try { appendWhole(${JSON.stringify(path)}, "b".repeat(3000)); } catch (error) { console.log(error.message); }
      appendWhole(${JSON.stringify(path)}, "c\\n");`;
    // The limit on a file's size, in blocks of 1024 bytes: one write call writes a part, the next one fails.
    const script = 'ulimit -f 1; exec "$0" --input-type=module-typescript --eval "$1"';
    const { stdout, stderr } = spawnSync("bash", ["-c", script, process.execPath, program], {
      encoding: "utf8",
    });
    assert.match(stdout, /^cannot write .*limited\.csv: the file may not grow any further/, stderr);
    assert.equal(readFileSync(path, "utf8"), "a\nc\n");
  });
});
