// Whole runs within a budget, on a made-up clock that each training advances: what a training measures is a function of its
// policy and seed, so that it is the same on every machine.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { BudgetAccount } from "../../src/budget/account.ts";
import { planBudget } from "../../src/budget/plan.ts";
import { runBudget } from "../../src/budget/run.ts";
import type { Speed } from "../../src/budget/times.ts";
import { InterruptedError } from "../../src/common/errors.ts";
import { Random } from "../../src/common/random.ts";
import { formatConfig, loadConfig, resolveConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { pixelDigests } from "../../src/dataset/identical.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import type { EvaluationExecutor } from "../../src/evaluate/evaluation.ts";
import { EvaluationFolder } from "../../src/evaluate/folder.ts";
import { evaluationPath, readEvaluation } from "../../src/evaluate/results.ts";
import { Experiment } from "../../src/experiment/experiment.ts";
import { readResults } from "../../src/experiment/results.ts";
import type { Executor, TrainOptions } from "../../src/search/executors/executor.ts";
import { runExperiment } from "../../src/search/run-experiment.ts";
import { settleRun } from "../../src/search/settle/run.ts";
import type { TrainingResult, TrainingTask } from "../../src/search/training.ts";
import { writePhotos } from "../evaluate/photos.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-budget-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));

const photos = join(root, "photos");
let dataset: Dataset;
before(async () => {
  await writePhotos(photos);
  dataset = await loadDataset(photos, { imageSize: 12 });
});

const SECONDS = 900;
const TEST_IMAGES = 13;
/** Of trainings on one worker. */
const SPEED: Speed = {
  rates: { training: 1600, validation: 16_000, start: 0 },
  workers: 1,
  draw: { recipes: {}, policy: 0 },
  momentEpochs: 0,
};

/** A machine whose clock advances by what is trained, `slowness` times as much as the speed above says. */
class MadeUpMachine {
  now = 1000;
  /** Of the experiment that began on it. */
  folder = "";
  readonly trained: string[] = [];
  readonly #slowness: number;
  readonly #helps: "techniques" | "recipe" | "nothing";
  /** Called after each training. */
  onTrained: (count: number) => void = () => {};

  /** @param helps what makes trainings better. */
  constructor(slowness: number, helps: "techniques" | "recipe" | "nothing" = "techniques") {
    this.#slowness = slowness;
    this.#helps = helps;
  }

  readonly clock = () => this.now;

  /** Also gives others a turn, as trainings in other processes do. */
  async #train(name: string, images: number, epochs: number, signal: AbortSignal | undefined): Promise<void> {
    await setImmediate();
    if (signal?.aborted) throw new InterruptedError("interrupted");
    this.now += (this.#slowness * epochs * images) / SPEED.rates.training;
    this.trained.push(name);
  }

  /** One training after another, of which the greater magnitudes make the better ones, but for noise. */
  searching(): Executor {
    let last: Promise<unknown> = Promise.resolve();
    const train = async (
      { trial, sample, policy, epochs, validatedAt }: TrainingTask,
      { signal, onEpoch }: TrainOptions,
    ): Promise<TrainingResult> => {
      assert.deepEqual(validatedAt, [epochs]);
      await this.#train(`${trial}/${sample}`, 34 + 1.6 / epochs, epochs, signal);
      const noise = new Random(JSON.stringify(policy), sample);
      const { chains, chances = chains.map(() => 1) } = policy;
      const magnitudes = chains.reduce((sum, [{ magnitude }], index) => sum + chances[index] * magnitude, 0);
      const isUseless = this.#helps === "nothing";
      const gain = this.#helps === "techniques" ? 0.1 * magnitudes : -0.1;
      const ofBase = { "flip-crop": 0.08, "flip+randaugment": 0.12 }[policy.base as string] ?? 0;
      const accuracy = 0.5 + policy.portion * gain + (isUseless ? 0 : ofBase + noise.normal(0, 0.02));
      for (let epoch = 1; epoch < epochs; epoch++) onEpoch?.({ epoch, loss: 1, accuracy, seconds: 0 });
      const last = { epoch: epochs, loss: 1, accuracy, validationLoss: 1, validationAccuracy: accuracy };
      onEpoch?.({ ...last, seconds: 0 });
      return { history: [{ ...last, seconds: 0 }] };
    };
    return {
      workers: 1,
      train: (task, options) => {
        const result = last.then(() => train(task, options));
        last = result.then(
          () => this.onTrained(this.trained.length),
          () => {},
        );
        return result;
      },
      close: async () => {},
    };
  }

  evaluating(): EvaluationExecutor {
    let last: Promise<unknown> = Promise.resolve();
    return {
      workers: 1,
      train: ({ arm, sample, epochs, trainSize }, { signal }) => {
        const result = last.then(async () => {
          await this.#train(`${arm.name}/${sample}`, trainSize ?? 50, epochs, signal);
          const random = new Random("predictions", arm.name, sample);
          const history = Array.from({ length: epochs }, (_, index) => ({
            ...{ epoch: index + 1, loss: 1, accuracy: 0.5, seconds: 0 },
          }));
          const predictions = Int32Array.from({ length: TEST_IMAGES }, () => random.integer(0, 2));
          const labels = testLabels();
          const right = predictions.filter((predicted, i) => predicted === labels[i]).length;
          return { history, test: { loss: 1, accuracy: right / TEST_IMAGES, predictions } };
        });
        last = result.then(
          () => this.onTrained(this.trained.length),
          () => {},
        );
        return result;
      },
      close: async () => {},
    };
  }
}

let heldOut: readonly number[] = [];
const testLabels = () => heldOut.map((index) => dataset.train.labels[index]);

interface Options {
  readonly given?: Partial<Config>;
  readonly seconds?: number;
  readonly signal?: AbortSignal;
}

/** Plans by the speed above. */
async function begin(machine: MadeUpMachine, { given = {}, seconds = SECONDS, signal }: Options = {}) {
  const out = mkdtempSync(join(root, "out-"));
  const values = {
    ...{ data: photos, image_size: 12, test_share: 0.2, seed: 2, workers: 1, out },
    ...{ child_batch_size: 20, bases: ["none", "flip", "flip-crop"], ...given },
  };
  const config = resolveConfig(values);
  const imageSize = { value: 12 };
  const run = await settleRun({ config, dataset, imageSize });
  ({ heldOut } = run);
  assert.equal(heldOut.length, TEST_IMAGES);
  const keys = new Set(Object.keys(given));
  const images = { trainable: 63 - TEST_IMAGES, test: TEST_IMAGES };
  const plan = planBudget({ seconds: seconds - 10, config: run.config, given: keys, images, speed: SPEED });
  assert.ok("keys" in plan, JSON.stringify(plan));
  const planned = { seconds, given: [...keys], images, speed: SPEED, plan };
  const account = BudgetAccount.begin(planned, 10, machine.clock);
  const started = machine.now - 10;
  const folder = runBudget({
    images: { config: { ...config, ...plan.keys }, dataset, imageSize },
    ...{ account, signal, executor: machine.searching(), evaluationExecutor: machine.evaluating() },
    // The folder is known also if the run is interrupted.
    observer: {
      onSearchStarted: (start) => {
        machine.folder = start.folder;
        return {};
      },
    },
  });
  return { folder, plan, started, account };
}

function resume(folder: string, machine: MadeUpMachine, more: Partial<Config> = {}, signal?: AbortSignal) {
  const config = { ...loadConfig({ file: join(folder, "config.yaml") }), ...more };
  return runBudget({
    images: { config, dataset, imageSize: { value: 12 } },
    account: BudgetAccount.open(folder, machine.clock),
    given: new Set(Object.keys(more)),
    ...{ resume: folder, signal },
    ...{ executor: machine.searching(), evaluationExecutor: machine.evaluating() },
  });
}

const configOf = (folder: string) => loadConfig({ file: join(folder, "config.yaml") });
const factsOf = (folder: string) => BudgetAccount.open(folder, () => 0).facts;
const textOf = (path: string) => readFileSync(path, "utf8");
const evaluationOf = (folder: string) => readEvaluation(evaluationPath(folder));

describe("a run within a budget", () => {
  it("searches, confirms and evaluates within the time, and no test image is in the search", async () => {
    const machine = new MadeUpMachine(1);
    const { folder: ended, plan, started } = await begin(machine);
    const folder = await ended;
    const seconds = machine.now - started;
    assert.ok(seconds > 0.85 * SECONDS && seconds <= 1.1 * SECONDS, `${seconds}`);
    const config = configOf(folder);
    assert.equal(config.child_epochs, plan.keys.child_epochs);
    const { iterations: planned } = plan.keys;
    assert.ok(
      config.iterations > 0.9 * planned && config.iterations <= 1.1 * planned,
      `${config.iterations}`,
    );
    assert.equal(readResults(folder).trials, config.iterations);
    assert.deepEqual(readResults(folder).confirmation?.samples, config.confirm_samples);
    const { decided, used, given } = factsOf(folder);
    const { iterations, confirm_top, confirm_samples } = config;
    assert.deepEqual(decided.search, { iterations, confirm_top, confirm_samples });
    assert.deepEqual(given, []);
    assert.ok(Math.abs(used.setup + used.search + used.confirmation + used.evaluation - seconds) < 1e-6);

    const evaluation = evaluationOf(folder);
    assert.equal(evaluation.status, "finished");
    assert.deepEqual(evaluation.config.arms, [
      "none",
      "flip",
      "flip-crop",
      "trivialaugment",
      "randaugment",
      "policy",
    ]);
    assert.equal(evaluation.config.samples, decided.evaluation?.samples);
    assert.deepEqual([evaluation.config.epochs, evaluation.config.recipe], [config.child_epochs, "child"]);
    assert.equal(evaluation.config.train_size, "auto");

    const { subsets } = Experiment.open(folder).readFacts();
    const { split } = EvaluationFolder.open(evaluationPath(folder)).readFacts();
    assert.deepEqual(split.heldOut, heldOut);
    const digests = pixelDigests(dataset.train.images);
    const tested = new Set(split.heldOut!.map((index) => digests[index]));
    assert.equal(subsets.train.length + subsets.validation.length, 63 - TEST_IMAGES);
    assert.ok([...subsets.train, ...subsets.validation].every((index) => !tested.has(digests[index])));
  });

  it("has fewer trials on a slower machine, which its configuration says, so that they can be repeated", async () => {
    const machine = new MadeUpMachine(2.5);
    const { folder: ended, plan, started } = await begin(machine);
    const folder = await ended;
    const seconds = machine.now - started;
    assert.ok(seconds > 0.8 * SECONDS && seconds <= 1.1 * SECONDS, `${seconds}`);
    const config = configOf(folder);
    const { iterations } = config;
    assert.ok(
      iterations < 0.55 * plan.keys.iterations && iterations >= 0.3 * plan.keys.iterations,
      `${iterations}`,
    );
    const fresh = ({ confirm_top, confirm_samples }: Pick<Config, "confirm_top" | "confirm_samples">) =>
      (confirm_top + 1) * confirm_samples;
    assert.ok(fresh(config) < fresh(plan.keys));
    assert.equal(evaluationOf(folder).status, "finished");
    // By the configuration alone, on a machine of another speed.
    const again = await runExperiment({
      config: { ...config, out: mkdtempSync(join(root, "again-")) },
      ...{ dataset, executor: new MadeUpMachine(1).searching() },
    });
    for (const file of ["notebook.csv", "confirmations.csv", "policies.json"])
      assert.equal(textOf(join(again.folder, file)), textOf(join(folder, file)));
    assert.equal(formatConfig({ ...configOf(again.folder), out: "" }), formatConfig({ ...config, out: "" }));
  });

  it("has more trials and more samples on a faster machine, within the time", async () => {
    const [slow, fast] = [new MadeUpMachine(1), new MadeUpMachine(0.5)];
    const [usual, faster] = await Promise.all([begin(slow), begin(fast)]);
    const samplesOf = async ({ folder }: typeof usual) => factsOf(await folder).decided.evaluation!.samples;
    const folder = await faster.folder;
    const { iterations } = configOf(folder);
    const { iterations: planned } = faster.plan.keys;
    assert.ok(iterations > 1.8 * planned && iterations < 2.2 * planned, `${iterations} of ${planned}`);
    assert.equal(readResults(folder).trials, iterations);
    assert.ok((await samplesOf(faster)) > (await samplesOf(usual)));
    const seconds = fast.now - faster.started;
    assert.ok(seconds > 0.9 * SECONDS && seconds <= 1.1 * SECONDS, `${seconds}`);
  });

  it("takes back what was cut if the machine is faster than it was measured", async () => {
    const machine = new MadeUpMachine(0.12);
    const { folder: ended, plan, started } = await begin(machine, { seconds: 85 });
    assert.deepEqual(plan.cuts, ["trials", "confirmation", "evaluation"]);
    const folder = await ended;
    const seconds = machine.now - started;
    assert.ok(seconds > 0.85 * 85 && seconds <= 1.1 * 85, `${seconds}`);
    const { iterations, confirm_top, confirm_samples } = configOf(folder);
    assert.ok(iterations > 3 * plan.keys.iterations && confirm_top > 0, `${iterations}, ${confirm_top}`);
    assert.deepEqual(readResults(folder).confirmation?.samples, confirm_samples);
    const { config, status } = evaluationOf(folder);
    assert.deepEqual([status, config.train_size], ["finished", "auto"]);
    assert.equal(factsOf(folder).decided.evaluation?.trainImages, 50);
  });

  it("keeps a given number of trials on a slower machine, and then has the least of the rest", async () => {
    const machine = new MadeUpMachine(3);
    const { folder } = await begin(machine, { given: { iterations: 60 } });
    const { iterations, confirm_top, confirm_samples } = configOf(await folder);
    assert.deepEqual([iterations, confirm_top, confirm_samples], [60, 1, 2]);
    const { arms, samples } = evaluationOf(await folder).config;
    assert.deepEqual([arms, samples], [["none", "flip-crop", "policy"], 2]);
  });

  it("has no confirmation and shorter final trainings if the time is short", async () => {
    const machine = new MadeUpMachine(1);
    const { folder: ended, plan, started } = await begin(machine, { seconds: 85 });
    assert.deepEqual(plan.cuts, ["trials", "confirmation", "evaluation"]);
    const folder = await ended;
    assert.ok(machine.now - started <= 1.1 * 85, `${machine.now - started}`);
    const { iterations, confirm_top, child_epochs, train_set_size } = configOf(folder);
    assert.deepEqual([confirm_top, child_epochs, train_set_size], [0, 240, 34]);
    assert.ok(iterations >= 6 && iterations < 12, `${iterations}`);
    const { status, config } = evaluationOf(folder);
    assert.deepEqual([status, config.epochs, config.train_size], ["finished", 240, 34]);
    assert.deepEqual(factsOf(folder).plan.cuts, plan.cuts);
  });

  it("does not train the best policy twice if it is a recipe, and keeps that recipe", async () => {
    const machine = new MadeUpMachine(1, "recipe");
    const folder = await (await begin(machine, { seconds: 85 })).folder;
    const [best] = readResults(folder).policies;
    assert.deepEqual([best.base, best.portion], ["flip-crop", 0]);
    const { arms } = evaluationOf(folder).config;
    assert.ok(arms.includes("flip-crop") && !arms.includes("policy"), `${arms}`);
    assert.deepEqual(factsOf(folder).decided.evaluation?.arms, arms);
  });

  it("evaluates the best recipe of the search beside the usual ones", async () => {
    const machine = new MadeUpMachine(1);
    const { folder } = await begin(machine, { given: { bases: ["none", "flip-crop", "flip+randaugment"] } });
    // The time does not suffice for three samples with RandAugment, too.
    const usual = ["none", "flip", "flip-crop", "trivialaugment"];
    assert.deepEqual(evaluationOf(await folder).config.arms, [...usual, "flip+randaugment", "policy"]);
    assert.deepEqual(factsOf(await folder).decided.evaluation?.leftOut, ["randaugment"]);
  });

  it("compares the recipes alone if no policy was found", async () => {
    const machine = new MadeUpMachine(1, "nothing");
    const { folder, started } = await begin(machine);
    assert.deepEqual(readResults(await folder).policies, []);
    const { config, status, comparison } = evaluationOf(await folder);
    assert.deepEqual(config.arms, ["none", "flip", "flip-crop", "trivialaugment", "randaugment"]);
    assert.equal(status, "finished");
    assert.ok(comparison && machine.now - started <= 1.1 * SECONDS);
  });
});

describe("a run within a budget that is interrupted", () => {
  /** Runs with an interruption after this number of trainings; returns the folder and the names of all trainings. */
  const interrupted = async (after: number, slowness = 1) => {
    const stop = new AbortController();
    const machine = new MadeUpMachine(slowness);
    machine.onTrained = (count) => count === after && stop.abort();
    const { folder } = await begin(machine, { signal: stop.signal });
    await assert.rejects(folder, InterruptedError);
    return { folder: machine.folder, machine };
  };

  it("resumes in each stage, repeats no training, and keeps what was decided", async () => {
    const whole = new MadeUpMachine(1);
    const uninterrupted = await (await begin(whole)).folder;
    const { search, evaluation } = factsOf(uninterrupted).decided;
    const trials = search!.iterations + 1;
    const confirmed = readResults(uninterrupted).confirmation!;
    const fresh = (confirmed.policies + 1) * confirmed.samples;
    const moments = {
      search: [Math.floor(trials / 3)],
      confirmation: [trials + 1],
      evaluation: [trials + fresh + 1, trials + fresh + 4],
    };
    for (const [stage, counts] of Object.entries(moments)) {
      for (const after of counts) {
        const { folder, machine } = await interrupted(after);
        const before = factsOf(folder);
        assert.equal(before.decided.search !== undefined, stage !== "search", `${stage} ${after}`);
        assert.equal(before.decided.evaluation !== undefined, stage === "evaluation", `${stage} ${after}`);
        assert.ok(before.used.search > 0);
        const second = new MadeUpMachine(1);
        assert.equal(await resume(folder, second), folder);
        const { decided } = factsOf(folder);
        assert.deepEqual(decided.search, search);
        assert.deepEqual(decided.evaluation, evaluation);
        const all = [...machine.trained, ...second.trained];
        assert.equal(new Set(all).size, all.length, "each training once");
        assert.deepEqual(new Set(all), new Set(whole.trained));
        for (const file of ["notebook.csv", "confirmations.csv", "policies.json"])
          assert.equal(textOf(join(folder, file)), textOf(join(uninterrupted, file)));
        assert.deepEqual(evaluationOf(folder).comparison, evaluationOf(uninterrupted).comparison);
      }
    }
  });

  it("counts the time of all its runs", async () => {
    const { folder } = await interrupted(20, 3);
    const { used } = factsOf(folder);
    const second = new MadeUpMachine(3);
    const began = second.now;
    await resume(folder, second);
    const seconds = used.setup + used.search + second.now - began;
    assert.ok(seconds <= 1.1 * SECONDS, `${seconds}`);
    assert.ok(configOf(folder).iterations < 0.5 * factsOf(folder).plan.keys.iterations);
  });

  it("adds trials if they are asked for, and keeps the evaluation", async () => {
    const folder = await (await begin(new MadeUpMachine(2))).folder;
    const { iterations } = configOf(folder);
    const machine = new MadeUpMachine(1);
    await resume(folder, machine, { iterations: iterations + 3 });
    assert.equal(readResults(folder).trials, iterations + 3);
    assert.ok(machine.trained.every((name) => !/none|flip|policy/.test(name)));
    const decided = factsOf(folder).decided.search;
    assert.equal(decided?.iterations, iterations);
  });

  it("does nothing if nothing is left", async () => {
    const folder = await (await begin(new MadeUpMachine(1))).folder;
    const machine = new MadeUpMachine(1);
    await resume(folder, machine);
    assert.deepEqual(machine.trained, []);
  });
});
