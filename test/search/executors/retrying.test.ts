// The second run and the limit on silence, on a made-up executor and a made-up clock.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { setImmediate } from "node:timers/promises";
import { InterruptedError, RunError, StorageError, UsageError } from "../../../src/common/errors.ts";
import { noAugmentation, type Policy } from "../../../src/policy/policy.ts";
import {
  type Executor,
  ExecutorError,
  TrainingFailedError,
  type TrainOptions,
} from "../../../src/search/executors/executor.ts";
import { RetryingExecutor, type RetryOptions } from "../../../src/search/executors/retrying.ts";
import { quietTimes } from "../../../src/search/executors/silence-limit.ts";
import type { TrainingResult, TrainingTask } from "../../../src/search/training.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const epoch = (number: number) => ({
  ...{ epoch: number, loss: 1, accuracy: 0.5, validationLoss: 1, validationAccuracy: 0.5, seconds: 1 },
});
const taskOf = (trial: number, policy: Policy = noAugmentation(1, 2)) =>
  ({ trial, sample: 0, policy }) as TrainingTask;
/** Adds as many images as there are, for each chain. */
const large = (chains: number): Policy => ({ ...noAugmentation(chains, 2), portion: 1 });

interface Call {
  readonly task: TrainingTask;
  readonly options: TrainOptions;
  readonly resolve: (result: TrainingResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Trainings do what the test says; an abort ends them, unless the executor is deaf. */
class HandledExecutor implements Executor {
  readonly workers = 3;
  readonly calls: Call[] = [];
  readonly #isDeaf: boolean;
  isClosed = false;

  constructor(isDeaf = false) {
    this.#isDeaf = isDeaf;
  }

  train(task: TrainingTask, options: TrainOptions): Promise<TrainingResult> {
    return new Promise((resolve, reject) => {
      this.calls.push({ task, options, resolve, reject });
      if (this.#isDeaf) return;
      options.signal?.addEventListener("abort", () => reject(new InterruptedError("interrupted")));
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

describe("RetryingExecutor", () => {
  it("passes on workers, options and results, and closes the other executor", async () => {
    const inner = new HandledExecutor();
    const executor = new RetryingExecutor(inner);
    assert.equal(executor.workers, 3);
    const events: string[] = [];
    const running = executor.train(taskOf(1), {
      onStart: () => events.push("start"),
      onEpoch: ({ epoch }) => events.push(`epoch ${epoch}`),
    });
    const [{ options, resolve }] = inner.calls;
    assert.ok(!options.isRerun);
    options.onStart?.();
    options.onEpoch?.(epoch(1));
    resolve({ history: [epoch(1)] });
    assert.deepEqual(await running, { history: [epoch(1)] });
    assert.deepEqual(events, ["start", "epoch 1"]);
    await executor.close();
    assert.ok(inner.isClosed);
  });

  it("runs a failed training once more, before all others, and reports its start again", async () => {
    const inner = new HandledExecutor();
    const executor = new RetryingExecutor(inner);
    let starts = 0;
    const running = executor.train(taskOf(1), { onStart: () => starts++ });
    inner.calls[0].options.onStart?.();
    inner.calls[0].reject(new RangeError("no memory"));
    await setImmediate();
    assert.equal(inner.calls[1].options.isRerun, true);
    inner.calls[1].options.onStart?.();
    inner.calls[1].resolve({ history: [] });
    await running;
    assert.equal(starts, 2);
  });

  it("gives up after the second failure, with the last reason, for any thrown value", async () => {
    for (const thrown of [new RangeError("no\n  memory"), "no memory"]) {
      const inner = new HandledExecutor();
      const running = new RetryingExecutor(inner).train(taskOf(4), {});
      inner.calls[0].reject(new Error("something else"));
      await setImmediate();
      inner.calls[1].reject(thrown);
      await assert.rejects(running, (error) => {
        assert.ok(error instanceof TrainingFailedError);
        assert.equal(error.message, "the training of trial 4, sample 0 failed twice: no memory");
        return error.reason === "no memory";
      });
      assert.equal(inner.calls.length, 2);
    }
  });

  it("does not run again after an error that is not the training's", async () => {
    const errors = [
      new UsageError("fix it"),
      new InterruptedError("the workers have been ended"),
      new StorageError("no space left on the device"),
      new ExecutorError("no process can be started"),
      new TrainingFailedError(taskOf(1), "it was run twice already"),
    ];
    for (const error of errors) {
      const inner = new HandledExecutor();
      const running = new RetryingExecutor(inner).train(taskOf(1), {});
      inner.calls[0].reject(error);
      await assert.rejects(running, (thrown) => thrown === error);
      assert.equal(inner.calls.length, 1);
    }
  });

  it("does not run an aborted training again", async () => {
    const inner = new HandledExecutor();
    const stop = new AbortController();
    const executor = new RetryingExecutor(inner);
    const aborted = executor.train(taskOf(1), { signal: stop.signal });
    const failed = executor.train(taskOf(2), { signal: stop.signal });
    inner.calls[1].reject(new Error("lost"));
    stop.abort();
    await assert.rejects(aborted, InterruptedError);
    await assert.rejects(failed, InterruptedError);
    assert.equal(inner.calls.length, 2);
  });
});

describe("a training that is silent", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
  afterEach(() => mock.timers.reset());

  /** Lets time pass, in small steps, so that promises that are settled are seen. */
  const pass = async (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += SECOND) {
      mock.timers.tick(Math.min(SECOND, milliseconds - passed));
      await setImmediate();
    }
  };
  const executorOn = (inner: Executor, options: RetryOptions = {}) =>
    new RetryingExecutor(inner, { now: () => Date.now(), ...options });
  /** Begins a training; `fate` is undefined until it ends. */
  const begin = (
    executor: Executor,
    inner: HandledExecutor,
    task: TrainingTask,
    options: TrainOptions = {},
  ) => {
    const state: { fate?: unknown } = {};
    const running = executor.train(task, options).then(
      (result) => (state.fate = result),
      (error) => (state.fate = error),
    );
    const call = inner.calls.length - 1;
    inner.calls[call].options.onStart?.();
    return { state, running, call: inner.calls[call] };
  };
  const isAborted = ({ call }: ReturnType<typeof begin>) => call.options.signal?.aborted;
  /** A training of one epoch that takes this long. */
  const epochOf = async (
    executor: Executor,
    inner: HandledExecutor,
    milliseconds: number,
    policy?: Policy,
  ) => {
    const { call, running } = begin(executor, inner, taskOf(0, policy));
    await pass(milliseconds);
    call.options.onEpoch?.(epoch(1));
    call.resolve({ history: [epoch(1)] });
    await running;
  };

  it("has an hour for the first epoch of all", async () => {
    const inner = new HandledExecutor();
    const first = begin(executorOn(inner), inner, taskOf(1));
    await pass(HOUR - MINUTE);
    assert.ok(!isAborted(first));
    await pass(2 * MINUTE);
    assert.ok(isAborted(first));
    assert.equal(inner.calls.length, 2, "it runs again");
  });

  it("after its first epoch is noticed within ten of its epochs, at least a minute", async () => {
    for (const [first, limit] of [
      [2 * SECOND, MINUTE],
      [30 * SECOND, 5 * MINUTE],
    ]) {
      const inner = new HandledExecutor();
      const hanging = begin(executorOn(inner), inner, taskOf(1));
      await pass(first);
      hanging.call.options.onEpoch?.(epoch(1));
      await pass(limit - 2 * SECOND);
      assert.ok(!isAborted(hanging));
      await pass(20 * SECOND);
      assert.ok(isAborted(hanging));
    }
  });

  it("before its first epoch is noticed by the epochs of other trainings", async () => {
    const inner = new HandledExecutor();
    const executor = executorOn(inner);
    // It began first, and has been silent for a while when the other one reports.
    const hanging = begin(executor, inner, taskOf(1));
    await epochOf(executor, inner, 20 * SECOND);
    await pass(3 * MINUTE - 30 * SECOND);
    assert.ok(!isAborted(hanging));
    await pass(MINUTE);
    assert.ok(isAborted(hanging));
    const later = begin(executor, inner, taskOf(2));
    await pass(3 * MINUTE);
    assert.ok(!isAborted(later));
    await pass(MINUTE);
    assert.ok(isAborted(later));
  });

  it("has longer if it has more images, and not less if it has fewer", async () => {
    const inner = new HandledExecutor();
    const executor = executorOn(inner);
    await epochOf(executor, inner, 30 * SECOND);
    const three = begin(executor, inner, taskOf(1, large(2)));
    await pass(14 * MINUTE);
    assert.ok(!isAborted(three));
    await pass(2 * MINUTE);
    assert.ok(isAborted(three));

    const slow = new HandledExecutor();
    const other = executorOn(slow);
    await epochOf(other, slow, 30 * SECOND, large(2));
    const one = begin(other, slow, taskOf(1));
    await pass(4 * MINUTE);
    assert.ok(!isAborted(one));
    await pass(2 * MINUTE);
    assert.ok(isAborted(one));
  });

  it("has longer for work that it does not report", async () => {
    // 50,000 images with reports after 4,096: the moments of 391 batches, and two tests of 10,000 images.
    const work = { trainImages: 50_000, batchSize: 128, judgedImages: 20_000, reportedImages: 4096 };
    const quiet = quietTimes(work);
    assert.ok(quiet > 17 && quiet < 17.2, `${quiet}`);
    // At least 50 batches.
    assert.equal(
      quietTimes({ trainImages: 160, batchSize: 64, judgedImages: 80, reportedImages: 160 }),
      20.5,
    );
    const inner = new HandledExecutor();
    const executor = executorOn(inner, { quiet });
    await epochOf(executor, inner, 30 * SECOND);
    const judged = begin(executor, inner, taskOf(1));
    await pass(13 * MINUTE);
    assert.ok(!isAborted(judged));
    await pass(MINUTE);
    assert.ok(isAborted(judged));
  });

  it("twice has failed for good; an epoch now and then is enough to live", async () => {
    const inner = new HandledExecutor();
    const executor = executorOn(inner, { silence: { least: 30 * SECOND, epochs: 0 } });
    await epochOf(executor, inner, SECOND);
    const living = begin(executor, inner, taskOf(1));
    for (let i = 1; i < 10; i++) {
      await pass(20 * SECOND);
      living.call.options.onEpoch?.(epoch(i));
    }
    assert.ok(!isAborted(living));
    assert.equal(inner.calls.length, 2, "it is not run again");
    living.call.resolve({ history: [] });
    await living.running;
    const hanging = begin(executor, inner, taskOf(2));
    await pass(MINUTE);
    inner.calls.at(-1)?.options.onStart?.();
    await pass(MINUTE);
    assert.ok(hanging.state.fate instanceof TrainingFailedError);
    assert.match(hanging.state.fate.reason, /^hung: reported nothing for \d+ s$/);
  });

  it("is not watched while it waits for its turn", async () => {
    const inner = new HandledExecutor();
    const executor = executorOn(inner);
    await epochOf(executor, inner, SECOND);
    executor.train(taskOf(1), {});
    await pass(2 * HOUR);
    assert.ok(!inner.calls.at(-1)?.options.signal?.aborted);
  });

  it("does not count time in which this program was suspended", async () => {
    const inner = new HandledExecutor();
    let asleep = 0;
    const executor = new RetryingExecutor(inner, { now: () => Date.now() + asleep });
    await epochOf(executor, inner, SECOND);
    const running = begin(executor, inner, taskOf(1));
    await pass(30 * SECOND);
    asleep = 8 * HOUR;
    await pass(15 * SECOND);
    assert.ok(!isAborted(running));
    running.call.options.onEpoch?.(epoch(1));
    // The epoch counts as 55 seconds at most: those that passed, and the longest time between two looks, twice.
    await pass(10 * MINUTE);
    assert.ok(isAborted(running), "nor was it learnt as the time of an epoch");
  });

  it("runs again even if its executor does not end it; late reports of the first run are dropped", async () => {
    const inner = new HandledExecutor(true);
    const executor = executorOn(inner);
    await epochOf(executor, inner, SECOND);
    const epochs: number[] = [];
    const hanging = begin(executor, inner, taskOf(1), { onEpoch: ({ epoch }) => epochs.push(epoch) });
    await pass(2 * MINUTE);
    assert.ok(isAborted(hanging));
    assert.equal(inner.calls.length, 3);
    hanging.call.options.onEpoch?.(epoch(1));
    hanging.call.reject(new Error("too late"));
    const second = inner.calls[2];
    second.options.onEpoch?.(epoch(2));
    second.resolve({ history: [] });
    await hanging.running;
    assert.deepEqual(epochs, [2]);
    assert.deepEqual(hanging.state.fate, { history: [] });
  });

  it("is never aborted without a limit", async () => {
    const inner = new HandledExecutor();
    const executor = executorOn(inner, { silence: false });
    const running = begin(executor, inner, taskOf(1));
    await pass(2 * HOUR);
    assert.ok(!isAborted(running));
    running.call.reject(new RunError("its process died"));
    await setImmediate();
    assert.equal(inner.calls.length, 2, "what fails runs again all the same");
  });
});
