import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { InterruptedError, RunError, UsageError } from "../../src/common/errors.ts";
import { selfCommand } from "../../src/common/self.ts";
import { takeWorkerOutput } from "../../src/common/worker-output.ts";
import { WorkerDiedError, WorkerPool, type WorkerPoolOptions } from "../../src/common/worker-pool.ts";
import type { TestResult, TestTask } from "./fixtures/worker.ts";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pool-"));
after(() => rmSync(folder, { recursive: true }));

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie process still has its id.
    return process.platform !== "linux" || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function waitUntilGone(pids: readonly number[]): Promise<void> {
  for (let i = 0; i < 100 && pids.some(isAlive); i++) await sleep(50);
  assert.deepEqual(pids.filter(isAlive), []);
}

describe("WorkerPool", () => {
  const pools: WorkerPool<TestTask, TestResult, number>[] = [];
  const create = (
    size: number,
    file = process.execPath,
    environment?: NodeJS.ProcessEnv,
    options: WorkerPoolOptions = {},
  ) => {
    const pool = new WorkerPool<TestTask, TestResult, number>("test", size, {
      command: { file, args: [fixture("worker")] },
      environment,
      ...options,
    });
    pools.push(pool);
    return pool;
  };
  afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

  it("sets or removes environment variables of its processes", async () => {
    const variableIn = async (environment?: NodeJS.ProcessEnv) =>
      (await create(1, process.execPath, environment).run({ does: "tell" })).variable;
    process.env.DEEPAUGMENT_TEST = "ours";
    try {
      assert.equal(await variableIn(), "ours");
      assert.equal(await variableIn({ DEEPAUGMENT_TEST: "theirs" }), "theirs");
      assert.equal(await variableIn({ DEEPAUGMENT_TEST: undefined }), undefined);
    } finally {
      delete process.env.DEEPAUGMENT_TEST;
    }
  });

  it("gives what its processes print to the program that asks for it, line by line", async () => {
    const lines: string[] = [];
    const undo = takeWorkerOutput((line) => lines.push(line));
    const code = "console.log('one');process.stderr.write('two\\nthree')";
    const nodeOptions = `--import=data:text/javascript,${code}`;
    try {
      const pool = create(1, process.execPath, undefined, { nodeOptions });
      await pool.run({ does: "double" });
      await pool.close();
    } finally {
      undo();
    }
    assert.deepEqual(lines.sort(), ["one", "three", "two"]);
  });

  it("runs tasks on at most `size` reused processes, with typed arrays and progress", async () => {
    const pool = create(2);
    assert.equal(pool.processIds.length, 0);
    const progress: number[] = [];
    const results = await Promise.all(
      [1, 2, 3, 4, 5].map((value) =>
        pool.run(
          { does: "double", values: Uint8Array.of(value, 7), milliseconds: 30 },
          { onProgress: (step) => progress.push(step) },
        ),
      ),
    );
    assert.deepEqual(
      results.map(({ values }) => [...values!]),
      [1, 2, 3, 4, 5].map((value) => [2 * value, 14]),
    );
    assert.equal(new Set(results.map(({ pid }) => pid)).size, 2);
    assert.deepEqual(progress.toSorted(), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    const pids = pool.processIds;
    await pool.close();
    assert.deepEqual(pids.filter(isAlive), []);
    await assert.rejects(pool.run({ does: "double" }), InterruptedError);
  });

  it("runs a task once more if its process dies", async () => {
    const pool = create(1);
    const first = await pool.run({ does: "double" });
    const [again, next] = await Promise.all([
      pool.run({ does: "die-once", file: join(folder, "died") }),
      pool.run({ does: "double" }),
    ]);
    assert.notEqual(again.pid, first.pid);
    assert.equal(next.pid, again.pid);
    await assert.rejects(pool.run({ does: "die" }), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(
        error.message,
        /^a worker process \(test\) ended 2 times in the same task: killed by SIGKILL/,
      );
      return true;
    });
    await assert.rejects(pool.run({ does: "exit" }), /exit code 3/);
    assert.ok((await pool.run({ does: "double" })).pid);
  });

  it("passes on a task's error with its class and does not run the task again", async () => {
    const pool = create(1);
    const { pid } = await pool.run({ does: "double" });
    await assert.rejects(pool.run({ does: "throw" }), { name: "RangeError", message: "out of range" });
    await assert.rejects(
      pool.run({ does: "usage" }),
      (error) => error instanceof UsageError && error.exitCode === 2 && error.message === "fix it",
    );
    await assert.rejects(
      pool.run({ does: "run" }),
      (error) => error instanceof RunError && error.exitCode === 1,
    );
    await assert.rejects(pool.run({ does: "unclonable" }), /could not be cloned/);
    const unclonable = { does: "double", file: (() => {}) as unknown as string } as const;
    await assert.rejects(pool.run(unclonable), /could not be cloned/);
    assert.equal((await pool.run({ does: "double" })).pid, pid);
  });

  it("runs a task once whose process dies, if the pool says so", async () => {
    const pool = create(1, process.execPath, undefined, { runs: 1 });
    await assert.rejects(pool.run({ does: "die-once", file: join(folder, "died-once") }), (error: Error) => {
      assert.ok(error instanceof WorkerDiedError);
      assert.match(error.message, /^a worker process \(test\) ended in a task: killed by SIGKILL/);
      assert.match(error.death, /^killed by SIGKILL/);
      return true;
    });
    assert.ok((await pool.run({ does: "double" })).pid);
  });

  it("ends a process whose task threw what it may be the cause of, if the pool says so", async () => {
    const asked: string[] = [];
    const endsAfter = (error: Error) => {
      asked.push(error.message);
      return !(error instanceof UsageError);
    };
    const pool = create(1, process.execPath, undefined, { endsAfter });
    const { pid } = await pool.run({ does: "double" });
    await assert.rejects(pool.run({ does: "throw" }), { name: "RangeError", message: "out of range" });
    const again = await pool.run({ does: "double" });
    assert.notEqual(again.pid, pid);
    assert.ok(!isAlive(pid));
    await assert.rejects(pool.run({ does: "usage" }), UsageError);
    assert.equal((await pool.run({ does: "double" })).pid, again.pid);
    assert.deepEqual(asked, ["out of range", "fix it"]);
    await assert.rejects(pool.run({ does: "throw" }), { name: "RangeError" });
    await pool.close();
    assert.ok(!isAlive(again.pid));
  });

  it("runs a task before those that wait, if the task says so", async () => {
    const pool = create(1);
    const order: string[] = [];
    const run = (name: string, isNext?: boolean) =>
      pool.run({ does: "double" }, { isNext, onStart: () => order.push(name) });
    await Promise.all([run("first"), run("second"), run("next", true)]);
    assert.deepEqual(order, ["first", "next", "second"]);
  });

  it("makes Linux kill its processes first if memory runs out", {
    skip: process.platform !== "linux",
  }, async () => {
    const ours = Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
    const { oomScore } = await create(1).run({ does: "tell" });
    assert.equal(oomScore, Math.min(ours + 500, 1000));
  });

  it("ends the process of an aborted task and drops an aborted waiting task", async () => {
    const pool = create(1);
    const running = new AbortController();
    const waiting = new AbortController();
    const first = pool.run({ does: "hang" }, { signal: running.signal, onProgress: () => running.abort() });
    const second = pool.run({ does: "double" }, { signal: waiting.signal });
    const third = pool.run({ does: "double" });
    const [pid] = pool.processIds;
    waiting.abort();
    await assert.rejects(second, InterruptedError);
    await assert.rejects(first, (error) => error instanceof InterruptedError && error.exitCode === 130);
    assert.ok(!isAlive(pid));
    assert.notEqual((await third).pid, pid);
    await assert.rejects(pool.run({ does: "double" }, { signal: running.signal }), InterruptedError);
  });

  it("ends the process of an aborted task that loops", async () => {
    const pool = create(1);
    const abort = new AbortController();
    const looping = pool.run({ does: "loop" }, { signal: abort.signal, onProgress: () => abort.abort() });
    const [pid] = pool.processIds;
    await assert.rejects(looping, InterruptedError);
    assert.ok(!isAlive(pid));
  });

  it("interrupts running and waiting tasks on close", async () => {
    const pool = create(1);
    const tasks = [pool.run({ does: "hang" }), pool.run({ does: "double" })];
    const outcomes = Promise.all(tasks.map((task) => assert.rejects(task, InterruptedError)));
    const pids = pool.processIds;
    await pool.close();
    await outcomes;
    assert.deepEqual(pids.filter(isAlive), []);
  });

  it("ignores SIGINT in the workers", async () => {
    const pool = create(1);
    const { pid } = await pool.run({ does: "double" });
    process.kill(pid, "SIGINT");
    await sleep(50);
    assert.equal((await pool.run({ does: "double" })).pid, pid);
  });

  it("reports a process that cannot be started", async () => {
    const pool = create(1, join(folder, "missing"));
    await assert.rejects(
      pool.run({ does: "double" }),
      (error) =>
        error instanceof RunError && /cannot start .*missing\): there is no such file/.test(error.message),
    );
  });

  for (const does of ["hang", "loop"] as const) {
    it(`leaves no orphan when the parent is killed with SIGKILL, if their tasks ${does}`, async () => {
      const parent = spawn(process.execPath, [fixture("parent"), does], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = await once(parent.stdout.setEncoding("utf8"), "data");
      const pids: number[] = JSON.parse(line);
      assert.equal(pids.length, 2);
      assert.ok(pids.every(isAlive));
      // Until they are in their tasks.
      await sleep(500);
      parent.kill("SIGKILL");
      await waitUntilGone(pids);
    });
  }

  it("ends a process that reports nothing for longer than the limit, and whose task loops", async () => {
    const pool = create(1, process.execPath, undefined, { runs: 1, silenceLimit: 4000 });
    const { pid } = await pool.run({ does: "double" });
    const progress: number[] = [];
    const looping = pool.run({ does: "loop" }, { onProgress: (step) => progress.push(step) });
    await assert.rejects(looping, (error: Error) => {
      assert.ok(error instanceof WorkerDiedError);
      assert.match(error.death, /^killed because it reported nothing for \d+ s$/);
      return true;
    });
    assert.deepEqual(progress, [1]);
    assert.notEqual((await pool.run({ does: "double" })).pid, pid);
    await waitUntilGone([pid]);
  });

  it("ends a process that takes more memory than it may, while it computes", async () => {
    const pool = create(1, process.execPath, undefined, { runs: 1 });
    await assert.rejects(pool.run({ does: "grow" }), (error: Error) => {
      assert.ok(error instanceof WorkerDiedError);
      assert.match(error.death, /^killed by SIGKILL \(often because memory ran out/);
      return true;
    });
  });

  it("runs a task that has hung again, if the pool says so", async () => {
    const pool = create(1, process.execPath, undefined, { runs: 2, silenceLimit: 3000 });
    await assert.rejects(
      pool.run({ does: "loop" }),
      /^RunError: a worker process \(test\) ended 2 times in the same task: killed because it reported nothing for \d+ s$/,
    );
  });

  it("does not keep a program alive that does not close it", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [fixture("parent"), "forget"], {
      timeout: 10_000,
    });
    await waitUntilGone(JSON.parse(stdout));
  });
});

describe("selfCommand", () => {
  it("starts this program's own entry", async () => {
    const { file, args } = selfCommand();
    assert.equal(file, process.execPath);
    assert.match(args[0], /bin.deepaugment\.ts$/);
  });
});
