// What is read if something else than an ordinary file is there: nothing waits, and nothing without an end is read.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { z } from "zod";
import { appendWhole, readJson, readText } from "../../src/common/files.ts";
import { openOrdinaryFile, readOrdinaryFile } from "../../src/common/ordinary-files.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-ordinary-"));
after(() => rmSync(root, { recursive: true }));
const at = (name: string) => join(root, name);

describe("an ordinary file", () => {
  it("is read whole, also by a link to it", () => {
    writeFileSync(at("file"), "content");
    symlinkSync(at("file"), at("link"));
    for (const path of [at("file"), at("link"), Buffer.from(at("file"))]) {
      assert.equal(readOrdinaryFile(path).toString(), "content");
    }
    writeFileSync(at("empty"), "");
    assert.equal(readOrdinaryFile(at("empty")).length, 0);
  });

  it("is read whole if its size is not known", { skip: process.platform !== "linux" }, () => {
    assert.match(readOrdinaryFile("/proc/self/status").toString(), /^Name:/);
    assert.throws(
      () => readOrdinaryFile("/proc/self/status", 10),
      /more than the 10 that such a file may have/,
    );
  });

  it("is refused if it is larger than its kind may be", () => {
    writeFileSync(at("sparse"), "");
    truncateSync(at("sparse"), 2 ** 33);
    assert.throws(() => readOrdinaryFile(at("sparse"), 1000), {
      message: "it has 8589934592 bytes, more than the 1000 that such a file may have",
    });
    assert.throws(() => readText(at("sparse")), {
      name: "UsageError",
      message: /^cannot read .*sparse: it has 8589934592 bytes, more than the 2147483647 that/,
    });
  });
});

describe("what is no ordinary file", { skip: process.platform === "win32" }, () => {
  mkdirSync(at("folder"));
  execFileSync("mkfifo", [at("pipe")]);
  symlinkSync(at("pipe"), at("link-to-pipe"));
  const server = createServer().listen(at("socket"));
  after(() => server.close());
  const others: [path: string, reason: string][] = [
    [at("folder"), "it is a folder, not a file"],
    [at("pipe"), "it is a named pipe, not an ordinary file"],
    [at("link-to-pipe"), "it is a named pipe, not an ordinary file"],
    [at("socket"), "it is a socket, not an ordinary file"],
    ["/dev/zero", "it is a device, not an ordinary file"],
    ["/dev/null", "it is a device, not an ordinary file"],
  ];
  for (const [path, reason] of others) {
    it(`is not read: ${path.replace(root, "")}`, {
      skip: path !== at("socket") && !existsSync(path),
    }, async () => {
      if (!existsSync(path)) await new Promise((resolve) => server.once("listening", resolve));
      assert.throws(() => openOrdinaryFile(path), { message: reason });
      assert.throws(() => readOrdinaryFile(path), { message: reason });
      assert.throws(() => readText(path), { name: "UsageError", message: `cannot read ${path}: ${reason}` });
      assert.throws(() => readJson(path, z.unknown()), {
        name: "UsageError",
        message: `cannot read ${path}: ${reason}; restore the file as it was written`,
      });
    });
  }

  it("is not waited for by what appends", () => {
    assert.throws(() => appendWhole(at("pipe"), "line\n"), {
      name: "RunError",
      message: /^cannot write .*pipe: it is a named pipe that nothing reads, or a socket$/,
    });
  });

  it("and what is missing have the system's reasons", () => {
    assert.throws(() => readText(at("none")), /none: there is no such file or folder$/);
    assert.throws(() => readText(join(at("file"), "below")), /below: a part of the path is not a folder$/);
  });
});
