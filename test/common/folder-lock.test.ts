import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../src/common/errors.ts";
import { FolderLock, userOf } from "../../src/common/folder-lock.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-lock-"));
after(() => rmSync(root, { recursive: true }));
const newFolder = () => mkdtempSync(join(root, "folder-"));

const HOLDER = fileURLToPath(new URL("fixtures/lock-holder.ts", import.meta.url));

/** Starts a program that locks the folder, prints "held" or the error, and keeps running. */
async function startHolder(folder: string): Promise<{ program: ChildProcess; said: string }> {
  const program = spawn(process.execPath, [HOLDER, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const [said] = await once(program.stdout!.setEncoding("utf8"), "data");
  return { program, said };
}

async function end(program: ChildProcess): Promise<void> {
  const ended = once(program, "exit");
  program.kill("SIGKILL");
  await ended;
}

describe("a lock on a folder", () => {
  it("is held by one program, which is named to the others, until it is released", async () => {
    const folder = newFolder();
    const lock = await FolderLock.acquire(folder);
    await assert.rejects(FolderLock.acquire(folder), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(
        error.message,
        `${folder} is in use by process ${process.pid} on ${hostname()}; wait for it, or end it`,
      );
      return true;
    });
    const { program, said } = await startHolder(folder);
    assert.match(said, new RegExp(`in use by process ${process.pid} on`));
    await end(program);
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
    (await FolderLock.acquire(folder)).release();
  });

  it("can be asked for, which changes nothing", async () => {
    const folder = newFolder();
    assert.equal(userOf(folder), undefined);
    const { program } = await startHolder(folder);
    assert.deepEqual(userOf(folder), { pid: program.pid, host: hostname() });
    await end(program);
    const before = readdirSync(folder);
    assert.equal(before.length, 1);
    assert.equal(userOf(folder), undefined);
    assert.deepEqual(readdirSync(folder), before);
  });

  it("ends with its holder, even on kill -9", async () => {
    const folder = newFolder();
    const { program, said } = await startHolder(folder);
    assert.equal(said, "held\n");
    await assert.rejects(FolderLock.acquire(folder), new RegExp(`process ${program.pid} on`));
    await end(program);
    assert.equal(readdirSync(folder).length, 1);
    const lock = await FolderLock.acquire(folder);
    assert.equal(readdirSync(folder).length, 1);
    lock.release();
    assert.deepEqual(readdirSync(folder), []);
  });

  it("is not kept alive by another process with its holder's id", {
    skip: process.platform !== "linux",
  }, async () => {
    const folder = newFolder();
    const lock = await FolderLock.acquire(folder);
    const [name] = readdirSync(folder);
    const content = readFileSync(join(folder, name), "utf8");
    lock.release();
    writeFileSync(join(folder, name), content);
    await assert.rejects(FolderLock.acquire(folder), /in use/);
    writeFileSync(join(folder, name), content.replace(/ \d+"/, ' 1"'));
    (await FolderLock.acquire(folder)).release();
    assert.deepEqual(readdirSync(folder), []);
  });

  it("of another host is respected, and the error names the file to remove", async () => {
    const folder = newFolder();
    const name = "experiment.elsewhere-1-1-0.lock";
    writeFileSync(join(folder, name), JSON.stringify({ pid: 1, host: "elsewhere", started: null, since: 1 }));
    await assert.rejects(FolderLock.acquire(folder), (error: Error) => {
      assert.match(
        error.message,
        /in use by process 1 on elsewhere; .*if it has ended, remove .*experiment\.elsewhere-1/,
      );
      return true;
    });
    assert.deepEqual(readdirSync(folder), [name]);
    writeFileSync(join(folder, name), "{}");
    await assert.rejects(FolderLock.acquire(folder), {
      name: "UsageError",
      message: /is no lock of this program/,
    });
  });

  it("of something else is named, and nothing is removed", {
    skip: process.platform === "win32",
  }, async () => {
    const host = hostname();
    const holder = { pid: 1, host, started: null, since: 1 };
    const contents: [unknown, RegExp][] = [
      [{ ...holder, pid: 2 ** 31 }, /pid: Too big/],
      [{ ...holder, pid: 2 ** 53 - 1 }, /pid: Too big/],
      [{ ...holder, pid: 2 ** 60 }, /pid: Too big/],
      [{ ...holder, pid: 0 }, /pid: Too small/],
      [{ ...holder, pid: -1 }, /pid: Too small/],
      [{ ...holder, pid: 1.5 }, /pid: expected int/],
      [{ ...holder, pid: "1" }, /pid: expected number, received string/],
      [{ ...holder, host: 5 }, /host: expected string/],
      [{ ...holder, since: null }, /since: expected number/],
      [{ ...holder, started: [] }, /started: expected string/],
      [null, /expected object, received null/],
      [[], /expected object, received array/],
      ["x".repeat(100_000), /it has 100002 bytes, more than the 65536/],
      [undefined, /it is a folder, not a file/],
    ];
    const name = "experiment.x.lock";
    for (const [content, reason] of contents) {
      const folder = newFolder();
      const path = join(folder, name);
      if (content === undefined) mkdirSync(path);
      else writeFileSync(path, JSON.stringify(content));
      const isNamed = (error: Error) => {
        assert.ok(error instanceof UsageError, String(error.stack));
        assert.ok(error.message.startsWith(`${path} is no lock of this program (`), error.message);
        assert.match(error.message, reason);
        assert.match(error.message, /\); remove it$/);
        return true;
      };
      await assert.rejects(FolderLock.acquire(folder), isNamed);
      assert.throws(() => userOf(folder), isNamed);
      assert.deepEqual(readdirSync(folder), [name]);
    }
    const folder = newFolder();
    execFileSync("mkfifo", [join(folder, name)]);
    await assert.rejects(FolderLock.acquire(folder), /is no lock of this program \(it is a named pipe, /);
  });

  it("goes to exactly one of many simultaneous programs, also when taken over from a killed one", async () => {
    for (let round = 0; round < 2; round++) {
      const folder = newFolder();
      const killed = await startHolder(folder);
      await end(killed.program);
      const holders = await Promise.all(Array.from({ length: 5 }, () => startHolder(folder)));
      const held = holders.filter(({ said }) => said === "held\n");
      assert.equal(held.length, 1, holders.map(({ said }) => said).join(""));
      await Promise.all(holders.map(({ program }) => end(program)));
    }
    const folder = newFolder();
    for (let round = 0; round < 20; round++) {
      const asked = await Promise.allSettled(Array.from({ length: 8 }, () => FolderLock.acquire(folder)));
      const locks = asked.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      assert.equal(locks.length, 1);
      locks[0].release();
      assert.deepEqual(readdirSync(folder), []);
    }
  });
});
