// Only the loop: a training's result is a function of its seeds here, and the test decides the order in which they end.

import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { EpochResult } from "../../src/child/reward.ts";
import { InterruptedError, RunError } from "../../src/common/errors.ts";
import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import type { Controller } from "../../src/controller/controller.ts";
import { Checksums } from "../../src/experiment/checksums.ts";
import { FailureList } from "../../src/experiment/failures.ts";
import { Notebook } from "../../src/experiment/notebook.ts";
import { NOTHING, recoverTrainings } from "../../src/experiment/recovery.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { createSpace, pointToPolicy, policyToPoint } from "../../src/policy/space.ts";
import {
  type Executor,
  TrainingFailedError,
  type TrainOptions,
} from "../../src/search/executors/executor.ts";
import { lagOf, runSearch, type SearchObserver, type SearchOutcome } from "../../src/search/search.ts";
import type { TrainingResult, TrainingTask } from "../../src/search/training.ts";

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
  readonly #failing: (name: string) => Error | undefined;
  #running = 0;

  constructor(
    workers: number,
    delaySeed: number,
    failing: (name: string) => Error | undefined = () => undefined,
  ) {
    this.workers = workers;
    this.#delays = new Random("delays", delaySeed);
    this.#failing = failing;
  }

  async train(task: TrainingTask, { signal, onStart, onEpoch }: TrainOptions): Promise<TrainingResult> {
    if (this.#running >= this.workers) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      const name = `${task.trial}/${task.sample}`;
      onStart?.();
      await new Promise((resolve) => setTimeout(resolve, this.#delays.uniform(0, 12)));
      if (signal?.aborted) throw new InterruptedError("interrupted");
      const failure = this.#failing(name);
      if (failure) throw failure;
      this.trained.push(name);
      const history = historyOf(task);
      for (const epoch of history) onEpoch?.(epoch);
      return { history };
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async close(): Promise<void> {}
}

/** As above, but for one training, which never ends. */
class HoldingExecutor extends TimedExecutor {
  override async train(task: TrainingTask, options: TrainOptions): Promise<TrainingResult> {
    if (task.trial !== 5 || task.sample !== 0) return await super.train(task, options);
    return await new Promise((_, reject) => {
      options.signal?.addEventListener("abort", () => reject(new InterruptedError("interrupted")));
    });
  }
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

/** Trainings of these names fail for good. */
function failing(...names: string[]) {
  return (name: string) => {
    const [trial, sample] = name.split("/").map(Number);
    const task = { trial, sample } as TrainingTask;
    return names.includes(name) ? new TrainingFailedError(task, 'it said "no", twice') : undefined;
  };
}

interface RunOptions {
  folder: string;
  executor: Executor;
  samples?: number;
  iterations?: number;
  signal?: AbortSignal;
  observer?: SearchObserver;
  controller?: (controller: Controller) => Controller;
  mayAsk?: (trial: number, finished: number) => boolean;
}

/** Runs, or resumes, the search whose files are in the folder; returns the notebook's text. */
async function search(options: RunOptions): Promise<string> {
  await outcomeOf(options);
  return readFileSync(join(options.folder, "notebook.csv"), "utf8");
}

async function outcomeOf(options: RunOptions): Promise<SearchOutcome> {
  const { folder, executor, samples = 2, iterations = 12, signal, observer, mayAsk } = options;
  const space = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
  const shape = { chains: 1, operationsPerChain: 2, epochs: EPOCHS };
  const sums = new Checksums(folder);
  const notebook = new Notebook(join(folder, "notebook.csv"), shape, sums);
  const early = new Notebook(join(folder, "early.csv"), shape, sums);
  const failures = new FailureList(join(folder, "failures.csv"));
  const reward = { bestEpochs: 2, overfitMargin: 0.1 };
  const rules = { operations: TECHNIQUES, reward };
  const isResumed = existsSync(notebook.path);
  if (!isResumed) notebook.create();
  const recovered = isResumed ? recoverTrainings({ notebook, early, failures, samples, rules }) : NOTHING;
  if (!early.exists) early.create();
  const controller = new BayesianController(space.dimensions, 5, 4);
  return await runSearch({
    iterations,
    samples,
    lag: lagOf(executor.workers, samples),
    reward,
    controller: options.controller?.(controller) ?? controller,
    space: {
      fixed: [noAugmentation(1, 2)],
      pointToPolicy: (point) => pointToPolicy(space, point),
      policyToPoint: (policy) => policyToPoint(space, policy),
    },
    executor,
    notebook,
    early,
    failures,
    recovered,
    taskOf: (trial, sample, policy) => ({ trial, sample, policy }) as TrainingTask,
    mayAsk,
    signal,
    observer,
  });
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

  it("resumes after an interruption at any moment: no finished training is repeated, the notebook is the same", async () => {
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

  it("repairs a notebook whose last training was cut off while it was written", async () => {
    const folder = newFolder();
    await search({ folder, executor: new TimedExecutor(1, 1), iterations: 3 });
    appendFileSync(
      join(folder, "notebook.csv"),
      "4,0,1,0.5,0.4,0.6,0.3,0.1,0.3,rotate,0.2,crop,0.1,0.5,1.000\n4,0,2,0.",
    );
    assert.equal(await search({ folder, executor: new TimedExecutor(1, 2) }), await uninterrupted);
  });

  it("continues a finished search with more iterations", async () => {
    const folder = newFolder();
    await search({ folder, executor: new TimedExecutor(2, 1), iterations: 7 });
    const executor = new TimedExecutor(2, 2);
    assert.equal(await search({ folder, executor, iterations: 12 }), await uninterrupted);
    assert.equal(executor.trained.length, 5 * 2);
  });

  it("ends before the first trial that may not be asked, as if it had been given fewer", async () => {
    for (const delaySeed of [1, 2]) {
      const folder = newFolder();
      const asked: number[] = [];
      const mayAsk = (trial: number) => asked.push(trial) > 0 && trial <= 7;
      const outcome = await outcomeOf({ folder, executor: new TimedExecutor(2, delaySeed), mayAsk });
      assert.equal(outcome.asked, 7);
      assert.deepEqual(asked, [1, 2, 3, 4, 5, 6, 7, 8]);
      assert.deepEqual(
        outcome.trials.map(({ trial }) => trial),
        [0, 1, 2, 3, 4, 5, 6, 7],
      );
      const fewer = await search({ folder: newFolder(), executor: new TimedExecutor(1, 3), iterations: 7 });
      assert.equal(readFileSync(join(folder, "notebook.csv"), "utf8"), fewer);
      const continued = await search({ folder, executor: new TimedExecutor(2, 4) });
      assert.equal(continued, await uninterrupted);
    }
  });

  it("has every trial that an earlier run began, also if no more may be asked", async () => {
    const folder = newFolder();
    const stop = new AbortController();
    const first = new TimedExecutor(2, 1, failing("4/0", "4/1"));
    const observer: SearchObserver = {
      onTrainingFinished: () => first.trained.length >= 9 && stop.abort(),
    };
    await assert.rejects(
      search({ folder, executor: first, signal: stop.signal, observer }),
      InterruptedError,
    );
    const begun = Math.max(...first.trained.map((name) => Number(name.split("/")[0])));
    const second = await outcomeOf({ folder, executor: new TimedExecutor(2, 2), mayAsk: () => false });
    assert.equal(second.asked, begun);
    assert.ok(!second.trials.some(({ trial }) => trial === 4));
  });

  it("stops if no training can be run, and keeps what ended before", async () => {
    const folder = newFolder();
    const executor = new TimedExecutor(2, 1, (name) =>
      name === "3/1" ? new RunError("no process can be started") : undefined,
    );
    await assert.rejects(
      search({ folder, executor }),
      (error) => error instanceof RunError && /no process/.test(error.message),
    );
    assert.equal(await search({ folder, executor: new TimedExecutor(2, 3) }), await uninterrupted);
  });

  it("ends with an error of its observer", async () => {
    const executor = new TimedExecutor(2, 1);
    const observer: SearchObserver = {
      onEpoch: (trial) => {
        if (trial === 2) throw new RangeError("mine");
      },
    };
    await assert.rejects(search({ folder: newFolder(), executor, observer }), /mine/);
  });

  it("reports how busy the workers were, if there was something to train", async () => {
    const folder = newFolder();
    const one = await outcomeOf({ folder, executor: new TimedExecutor(1, 0), iterations: 2 });
    assert.ok(one.utilization! >= 0 && one.utilization! <= 1, `${one.utilization}`);
    const again = await outcomeOf({ folder, executor: new TimedExecutor(1, 0), iterations: 2 });
    assert.equal(again.utilization, null);
  });
});

describe("a training that fails", () => {
  // All of trial 5, and one of trial 8.
  const FAILING = ["5/0", "5/1", "8/1"];
  const folder = newFolder();
  const dropped: number[] = [];
  const withFailures = outcomeOf({
    folder,
    executor: new TimedExecutor(1, 0, failing(...FAILING)),
    controller: (controller) => ({
      ask: (trial) => controller.ask(trial),
      expect: (trial, point) => controller.expect(trial, point),
      tell: (trial, point, reward, error) => controller.tell(trial, point, reward, error),
      warmStart: (gains) => controller.warmStart(gains),
      drop: (trial) => {
        dropped.push(trial);
        controller.drop(trial);
      },
    }),
  });
  const notebook = withFailures.then(() => readFileSync(join(folder, "notebook.csv"), "utf8"));
  const failuresIn = (place: string) => readFileSync(join(place, "failures.csv"), "utf8");

  it("is recorded in failures.csv, and the search continues without it", async () => {
    const { trials, failures } = await withFailures;
    assert.deepEqual(
      trials.map(({ trial }) => trial),
      [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12],
    );
    assert.deepEqual(dropped, [5]);
    assert.equal(trials.find(({ trial }) => trial === 8)?.standardError, null, "one sample is left");
    const reason = 'it said "no", twice';
    assert.deepEqual(failures, [
      { trial: 5, sample: 0, reason },
      { trial: 5, sample: 1, reason },
      { trial: 8, sample: 1, reason },
    ]);
    const rows = FAILING.map((name) => `${name.replace("/", ",")},"it said ""no"", twice"\n`);
    assert.equal(failuresIn(folder), `trial_no,sample_no,reason\n${rows.join("")}`);
    const trained = (await notebook)
      .split("\n")
      .slice(1, -1)
      .map((row) => row.split(",").slice(0, 2).join("/"));
    assert.equal(new Set(trained).size, 13 * 2 - 3);
    assert.ok(!trained.some((name) => FAILING.includes(name)));
  });

  it("gives the same notebook whatever the order in which trainings end, and after interruptions", async () => {
    for (const seed of [1, 2, 3]) {
      const place = newFolder();
      for (let part = 1; ; part++) {
        const stop = new AbortController();
        const executor = new TimedExecutor(2, 10 * seed + part, failing(...FAILING));
        let ended = 0;
        const end = () => {
          if (++ended === 4 + seed) stop.abort();
        };
        const observer: SearchObserver = { onTrainingFinished: end, onTrainingFailed: end };
        try {
          assert.equal(
            await search({ folder: place, executor, signal: stop.signal, observer }),
            await notebook,
          );
          assert.ok(part > 2);
          break;
        } catch (error) {
          if (!(error instanceof InterruptedError)) throw error;
        }
      }
      const lines = (text: string) => text.split("\n").sort();
      assert.deepEqual(lines(failuresIn(place)), lines(failuresIn(folder)));
    }
  });

  it("stops the search with 5 others in a row; a resumed run tries those again", async () => {
    const expected = search({ folder: newFolder(), executor: new TimedExecutor(1, 0, failing("2/0")) });
    for (const seed of [1, 2, 3]) {
      const place = newFolder();
      // 2/0 fails for its own reason; from 16 trainings on something is wrong.
      let started = 0;
      const executor = new TimedExecutor(2, seed, (name) => {
        started++;
        return started > 16 || name === "2/0" ? failing(name)(name) : undefined;
      });
      await assert.rejects(search({ folder: place, executor }), (error) => {
        assert.ok(error instanceof RunError);
        assert.match(
          error.message,
          /^6 trainings in a row failed, the last one because: it said "no", twice; fix that: they are tried again/,
        );
        return true;
      });
      assert.match(failuresIn(place), /^.*\n2,0,.*\n$/);
      const second = new TimedExecutor(2, seed + 50, failing("2/0"));
      assert.equal(await search({ folder: place, executor: second }), await expected);
      assert.equal(executor.trained.length + second.trained.length, 13 * 2 - 1, "no training is repeated");
    }
  });

  it("is left out of the baseline; if none of its trainings is left, nothing can be compared", async () => {
    const place = newFolder();
    const broken = new TimedExecutor(2, 1, failing("0/0", "0/1"));
    await assert.rejects(
      search({ folder: place, executor: broken }),
      (error) =>
        error instanceof RunError && /^all trainings of the baseline failed.*"no", twice/.test(error.message),
    );
    assert.ok(!existsSync(join(place, "failures.csv")));
    assert.equal(await search({ folder: place, executor: new TimedExecutor(2, 2) }), await uninterrupted);
    const one = await outcomeOf({ folder: newFolder(), executor: new TimedExecutor(2, 1, failing("0/1")) });
    assert.equal(one.trials[0].trial, 0);
    assert.equal(one.trials[0].standardError, null);
  });
});

describe("a notebook that was edited", () => {
  const folder = newFolder();
  const stop = new AbortController();
  // Some trainings have ended before their turn.
  const interrupted = search({
    folder,
    executor: new HoldingExecutor(1, 5, failing("1/1")),
    signal: stop.signal,
    observer: {
      onTrainingFinished: ({ trial, sample }) => {
        if (trial === 6 && sample === 1) stop.abort();
      },
    },
  }).catch((error) => assert.ok(error instanceof InterruptedError));

  /** Rows are of trainings of 3 epochs; line 1 has the columns. */
  const edits: Record<string, [file: string, edit: (lines: string[]) => void, message: RegExp]> = {
    "of another epoch": [
      "notebook.csv",
      edit(8, 2, "7"),
      /notebook\.csv, line 9: expected epoch 2 .*; restore/,
    ],
    "without a training in the middle": [
      "notebook.csv",
      (lines) => lines.splice(7, 3),
      /line 8: expected trial 1, sample 0, found trial 2, sample 0/,
    ],
    "with a training twice": [
      "notebook.csv",
      (lines) => lines.splice(7, 0, ...lines.slice(4, 7)),
      /line 8: expected trial 1, sample 0, found trial 0, sample 1/,
    ],
    "in another order": [
      "notebook.csv",
      (lines) => lines.splice(4, 6, ...lines.slice(7, 10), ...lines.slice(4, 7)),
      /line 5: expected trial 0, sample 1, found trial 1, sample 0/,
    ],
    "with a training that failed": [
      "notebook.csv",
      (lines) => lines.splice(10, 0, ...lines.slice(7, 10).map((line) => line.replace(/^1,0/, "1,1"))),
      /line 11: expected trial 2, sample 0, found trial 1, sample 1/,
    ],
    "without a row": [
      "notebook.csv",
      (lines) => lines.splice(5, 1),
      /line 6: expected epoch 2 .* found epoch 3/,
    ],
    "with a text for a number": [
      "notebook.csv",
      edit(2, 3, "lots"),
      /line 3: loss: expected a number, found "lots"/,
    ],
    "with an empty cell": ["notebook.csv", edit(2, 4, ""), /line 3: acc: expected a number, found ""/],
    "with an accuracy above 1": [
      "notebook.csv",
      edit(2, 6, "1.5"),
      /line 3: val_acc is 1\.5, outside of 0 to 1/,
    ],
    "with another accuracy": [
      "notebook.csv",
      edit(2, 6, "0.25"),
      /line 3: acc_overfit is .*, but acc − val_acc is /,
    ],
    "with another loss": [
      "notebook.csv",
      edit(4, 3, "0.125"),
      /line 5: it is not as it was written \(its checksum/,
    ],
    "with another time": ["notebook.csv", edit(4, 14, "9.000"), /line 5: it is not as it was written/],
    "with another reward in one row": [
      "notebook.csv",
      edit(2, 8, "0.9"),
      /line 3: reward is 0\.9, and 0\.\d+ in the tr/,
    ],
    "with another reward": ["notebook.csv", editAll(7, 8, "0.9"), /line 8: it is not as it was written/],
    "with another policy in one row": [
      "notebook.csv",
      edit(8, 9, "clouds"),
      /line 9: chain_1_op_1_type is clouds/,
    ],
    "with an unknown operation": [
      "notebook.csv",
      editAll(7, 9, "paint"),
      /line 8: it is not as it was written/,
    ],
    "with a row that is too long": [
      "notebook.csv",
      (lines) => (lines[3] += ",1"),
      /line 4: expected 15 cells, found 16/,
    ],
    "in what ended early": ["early.csv", edit(1, 6, "0.25"), /early\.csv, line 2: acc_overfit is /],
    "with a training twice in what ended early": [
      "early.csv",
      (lines) => lines.splice(1, 0, ...lines.slice(1, 4)),
      /early\.csv, line 5: trial \d+, sample \d is there twice/,
    ],
    "in failures.csv": [
      "failures.csv",
      edit(1, 1, "7"),
      /failures\.csv, line 2: trial 1, sample 7 is not part of this search/,
    ],
    "in failures.csv, without a reason": [
      "failures.csv",
      (lines) => lines.splice(1, 1, "1,1"),
      /failures\.csv, line 2: expected the numbers of a trial/,
    ],
  };

  /** Sets a cell of a line, both counted from 0. */
  function edit(line: number, cell: number, text: string) {
    return (lines: string[]) => {
      const cells = lines[line].split(",");
      cells[cell] = text;
      lines[line] = cells.join(",");
    };
  }

  for (const [what, [file, change, message]] of Object.entries(edits)) {
    it(`is refused, and the line named: ${what}`, async () => {
      await interrupted;
      const path = join(folder, file);
      const before = readFileSync(path, "utf8");
      try {
        const lines = before.split("\n");
        change(lines);
        writeFileSync(path, lines.join("\n"));
        await assert.rejects(search({ folder, executor: new TimedExecutor(1, 1) }), (error: Error) => {
          assert.equal(error.name, "UsageError");
          assert.match(error.message, message);
          return true;
        });
      } finally {
        writeFileSync(path, before);
      }
    });
  }

  /** Sets a cell in all rows of the training that begins at a line. */
  function editAll(from: number, cell: number, text: string) {
    return (lines: string[]) => {
      for (let line = from; line < from + EPOCHS; line++) edit(line, cell, text)(lines);
    };
  }

  it("is refused without checksums too, if it contradicts itself or the configuration", async () => {
    await interrupted;
    const path = join(folder, "notebook.csv");
    const shape = { chains: 1, operationsPerChain: 2, epochs: EPOCHS };
    const before = readFileSync(path, "utf8");
    const refused = (change: (lines: string[]) => void, message: RegExp) => {
      const lines = before.split("\n");
      change(lines);
      const copy = new Notebook(join(folder, "copy.csv"), shape);
      writeFileSync(copy.path, lines.join("\n"));
      const rules = { operations: TECHNIQUES.slice(0, 19), reward: { bestEpochs: 2, overfitMargin: 0.1 } };
      assert.throws(() => copy.recover(rules), { name: "UsageError", message });
    };
    refused(editAll(7, 8, "0.9"), /line 8: the reward is 0\.9, but this training's rows give 0\.\d+;/);
    refused(editAll(7, 9, "paint"), /line 8: chain_1_op_1_type: .*paint/);
    refused(
      editAll(7, 9, TECHNIQUES[19]),
      new RegExp(`line 8: this search has no operation ${TECHNIQUES[19]};`),
    );
    refused(editAll(7, 13, "1.25"), /line 8: portion: expected a number from 0 to 1/);
    refused(editAll(1, 13, "0.25"), /line 2: trial 0 is the one without augmentation/);
  });

  it("is repaired if a line was cut off at its end, in each of the files", async () => {
    await interrupted;
    for (const file of ["notebook.csv", "early.csv", "failures.csv", "notebook.sums"]) {
      const path = join(folder, file);
      appendFileSync(path, readFileSync(path, "utf8").split("\n")[1].slice(0, -1));
    }
    const expected = search({ folder: newFolder(), executor: new TimedExecutor(1, 0, failing("1/1")) });
    assert.equal(await search({ folder, executor: new TimedExecutor(2, 8) }), await expected);
    assert.match(readFileSync(join(folder, "failures.csv"), "utf8"), /^.*\n1,1,.*\n$/);
    assert.doesNotMatch(readFileSync(join(folder, "notebook.sums"), "utf8"), /[^\da-f,\n]/);
  });
});
