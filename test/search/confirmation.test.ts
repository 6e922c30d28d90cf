// The search's last stage alone: trainings are a function of their seeds here, and end in an order that the test decides.

import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { InterruptedError, RunError, UsageError } from "../../src/common/errors.ts";
import { Random } from "../../src/common/random.ts";
import { Notebook } from "../../src/experiment/notebook.ts";
import type { TrialRecord } from "../../src/experiment/records.ts";
import { noAugmentation, type Policy } from "../../src/policy/policy.ts";
import {
  type ConfirmationObserver,
  type ConfirmationPlan,
  confirmedTrials,
  confirmTrials,
} from "../../src/search/confirmation.ts";
import {
  type Executor,
  TrainingFailedError,
  type TrainOptions,
} from "../../src/search/executors/executor.ts";
import type { TrainingResult, TrainingTask } from "../../src/search/training.ts";

const EPOCHS = 2;
const FRESH = { first: 2, count: 3 };
const root = mkdtempSync(join(tmpdir(), "deepaugment-confirmation-"));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

/** All trainings at once, each taking a time of its own by the seed given. */
class TimedExecutor implements Executor {
  readonly workers = 8;
  readonly tasks: TrainingTask[] = [];
  readonly #delays: Random;
  readonly #failing: string | undefined;
  readonly #isForGood: boolean;

  /** @param isForGood whether the failing one has failed twice, rather than everything. */
  constructor(delaySeed: number, failing?: string, isForGood = false) {
    this.#delays = new Random("delays", delaySeed);
    this.#failing = failing;
    this.#isForGood = isForGood;
  }

  async train(task: TrainingTask, { signal, onStart, onEpoch }: TrainOptions): Promise<TrainingResult> {
    onStart?.();
    await new Promise((resolve) => setTimeout(resolve, this.#delays.uniform(0, 20)));
    if (signal?.aborted) throw new InterruptedError("interrupted");
    if (`${task.trial}/${task.sample}` === this.#failing) {
      if (this.#isForGood) throw new TrainingFailedError(task, "its process died");
      throw new RunError("no process can be started");
    }
    this.tasks.push(task);
    const random = new Random(JSON.stringify(task.policy), task.sample);
    const history = Array.from({ length: EPOCHS }, (_, index) => {
      const [accuracy, validationAccuracy] = [random.uniform(0, 0.5), random.uniform(0.5, 1)];
      const result = {
        epoch: index + 1,
        loss: 1,
        accuracy,
        validationLoss: 1,
        validationAccuracy,
        seconds: 1,
      };
      onEpoch?.(result);
      return result;
    });
    return { history };
  }

  async close(): Promise<void> {}
}

const policyOf = (magnitude: number): Policy => ({
  chains: [
    [
      { type: "shear", magnitude },
      { type: "fog", magnitude },
    ],
  ],
  portion: magnitude,
});
const BASELINE: TrialRecord = { trial: 0, policy: noAugmentation(1, 2), reward: 0.5, standardError: null };
const trial = (number: number): TrialRecord => ({
  ...{ trial: number, policy: policyOf(number / 100), reward: 0.6, standardError: null },
});
const TOP = [BASELINE, trial(17), trial(4), trial(9)];

interface Confirmed {
  readonly text: string;
  readonly trials: Map<number, TrialRecord>;
}

async function confirm(
  path: string,
  executor: Executor,
  more: { trials?: TrialRecord[]; signal?: AbortSignal; observer?: ConfirmationObserver } = {},
): Promise<Confirmed> {
  const notebook = new Notebook(path, { chains: 1, operationsPerChain: 2, epochs: EPOCHS });
  const records = await confirmTrials({
    trials: TOP,
    fresh: FRESH,
    reward: { bestEpochs: 1, overfitMargin: 0.1 },
    executor,
    notebook,
    recorded: notebook.exists ? notebook.recover() : [],
    taskOf: (trial, sample, policy) => ({ trial, sample, policy }) as TrainingTask,
    ...more,
  });
  return { text: readFileSync(path, "utf8"), trials: confirmedTrials(records, FRESH) };
}

const newPath = () => join(root, `${folders++}.csv`);
const placesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").slice(0, 3).join("/"));
const uninterrupted = confirm(newPath(), new TimedExecutor(0));

describe("confirmTrials", () => {
  it("trains each policy and the baseline with the same sample numbers, which no trial used", async () => {
    const executor = new TimedExecutor(1);
    const heard: (number | ConfirmationPlan)[] = [];
    const { trials } = await confirm(newPath(), executor, {
      observer: {
        onConfirmationStarted: (plan) => heard.push(plan),
        onConfirmed: ({ trial }) => heard.push(trial),
      },
    });
    const names = executor.tasks.map(({ trial, sample }) => `${trial}/${sample}`).sort();
    const expected = [0, 17, 4, 9].flatMap((number) => [2, 3, 4].map((sample) => `${number}/${sample}`));
    assert.deepEqual(names, expected.sort());
    for (const { trial, policy } of executor.tasks)
      assert.deepEqual(policy, TOP.find((record) => record.trial === trial)?.policy);
    assert.deepEqual(heard[0], { policies: 3, samples: 3, trainings: 12 });
    assert.deepEqual(heard.slice(1).sort(), [0, 17, 4, 9]);
    for (const number of [0, 4, 9, 17]) {
      const confirmed = trials.get(number);
      assert.ok(confirmed && confirmed.reward > 0.5 && (confirmed.standardError ?? 0) > 0);
    }
  });

  it("leaves a notebook in the order of trials and samples, whatever the order in which trainings end", async () => {
    const { text } = await uninterrupted;
    const places = [0, 4, 9, 17].flatMap((number) =>
      [2, 3, 4].flatMap((sample) => [1, 2].map((epoch) => `${number}/${sample}/${epoch}`)),
    );
    assert.deepEqual(placesOf(text), places);
    for (const delaySeed of [2, 3]) {
      assert.equal((await confirm(newPath(), new TimedExecutor(delaySeed))).text, text);
    }
  });

  it("resumes after an interruption at any moment, trains only what is missing, and gives the same notebook", async () => {
    for (let finished = 1; finished <= 12; finished += 3) {
      const path = newPath();
      const stop = new AbortController();
      const first = new TimedExecutor(finished);
      let count = 0;
      const observer = { onTrainingFinished: () => ++count === finished && stop.abort() };
      const cut = confirm(path, first, { signal: stop.signal, observer });
      // The last training of all cannot be interrupted any more.
      if (finished < 12) await assert.rejects(cut, InterruptedError);
      else await cut;
      if (finished === 4) appendFileSync(path, "9,3,1,1,0.2,1,0.7,-0.5");
      const second = new TimedExecutor(finished + 100);
      const { text, trials } = await confirm(path, second);
      assert.equal(text, (await uninterrupted).text);
      assert.deepEqual(trials, (await uninterrupted).trials);
      assert.equal(second.tasks.length, 12 - finished);
    }
  });

  it("uses existing trainings for another choice of policies", async () => {
    const path = newPath();
    await confirm(path, new TimedExecutor(1));
    const executor = new TimedExecutor(2);
    const { trials, text } = await confirm(path, executor, { trials: [BASELINE, trial(9), trial(21)] });
    assert.deepEqual([...new Set(executor.tasks.map((task) => task.trial))], [21]);
    assert.deepEqual([...trials.keys()], [0, 4, 9, 17, 21]);
    assert.ok(text.startsWith((await uninterrupted).text));
  });

  it("leaves a policy unconfirmed if one of its trainings fails for good; a resumed run tries it again", async () => {
    const path = newPath();
    const failures: unknown[] = [];
    const observer = { onTrainingFailed: (failure: unknown) => failures.push(failure) };
    const { trials } = await confirm(path, new TimedExecutor(1, "4/3", true), { observer });
    assert.deepEqual(failures, [{ trial: 4, sample: 3, reason: "its process died" }]);
    assert.deepEqual([...trials.keys()], [0, 9, 17]);
    const executor = new TimedExecutor(2);
    assert.equal((await confirm(path, executor)).text, (await uninterrupted).text);
    assert.equal(executor.tasks.length, 1);
  });

  it("stops if nothing can be trained, and keeps what ended before", async () => {
    const path = newPath();
    await assert.rejects(
      confirm(path, new TimedExecutor(1, "4/3")),
      (error) => error instanceof RunError && /no process can/.test(error.message),
    );
    assert.equal((await confirm(path, new TimedExecutor(2))).text, (await uninterrupted).text);
  });

  it("refuses a notebook in which a trial has another policy", async () => {
    const path = newPath();
    await confirm(path, new TimedExecutor(1));
    writeFileSync(path, readFileSync(path, "utf8").replaceAll("shear,0.09", "shear,0.08"));
    await assert.rejects(
      confirm(path, new TimedExecutor(1)),
      (error) =>
        error instanceof UsageError && /trial 9 is shear 0\.08 .* but shear 0\.09/.test(error.message),
    );
  });
});

describe("confirmedTrials", () => {
  it("are those with every fresh sample", async () => {
    const [, second] = (await uninterrupted).text.split("\n");
    assert.ok(second.startsWith("0,2,1,"));
    const path = newPath();
    writeFileSync(
      path,
      (await uninterrupted).text
        .split("\n")
        .slice(0, 1 + 5 * EPOCHS)
        .join("\n")
        .concat("\n"),
    );
    const records = new Notebook(path, { chains: 1, operationsPerChain: 2, epochs: EPOCHS }).recover();
    assert.deepEqual([...confirmedTrials(records, FRESH).keys()], [0]);
    assert.deepEqual([...confirmedTrials(records, { first: 2, count: 2 }).keys()], [0, 4]);
    assert.equal(confirmedTrials(records, { first: 2, count: 0 }).size, 0);
  });
});
