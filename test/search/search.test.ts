// The loop alone: trainings are a function of their seeds here, and end in an order that the test decides.

import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { EpochResult } from "../../src/child/reward.ts";
import { InterruptedError, RunError } from "../../src/common/errors.ts";
import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import { Notebook } from "../../src/experiment/notebook.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../../src/policy/space.ts";
import type { Executor, TrainOptions } from "../../src/search/executor.ts";
import { lagOf, runSearch, type SearchObserver } from "../../src/search/search.ts";
import type { TrainingTask } from "../../src/search/training.ts";

const EPOCHS = 3;
const root = mkdtempSync(join(tmpdir(), "deepaugment-search-"));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

/** Trainings that take a turn of the event loop each, more or less by the seed given, `workers` at a time. */
class TimedExecutor implements Executor {
  readonly workers: number;
  readonly trained: string[] = [];
  readonly #delays: Random;
  readonly #waiting: (() => void)[] = [];
  readonly #failing: string | undefined;
  #running = 0;

  constructor(workers: number, delaySeed: number, failing?: string) {
    this.workers = workers;
    this.#delays = new Random("delays", delaySeed);
    this.#failing = failing;
  }

  async train(task: TrainingTask, { signal, onStart, onEpoch }: TrainOptions): Promise<EpochResult[]> {
    if (this.#running >= this.workers) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      const name = `${task.trial}/${task.sample}`;
      onStart?.();
      await new Promise((resolve) => setTimeout(resolve, this.#delays.uniform(0, 12)));
      if (signal?.aborted) throw new InterruptedError("interrupted");
      if (name === this.#failing) throw new RunError("the training's process died");
      this.trained.push(name);
      const history = historyOf(task);
      for (const epoch of history) onEpoch?.(epoch);
      return history;
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {}
}

function historyOf({ trial, sample, policy }: TrainingTask): EpochResult[] {
  const random = new Random(JSON.stringify(policy), sample, trial === 0 ? "baseline" : "trial");
  return Array.from({ length: EPOCHS }, (_, index) => ({
    epoch: index + 1,
    loss: random.uniform(0, 3),
    accuracy: random.uniform(),
    validationLoss: random.uniform(0, 3),
    validationAccuracy: random.uniform(),
    seconds: 1,
  }));
}

interface RunOptions {
  folder: string;
  executor: Executor;
  samples?: number;
  iterations?: number;
  signal?: AbortSignal;
  observer?: SearchObserver;
}

/** Runs, or goes on with, the search whose files lie in the folder; returns the notebook's text. */
async function search(options: RunOptions): Promise<string> {
  const { folder, executor, samples = 2, iterations = 12, signal, observer } = options;
  const space = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
  const shape = { chains: 1, operationsPerChain: 2, epochs: EPOCHS };
  const notebook = new Notebook(join(folder, "notebook.csv"), shape);
  const early = new Notebook(join(folder, "early.csv"), shape);
  const isResumed = existsSync(notebook.path);
  if (!isResumed) notebook.create();
  if (!early.exists) early.create();
  await runSearch({
    iterations,
    samples,
    lag: lagOf(executor.workers, samples),
    reward: { bestEpochs: 2, overfitMargin: 0.1 },
    controller: new BayesianController(space.dimensions, 5, 4),
    space: {
      baseline: noAugmentation(1, 2),
      pointToPolicy: (point) => pointToPolicy(space, point),
      policyToPoint: (policy) => policyToPoint(space, policy),
    },
    executor,
    notebook,
    early,
    recorded: isResumed ? notebook.recover() : [],
    recordedEarly: early.recover(),
    taskOf: (trial, sample, policy) => ({ trial, sample, policy }) as TrainingTask,
    signal,
    observer,
  });
  return readFileSync(notebook.path, "utf8");
}

function newFolder(): string {
  return mkdtempSync(join(root, `${folders++}-`));
}

const uninterrupted = search({ folder: newFolder(), executor: new TimedExecutor(1, 0) });

describe("runSearch", () => {
  it("writes one row per epoch of every training, in order, the baseline first", async () => {
    const lines = (await uninterrupted).trimEnd().split("\n");
    assert.equal(
      lines[0],
      "trial_no,sample_no,epoch,loss,acc,val_loss,val_acc,acc_overfit,reward,chain_1_op_1_type,chain_1_op_1_magnitude,chain_1_op_2_type,chain_1_op_2_magnitude,portion,seconds",
    );
    const places = lines.slice(1).map((line) => line.split(",").slice(0, 3).join("/"));
    const expected = Array.from({ length: 13 * 2 * EPOCHS }, (_, row) => {
      const training = Math.floor(row / EPOCHS);
      return `${Math.floor(training / 2)}/${training % 2}/${(row % EPOCHS) + 1}`;
    });
    assert.deepEqual(places, expected);
    assert.match(lines[1], /,rotate,0,rotate,0,0,/);
  });

  it("gives the same notebook whatever the order in which trainings end, with 1 worker and with 2", async () => {
    for (const delaySeed of [1, 2, 3]) {
      const text = await search({ folder: newFolder(), executor: new TimedExecutor(2, delaySeed) });
      assert.equal(text, await uninterrupted);
    }
  });

  it("goes on after an interruption at any moment: no finished training is repeated, the notebook is the same", async () => {
    for (let finished = 1; finished <= 25; finished += 4) {
      const folder = newFolder();
      const stop = new AbortController();
      const first = new TimedExecutor(2, finished);
      const observer: SearchObserver = {
        onTrainingFinished: () => {
          if (first.trained.length >= finished) stop.abort();
        },
      };
      await assert.rejects(
        search({ folder, executor: first, signal: stop.signal, observer }),
        InterruptedError,
      );
      const second = new TimedExecutor(2, finished + 100);
      assert.equal(await search({ folder, executor: second }), await uninterrupted);
      const all = [...first.trained, ...second.trained];
      assert.equal(all.length, 13 * 2, "each training once");
      assert.equal(new Set(all).size, all.length);
      assert.ok(!existsSync(join(folder, "early.csv")));
    }
  });

  it("repairs a notebook whose last training was cut while it was written", async () => {
    const folder = newFolder();
    await search({ folder, executor: new TimedExecutor(1, 1), iterations: 3 });
    appendFileSync(
      join(folder, "notebook.csv"),
      "4,0,1,0.5,0.4,0.6,0.3,0.1,0.3,rotate,0.2,crop,0.1,0.5,1.000\n4,0,2,0.",
    );
    assert.equal(await search({ folder, executor: new TimedExecutor(1, 2) }), await uninterrupted);
  });

  it("goes on with more iterations where it had ended", async () => {
    const folder = newFolder();
    await search({ folder, executor: new TimedExecutor(2, 1), iterations: 7 });
    const executor = new TimedExecutor(2, 2);
    assert.equal(await search({ folder, executor, iterations: 12 }), await uninterrupted);
    assert.equal(executor.trained.length, 5 * 2);
  });

  it("stops at a training that fails, keeping what ended before", async () => {
    const folder = newFolder();
    const executor = new TimedExecutor(2, 1, "3/1");
    await assert.rejects(
      search({ folder, executor }),
      (error) => error instanceof RunError && /process died/.test(error.message),
    );
    assert.equal(await search({ folder, executor: new TimedExecutor(2, 3) }), await uninterrupted);
  });

  it("names the line of a notebook that was edited", async () => {
    const folder = newFolder();
    await search({ folder, executor: new TimedExecutor(1, 1), iterations: 2 });
    const path = join(folder, "notebook.csv");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(path, readFileSync(path, "utf8").replace("\n1,0,2,", "\n1,0,7,"));
    await assert.rejects(
      search({ folder, executor: new TimedExecutor(1, 1) }),
      /notebook\.csv, line 9: expected epoch 2/,
    );
  });
});
