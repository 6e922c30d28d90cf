// Two programs and one output folder: one works, the others get one line.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../src/common/errors.ts";
import { applyTo, contentsOf, writePicture, writePolicies } from "./pictures.ts";

const HOLDER = fileURLToPath(new URL("../common/fixtures/lock-holder.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "deepaugment-apply-lock-"));
after(() => rmSync(root, { recursive: true }));
const data = join(root, "data");
const policyPath = writePolicies(join(root, "policies.json"), [[[{ type: "rotate", magnitude: 0.4 }]]]);

before(async () => {
  for (const [i, path] of ["a/1.png", "a/2.png", "b/1.png", "b/2.png"].entries())
    await writePicture(join(data, path), i);
});

/** Another program that works in the folder. */
async function startHolder(folder: string): Promise<ChildProcess> {
  mkdirSync(folder, { recursive: true });
  const program = spawn(process.execPath, [HOLDER, folder, "apply"], { stdio: ["pipe", "pipe", "inherit"] });
  const [said] = await once(program.stdout!.setEncoding("utf8"), "data");
  assert.equal(said, "held\n");
  return program;
}

async function end(program: ChildProcess): Promise<void> {
  const ended = once(program, "exit");
  program.kill("SIGKILL");
  await ended;
}

describe("the output folder of apply", () => {
  it("is refused while another program works in it, with --resume too, and is free after its kill -9", async () => {
    const out = join(root, "held");
    const program = await startHolder(out);
    for (const resume of [false, true]) {
      await assert.rejects(
        applyTo(root, data, { policyPath, out, resume }),
        new UsageError(`${out} is in use by process ${program.pid} on ${hostname()}; wait for it, or end it`),
      );
    }
    await end(program);
    assert.equal((await applyTo(root, data, { policyPath, out })).originals, 4);
    assert.ok(!readdirSync(out).some((name) => name.endsWith(".lock")));
  });

  it("is taken by one of several runs that begin at the same time, whose result is whole", async () => {
    const whole = await applyTo(root, data, { policyPath });
    const out = join(root, "contested");
    const runs = await Promise.allSettled([1, 2, 3].map(() => applyTo(root, data, { policyPath, out })));
    const refused = runs.flatMap((run) => (run.status === "rejected" ? [run.reason] : []));
    assert.equal(refused.length, 2);
    for (const error of refused) {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^\S+ is in use by process \d+ on \S+; wait for it, or end it$/);
    }
    assert.deepEqual(contentsOf(out), contentsOf(whole.out));
  });

  it("gets no lock beside files of the user's, and is not left behind empty", async () => {
    const own = join(root, "own");
    mkdirSync(own);
    writeFileSync(join(own, "notes.txt"), "mine");
    await assert.rejects(applyTo(root, data, { policyPath, out: own }), /is not empty; give another --out/);
    assert.deepEqual(readdirSync(own), ["notes.txt"]);
    const out = join(root, "unused");
    await assert.rejects(applyTo(root, join(root, "nothing"), { policyPath, out }), UsageError);
    assert.equal(existsSync(out), false);
  });
});
