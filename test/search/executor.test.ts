// Trainings for real whose processes die, hang or throw.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { EpochResult } from "../../src/child/reward.ts";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { writeSubsets } from "../../src/dataset/subset-file.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { InProcessExecutor, ProcessExecutor, TrainingFailedError } from "../../src/search/executor.ts";
import type { TrainingTask } from "../../src/search/training.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-executor-"));
const subsetsPath = join(root, "subsets.bin");
const worker = fileURLToPath(new URL("fixtures/training-worker.ts", import.meta.url));

before(async () => {
  process.env.DEEPAUGMENT_TEST = join(root, "mark");
  const { train } = await loadSample();
  writeSubsets(subsetsPath, { train: slice(train, 0, 20), validation: slice(train, 32, 42), classes: 10 });
});
after(() => {
  delete process.env.DEEPAUGMENT_TEST;
  rmSync(root, { recursive: true });
});

const taskOf = (trial: number, more: Partial<TrainingTask> = {}): TrainingTask => ({
  ...{ trial, sample: 0, policy: noAugmentation(1, 2), seed: 1, model: "basiccnn" },
  ...{ engine: "wasm", precision: "float32", threads: 1, epochs: 2, batchSize: 10, subsetsPath },
  ...more,
});
const losses = (history: readonly EpochResult[]) => history.map(({ loss }) => loss);

describe("ProcessExecutor", () => {
  // Longer than a process takes to start and to train an epoch, also on a busy machine.
  const limits = { first: 60_000, least: 6000, medians: 0 };
  const executor = new ProcessExecutor(2, { command: { file: process.execPath, args: [worker] }, limits });
  after(() => executor.close());
  const whole = () => executor.train(taskOf(0), {}).then(losses);

  it("runs a training again whose process dies or throws, with the same result", async () => {
    const expected = await whole();
    for (const trial of [2, 3]) {
      let starts = 0;
      const history = await executor.train(taskOf(trial), { onStart: () => starts++ });
      assert.equal(starts, 2);
      assert.deepEqual(losses(history), expected);
    }
  });

  it("kills one that hangs, once another has ended, and runs it again", {
    skip: process.platform === "win32",
  }, async () => {
    const expected = await whole();
    let starts = 0;
    const history = await executor.train(taskOf(1), { onStart: () => starts++ });
    assert.equal(starts, 2);
    assert.deepEqual(losses(history), expected);
  });

  it("gives a training up that fails twice, telling why", async () => {
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

  it("passes on what the user has to mend", async () => {
    await assert.rejects(executor.train(taskOf(6), {}), (error) => error instanceof UsageError);
    const broken = new ProcessExecutor(1, { command: { file: join(root, "missing"), args: [] } });
    await assert.rejects(
      broken.train(taskOf(0), {}),
      (error) => error instanceof RunError && !(error instanceof TrainingFailedError),
    );
    await broken.close();
  });
});

describe("InProcessExecutor", () => {
  it("runs a training twice before it gives it up", async () => {
    const executor = new InProcessExecutor();
    let starts = 0;
    const missing = taskOf(1, { subsetsPath: join(root, "none.bin") });
    await assert.rejects(
      executor.train(missing, { onStart: () => starts++ }),
      (error) => error instanceof TrainingFailedError && /none\.bin|no such file/.test(error.reason),
    );
    assert.equal(starts, 2);
    assert.equal((await executor.train(taskOf(0), {})).length, 2);
    await executor.close();
  });
});
