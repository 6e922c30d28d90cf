// Trainings for real in worker processes that die, hang or throw.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { InterruptedError, RunError, UsageError } from "../../../src/common/errors.ts";
import { writeSubsets } from "../../../src/dataset/subset-file.ts";
import { findAddon } from "../../../src/engine/native/addon.ts";
import { noAugmentation } from "../../../src/policy/policy.ts";
import { type ContentRef, contentRef } from "../../../src/search/content.ts";
import { ExecutorError, TrainingFailedError } from "../../../src/search/executors/executor.ts";
import { InProcessExecutor } from "../../../src/search/executors/in-process.ts";
import { ProcessExecutor } from "../../../src/search/executors/processes.ts";
import { RetryingExecutor } from "../../../src/search/executors/retrying.ts";
import type { TrainingResult, TrainingTask } from "../../../src/search/training.ts";
import { loadSample, slice } from "../../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-executor-"));
const worker = fileURLToPath(new URL("training-worker.ts", import.meta.url));
let subsets: ContentRef;

before(async () => {
  process.env.DEEPAUGMENT_TEST = join(root, "mark");
  const { train } = await loadSample();
  const path = join(root, "subsets.bin");
  writeSubsets(path, { train: slice(train, 0, 20), validation: slice(train, 32, 42), classes: 10 });
  subsets = contentRef(path);
});
after(() => {
  delete process.env.DEEPAUGMENT_TEST;
  rmSync(root, { recursive: true });
});

const engine = "missing" in findAddon() ? "wasm" : "native";
const taskOf = (trial: number, more: Partial<TrainingTask> = {}): TrainingTask => ({
  ...{ trial, sample: 0, policy: noAugmentation(1, 2), seed: 1, model: "basiccnn" },
  ...{ engine, precision: "float32", threads: 1, epochs: 2, batchSize: 10, subsets },
  ...more,
});
const losses = ({ history }: TrainingResult) => history.map(({ loss }) => loss);

/** The process of each run of a trial. */
const processesOf = (trial: number) =>
  readFileSync(join(root, `mark-${trial}`), "utf8")
    .trimEnd()
    .split("\n")
    .map(Number);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has ended and that nobody has waited for yet still has its number.
    return process.platform !== "linux" || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("ProcessExecutor, with a second run", () => {
  // Longer than a process takes to start and to train an epoch, also on a busy machine.
  const silence = { first: 60_000, least: 6000, epochs: 0 };
  const processes = new ProcessExecutor(2, { command: { file: process.execPath, args: [worker] } });
  const executor = new RetryingExecutor(processes, { silence });
  after(() => executor.close());
  const whole = () => executor.train(taskOf(0), {}).then(losses);

  it("runs a training again whose process dies or throws, in another process, with the same result", async () => {
    const expected = await whole();
    for (const trial of [2, 3]) {
      let starts = 0;
      const result = await executor.train(taskOf(trial), { onStart: () => starts++ });
      assert.equal(starts, 2);
      assert.deepEqual(losses(result), expected);
      const [first, second] = processesOf(trial);
      assert.notEqual(second, first);
      assert.ok(!isAlive(first));
    }
  });

  it("kills one that hangs, once an epoch was reported, and runs it again", {
    skip: process.platform === "win32",
  }, async () => {
    const expected = await whole();
    let starts = 0;
    const result = await executor.train(taskOf(1), { onStart: () => starts++ });
    assert.equal(starts, 2);
    assert.deepEqual(losses(result), expected);
    const [first, second] = processesOf(1);
    assert.notEqual(second, first);
    assert.ok(!isAlive(first));
  });

  it("gives up a training that fails twice, and says why", async () => {
    for (const [trial, reason] of [
      [4, /^killed by SIGKILL \(often because memory ran out; fewer workers need less\)$/],
      [5, /^no memory$/],
    ] as const) {
      await assert.rejects(executor.train(taskOf(trial), {}), (error) => {
        assert.ok(error instanceof TrainingFailedError && error instanceof RunError);
        assert.match(error.message, new RegExp(`^the training of trial ${trial}, sample 0 failed twice: `));
        assert.match(error.reason, reason);
        return true;
      });
    }
  });

  it("gives up a training that hangs twice, and says so", {
    skip: process.platform === "win32",
  }, async () => {
    const short = new RetryingExecutor(processes, { silence: { first: 60_000, least: 300, epochs: 0 } });
    await assert.rejects(short.train(taskOf(7), {}), (error) => {
      assert.ok(error instanceof TrainingFailedError);
      assert.match(error.reason, /^hung: reported nothing for \d+ s$/);
      return true;
    });
    assert.deepEqual(processesOf(7).filter(isAlive), []);
  });

  it("passes on what the user has to fix", async () => {
    await assert.rejects(executor.train(taskOf(6), {}), (error) => error instanceof UsageError);
    assert.equal(processesOf(6).length, 1);
    const broken = new RetryingExecutor(
      new ProcessExecutor(1, { command: { file: join(root, "missing"), args: [] } }),
    );
    await assert.rejects(
      broken.train(taskOf(0), {}),
      (error) => error instanceof RunError && !(error instanceof TrainingFailedError),
    );
    await assert.rejects(broken.train(taskOf(0), {}), ExecutorError);
    await broken.close();
  });
});

describe("ProcessExecutor alone", () => {
  it("runs each training once", async () => {
    const executor = new ProcessExecutor(1, { command: { file: process.execPath, args: [worker] } });
    const before = processesOf(4).length;
    await assert.rejects(
      executor.train(taskOf(4), {}),
      (error) => error instanceof RunError && /^killed by SIGKILL /.test(error.message),
    );
    assert.equal(processesOf(4).length, before + 1);
    const stop = new AbortController();
    const stopped = executor.train(taskOf(0), { signal: stop.signal, onEpoch: () => stop.abort() });
    await assert.rejects(stopped, InterruptedError);
    assert.equal((await executor.train(taskOf(0), {})).history.length, 2);
    await executor.close();
  });
});

describe("InProcessExecutor, with a second run", () => {
  it("runs a training twice before it gives it up", async () => {
    const executor = new RetryingExecutor(new InProcessExecutor());
    let starts = 0;
    const missing = taskOf(1, { subsets: { digest: "0".repeat(64), path: join(root, "none.bin") } });
    await assert.rejects(
      executor.train(missing, { onStart: () => starts++ }),
      (error) => error instanceof TrainingFailedError && /none\.bin|no such file/.test(error.reason),
    );
    assert.equal(starts, 2);
    assert.equal((await executor.train(taskOf(0), {})).history.length, 2);
    await executor.close();
  });
});
