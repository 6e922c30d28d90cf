// Whole experiments: their results, how they resume, and what they learn from an earlier one. If rewards matter, a
// training's result is a function of policy and sample, so that it is the same on every machine. The space of policies is
// tested with real trainings on a few tiny images, so that each takes only a moment.

import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { applyPolicies } from "../../src/apply/apply.ts";
import { InterruptedError, UsageError } from "../../src/common/errors.ts";
import { Random } from "../../src/common/random.ts";
import { loadConfig, resolveConfig } from "../../src/config/load.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { isOwnOutput } from "../../src/dataset/readers/own-output.ts";
import { isFinished } from "../../src/experiment/results.ts";
import { formatPolicy, plainPolicy } from "../../src/policy/policy.ts";
import { readPolicyFile } from "../../src/policy/policy-file.ts";
import type { Executor, TrainOptions } from "../../src/search/executors/executor.ts";
import { InProcessExecutor } from "../../src/search/executors/in-process.ts";
import {
  type ExperimentObserver,
  type ExperimentOutcome,
  runExperiment,
} from "../../src/search/run-experiment.ts";
import type { TrainingResult, TrainingTask } from "../../src/search/training.ts";
import { ORIGINAL } from "../config/original.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-experiments-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));

/** One training after another, of which the greater magnitudes make the better ones, but for noise. */
class MadeUpExecutor implements Executor {
  readonly workers = 1;
  #last: Promise<unknown> = Promise.resolve();

  train(
    { policy, sample, epochs }: TrainingTask,
    { signal, onEpoch }: TrainOptions,
  ): Promise<TrainingResult> {
    const result = this.#last.then(async () => {
      await setImmediate();
      if (signal?.aborted) throw new InterruptedError("interrupted");
      const noise = new Random(JSON.stringify(policy), sample);
      const magnitudes = policy.chains.flat().reduce((sum, { magnitude }) => sum + magnitude, 0);
      const history = Array.from({ length: epochs }, (_, index) => {
        const accuracy = 0.5 + policy.portion * (magnitudes - 1) * 0.1 + noise.normal(0, 0.03);
        const losses = { epoch: index + 1, loss: 1, accuracy, validationLoss: 1 };
        onEpoch?.({ ...losses, validationAccuracy: accuracy, seconds: 0 });
        return { ...losses, validationAccuracy: accuracy, seconds: 0 };
      });
      return { history };
    });
    this.#last = result.catch(() => {});
    return result;
  }

  async close(): Promise<void> {}
}

const executor = new MadeUpExecutor();
let dataset: Dataset;
let count = 0;
before(async () => {
  dataset = await loadDataset(SAMPLE_ARCHIVE, { imageSize: 12 });
});

const SMALL = {
  ...ORIGINAL,
  data: SAMPLE_ARCHIVE,
  image_size: 12,
  train_set_size: 40,
  validation_set_size: 60,
  iterations: 6,
  opt_samples: 1,
  opt_initial_points: 3,
  opt_last_n_epochs: 1,
  child_epochs: 2,
  child_batch_size: 10,
  confirm_top: 0,
  seed: 4,
};

interface Options {
  readonly executor?: Executor;
  readonly signal?: AbortSignal;
  readonly observer?: ExperimentObserver;
  readonly notes?: string[];
}

/** A new experiment with these settings besides. */
function begin(settings: Record<string, unknown> = {}, options: Options = {}): Promise<ExperimentOutcome> {
  const config = resolveConfig({ ...SMALL, out: join(root, String(count++)), ...settings });
  return runExperiment({ config, dataset, ...requestOf(options) });
}

/** Resumes an experiment. */
function resume(folder: string, iterations: number, options: Options = {}): Promise<ExperimentOutcome> {
  const config = { ...loadConfig({ file: join(folder, "config.yaml") }), iterations };
  return runExperiment({ config, dataset, resume: folder, ...requestOf(options) });
}

function requestOf({ signal, observer = {}, notes, executor: real }: Options) {
  const onStart = (start: { readonly notes: readonly string[] }) => {
    // There are others if an engine is missing.
    notes?.push(...start.notes.filter((note) => note.startsWith("warm_start")));
    return observer;
  };
  return { signal, onStart, executor: real ?? executor };
}

/** Without the column of seconds, the last. */
const textOf = (path: string) => readFileSync(path, "utf8").replace(/,[^,\n]*$/gm, "");
const notebookOf = ({ notebook }: ExperimentOutcome) => textOf(notebook);
const inFolder = ({ folder }: ExperimentOutcome, file: string) => join(folder, file);
const policiesOf = (notebook: string) =>
  new Set(
    notebook
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split(",").slice(9).join()),
  );

describe("an experiment whose best are confirmed", () => {
  const CONFIRMED = { confirm_top: 3, confirm_samples: 2 };
  let outcome: ExperimentOutcome;
  before(async () => {
    outcome = await begin(CONFIRMED);
  });

  it("reports the rewards of fresh trainings, and says so", () => {
    const lines = textOf(inFolder(outcome, "confirmations.csv")).trimEnd().split("\n").slice(1);
    const places = [...new Set(lines.map((line) => line.split(",").slice(0, 2).join("/")))];
    const trials = [...new Set(places.map((place) => Number(place.split("/")[0])))];
    assert.deepEqual(outcome.confirmation, { policies: trials.length - 1, samples: 2 });
    assert.equal(trials[0], 0);
    assert.deepEqual(
      places,
      trials.flatMap((trial) => [`${trial}/1`, `${trial}/2`]),
    );
    const rewards = (trial: number) =>
      lines
        .filter((line) => line.startsWith(`${trial},`) && line.split(",")[2] === "1")
        .map((line) => Number(line.split(",")[8]));
    const all = readPolicyFile(inFolder(outcome, "policies.json"));
    const best = readPolicyFile(inFolder(outcome, "best.json"));
    assert.deepEqual(best.policies, all.policies.slice(0, 1));
    assert.deepEqual(all.policies, outcome.policies);
    assert.deepEqual(all.baseline, outcome.baseline);
    assert.equal(all.baseline.confirmed, true);
    assert.equal(all.baseline.searchReward, outcome.trials[0].reward);
    const confirmed = all.policies.filter((policy) => policy.confirmed);
    assert.ok(confirmed.length > 0, "a policy that is better after all");
    assert.deepEqual(all.policies.slice(0, confirmed.length), confirmed);
    for (const { trial, reward, searchReward, expectedAccuracyIncrease } of [
      ...confirmed,
      { trial: 0, ...all.baseline, expectedAccuracyIncrease: 0 },
    ]) {
      const [first, second] = rewards(trial);
      assert.ok(Math.abs(reward - (first + second) / 2) < 1e-12);
      assert.equal(searchReward, outcome.trials.find((record) => record.trial === trial)?.reward);
      assert.ok(Math.abs(expectedAccuracyIncrease - (reward - all.baseline.reward)) < 1e-12);
    }
  });

  it("has the same notebook as the search without confirmation", async () => {
    const plain = await begin();
    assert.equal(notebookOf(outcome), notebookOf(plain));
    assert.ok(!existsSync(inFolder(plain, "confirmations.csv")));
    assert.equal(plain.confirmation, null);
    for (const { confirmed, predictedReward } of plain.policies)
      assert.ok(!confirmed && predictedReward !== undefined);
  });

  it("resumes an interrupted confirmation with the same results; what was written until then is valid", async () => {
    const stop = new AbortController();
    let folder = "";
    let confirmed = 0;
    const observer: ExperimentObserver = {
      onConfirmationStarted: () => {
        const { baseline, policies } = readPolicyFile(join(folder, "policies.json"));
        assert.ok(policies.length > 0 && [baseline, ...policies].every((policy) => !policy.confirmed));
      },
      onConfirmed: () => ++confirmed === 2 && stop.abort(),
    };
    const out = join(root, "interrupted");
    const cut = runExperiment({
      ...{ config: resolveConfig({ ...SMALL, ...CONFIRMED, out }), dataset, executor, signal: stop.signal },
      onStart: (start) => {
        folder = start.folder;
        return observer;
      },
    });
    await assert.rejects(cut, InterruptedError);
    const plans: number[] = [];
    const resumed = await resume(folder, 6, {
      observer: { onConfirmationStarted: ({ trainings }) => plans.push(trainings) },
    });
    assert.deepEqual(plans, [((outcome.confirmation?.policies ?? 0) + 1 - 2) * 2]);
    for (const file of ["notebook.csv", "confirmations.csv"])
      assert.equal(textOf(inFolder(resumed, file)), textOf(inFolder(outcome, file)));
    for (const file of ["policies.json", "best.json"]) {
      assert.equal(
        readFileSync(inFolder(resumed, file), "utf8"),
        readFileSync(inFolder(outcome, file), "utf8"),
      );
    }
  });

  it("resumes with more trials as if it had started with them, and confirms the new best", async () => {
    const folder = join(root, "more");
    const first = await begin({ ...CONFIRMED, out: folder });
    const before = textOf(inFolder(first, "confirmations.csv"));
    const more = await resume(first.folder, 10);
    const atOnce = await begin({ ...CONFIRMED, iterations: 10 });
    assert.equal(notebookOf(more), notebookOf(atOnce));
    assert.deepEqual(more.trials, atOnce.trials);
    const lines = new Set(textOf(inFolder(more, "confirmations.csv")).split("\n"));
    for (const line of [before, textOf(inFolder(atOnce, "confirmations.csv"))].join("").trimEnd().split("\n"))
      assert.ok(lines.has(line), line);
    // All that were ever confirmed are ranked; among them are those of the search at once.
    const confirmed = new Map(more.policies.map((policy) => [policy.trial, policy]));
    for (const policy of atOnce.policies.filter((found) => found.confirmed))
      assert.deepEqual(confirmed.get(policy.trial), policy);
    assert.deepEqual(readdirSync(folder).length, 1);
  });
});

describe("an experiment that has finished", () => {
  it("refuses fewer trials than it has, and is then as it was", async () => {
    const { folder } = await begin();
    const contents = () =>
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]);
    const before = contents();
    const message = `iterations: ${folder} has 6 trials already, more than 5; give 6 or more, or begin a new experiment`;
    await assert.rejects(resume(folder, 5), { name: "UsageError", message });
    assert.deepEqual(contents(), before);
  });

  it("has the same results if it is run again, and records that it has finished", async () => {
    const { folder } = await begin({ confirm_top: 2, confirm_samples: 2 });
    const config = loadConfig({ file: join(folder, "config.yaml") });
    assert.ok(isFinished(folder, config));
    assert.ok(!isFinished(folder, { ...config, iterations: 7 }));
    const files = ["config.yaml", "experiment.json", "policies.json", "best.json"];
    assert.ok(isOwnOutput({ name: "experiment", path: folder }));
    const contents = () => files.map((name) => readFileSync(join(folder, name), "utf8"));
    const before = contents();
    await resume(folder, 6);
    assert.deepEqual(contents(), before);
  });

  it("has not finished while it continues", async () => {
    const { folder } = await begin();
    const config = { ...loadConfig({ file: join(folder, "config.yaml") }), iterations: 8 };
    const during: boolean[] = [];
    const observer = {
      onTrialFinished: ({ trial }: { trial: number }) => trial > 6 && during.push(isFinished(folder, config)),
    };
    await resume(folder, 8, { observer });
    assert.deepEqual(during, [false, false]);
    assert.ok(isFinished(folder, config));
  });
});

describe("an experiment whose policies are redrawn, on recipes", () => {
  const REDRAWN = {
    ...{
      redraw: "epoch",
      magnitudes: "drawn",
      bases: ["none", "flip", "randaugment"],
      operations: "extended",
    },
    ...{ policy_chains: 2, operations_per_chain: 1, iterations: 8, confirm_top: 2, confirm_samples: 2 },
  };
  let outcome: ExperimentOutcome;
  before(async () => {
    outcome = await begin(REDRAWN);
  });

  it("judges each recipe alone first, and keeps what its policies are", () => {
    const { trials, policies } = outcome;
    assert.deepEqual(
      trials.slice(0, 3).map(({ policy }) => formatPolicy(policy)),
      ["no augmentation", "flip", "randaugment"],
    );
    for (const { policy } of trials.slice(3)) {
      assert.deepEqual([policy.redrawn, policy.magnitudes, policy.chains.length], [true, "drawn", 2]);
      assert.ok(policy.portion > 0);
    }
    const [header] = readFileSync(outcome.notebook, "utf8").split("\n");
    assert.match(header, /,portion,base,mixture,magnitudes,redraw,seconds$/);
    const file = readPolicyFile(inFolder(outcome, "policies.json"));
    assert.deepEqual(file.policies, policies);
    const judged = new Map(trials.map(({ trial, policy }) => [trial, policy]));
    for (const policy of file.policies)
      assert.deepEqual(plainPolicy(policy), plainPolicy(judged.get(policy.trial)!));
  });

  it("resumes to the same notebook, and teaches another search", async () => {
    const stop = new AbortController();
    const out = join(root, "redrawn");
    const observer: ExperimentObserver = { onTrialFinished: ({ trial }) => trial === 4 && stop.abort() };
    await assert.rejects(begin({ ...REDRAWN, out }, { signal: stop.signal, observer }), InterruptedError);
    const resumed = await resume(join(out, readdirSync(out)[0]), 8);
    assert.equal(notebookOf(resumed), notebookOf(outcome));

    const notes: string[] = [];
    const settings = { ...REDRAWN, bases: ["none", "flip"], warm_start: outcome.folder, seed: 5 };
    await begin(settings, { notes });
    const left = outcome.trials.filter(({ policy }) => policy.base === "randaugment").length;
    assert.deepEqual(notes, [
      `warm_start: ${left} of 8 trials use techniques or bases that this search does not have, and are left out`,
    ]);
    await assert.rejects(begin({ ...SMALL, warm_start: outcome.folder }), {
      name: "UsageError",
      message: `warm_start ${outcome.notebook}: its policies have mixture: true, magnitudes: drawn, redraw: epoch, those of this search mixture: false, magnitudes: fixed, redraw: once; set these keys alike, or give another notebook`,
    });
  });

  it("is judged by averaged weights if asked to, with one row a training", async () => {
    const settings = { ...REDRAWN, reward: "averaged", child_epochs: 4, iterations: 4, confirm_top: 1 };
    const reports: (number | undefined)[] = [];
    const observer: ExperimentObserver = {
      onEpoch: (_, __, { validationAccuracy }) => reports.push(validationAccuracy),
    };
    const real = await begin(settings, { executor: new InProcessExecutor(), observer });
    const rows = textOf(real.notebook).trimEnd().split("\n").slice(1);
    assert.equal(rows.length, 5);
    for (const row of rows) {
      const [, , epoch, , , , validationAccuracy, , reward] = row.split(",");
      assert.deepEqual([epoch, reward], ["4", validationAccuracy]);
    }
    assert.deepEqual(
      reports.slice(0, 4).map((accuracy) => accuracy !== undefined),
      [false, false, false, true],
    );
    const resumed = await resume(real.folder, 6, { executor: new InProcessExecutor() });
    assert.equal(resumed.trials.length, 7);
    const atOnce = await begin({ ...settings, iterations: 6 }, { executor: new InProcessExecutor() });
    assert.equal(notebookOf(resumed), notebookOf(atOnce));
  });

  it("has balanced rewards if asked to, also after it is resumed", async () => {
    const settings = { ...REDRAWN, balanced_validation: true, iterations: 3, confirm_top: 1, seed: 1 };
    const tasks: TrainingTask[] = [];
    const watching = () => {
      const inProcess = new InProcessExecutor();
      const train: Executor["train"] = (task, options) => {
        tasks.push(task);
        return inProcess.train(task, options);
      };
      return { workers: 1, train, close: () => inProcess.close() };
    };
    const begun = await begin(settings, { executor: watching() });
    const resumed = await resume(begun.folder, 5, { executor: watching() });
    assert.ok(tasks.length > 6 && tasks.every(({ balancedValidation }) => balancedValidation));
    const atOnce = await begin({ ...settings, iterations: 5 }, { executor: watching() });
    assert.equal(notebookOf(resumed), notebookOf(atOnce));
    const plain = await begin(
      { ...settings, balanced_validation: false },
      { executor: new InProcessExecutor() },
    );
    assert.notEqual(notebookOf(plain), notebookOf(begun));
  });

  it("trains for real, with the same results for the same seed", async () => {
    const real = await begin(
      { ...REDRAWN, iterations: 4, confirm_top: 0 },
      { executor: new InProcessExecutor() },
    );
    assert.equal(real.trials.length, 5);
    for (const { reward } of real.trials) assert.ok(reward >= 0 && reward <= 1);
    const again = await begin(
      { ...REDRAWN, iterations: 4, confirm_top: 0 },
      { executor: new InProcessExecutor() },
    );
    assert.equal(notebookOf(again), notebookOf(real));
  });
});

describe("an experiment on a given executor", () => {
  it("has as many trials in flight as the executor needs", async () => {
    const lagWith = async (workers: number) => {
      const wide: Executor = {
        workers,
        train: (task, options) => executor.train(task, options),
        close: () => assert.fail("it is not the run's to close"),
      };
      let started = 0;
      const config = resolveConfig({ ...SMALL, out: join(root, `wide-${workers}`), workers: 1 });
      const onStart = (start: { readonly workers: number }) => {
        started = start.workers;
        return {};
      };
      const { folder } = await runExperiment({ config, dataset, executor: wide, onStart });
      assert.equal(started, workers);
      return JSON.parse(readFileSync(join(folder, "experiment.json"), "utf8")).lag;
    };
    assert.equal(await lagWith(1), 3);
    assert.equal(await lagWith(6), 7);
  });
});

describe("an experiment that learns from an earlier one", () => {
  const WARM = { seed: 9, child_epochs: 1, iterations: 8, opt_initial_points: 7 };
  let earlier: ExperimentOutcome;
  let cold: ExperimentOutcome;
  before(async () => {
    earlier = await begin({ iterations: 8 });
    cold = await begin(WARM);
  });

  it("proposes other policies from the first trials on, and resumes without the file as if never interrupted", async () => {
    const path = join(root, "earlier.csv");
    copyFileSync(earlier.notebook, path);
    const warm = await begin({ ...WARM, warm_start: path });
    assert.notEqual(notebookOf(warm), notebookOf(cold));
    const [first, second] = [warm, cold].map(({ trials }) => trials.map(({ policy }) => policy));
    assert.deepEqual(first[0], second[0]);
    assert.notDeepEqual(first.slice(1, 7), second.slice(1, 7), "among the cold one's random trials");

    const out = join(root, "warm");
    const stop = new AbortController();
    const observer: ExperimentObserver = { onTrialFinished: ({ trial }) => trial === 4 && stop.abort() };
    const cut = begin({ ...WARM, warm_start: path, out }, { signal: stop.signal, observer });
    await assert.rejects(cut, InterruptedError);
    rmSync(path);
    const resumed = await resume(join(out, readdirSync(out)[0]), 8);
    assert.equal(notebookOf(resumed), notebookOf(warm));
    const again = await begin({ ...WARM, warm_start: earlier.folder });
    assert.equal(notebookOf(again), notebookOf(warm), "the folder means its notebook");
  });

  it("leaves out trials of techniques that it may not use, and says how many", async () => {
    const used = earlier.trials.slice(1).map(({ policy }) => policy.chains[0].map(({ type }) => type));
    const operations = [...new Set(used.slice(0, 3).flat())];
    const left = used.filter((types) => !types.every((type) => operations.includes(type))).length;
    assert.ok(left > 0 && left < used.length);
    const notes: string[] = [];
    await begin({ iterations: 1, operations, warm_start: earlier.notebook }, { notes });
    assert.deepEqual(notes, [
      `warm_start: ${left} of 8 trials use techniques that are not among operations, and are left out`,
    ]);
    const random: string[] = [];
    const ofRandom = { iterations: 3, method: "random", warm_start: earlier.notebook };
    assert.equal(
      notebookOf(await begin(ofRandom, { notes: random })),
      notebookOf(await begin({ ...ofRandom, warm_start: null })),
    );
    assert.match(random.join(), /^warm_start: random search learns nothing/);
  });

  it("refuses a notebook that teaches nothing, before it writes anything", async () => {
    const refused = async (settings: Record<string, unknown>, message: RegExp) => {
      const out = join(root, "refused");
      await assert.rejects(begin({ ...settings, out }), (error) => {
        assert.ok(error instanceof UsageError, String(error));
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      });
      assert.ok(!existsSync(out));
    };
    const written = (text: string) => {
      const path = join(root, "odd.csv");
      writeFileSync(path, text);
      return { warm_start: path };
    };
    const text = readFileSync(earlier.notebook, "utf8");
    const lines = text.split("\n");
    await refused(
      { policy_chains: 2, warm_start: earlier.notebook },
      /^warm_start .*notebook\.csv: its policies have 1 × 2 operations, those of this search 2 × 2; set policy_chains: 1 /,
    );
    await refused(
      { warm_start: join(root, "none.csv") },
      /cannot read the notebook .*none\.csv: there is no/,
    );
    await refused(written("a,b\n1,2\n"), /odd\.csv is not a notebook of a search/);
    await refused(written(""), /odd\.csv is not a notebook of a search/);
    await refused(written(lines.slice(0, 3).concat("").join("\n")), /odd\.csv: it has no trial besides/);
    await refused(
      written([lines[0], ...lines.slice(3)].join("\n")),
      /odd\.csv: it has no baseline \(trial 0\)/,
    );
    await refused(
      written(text.replace(/\n1,0,1,[^\n]*/, (line) => line.replace(/,[a-z-]+,/, ",spin,"))),
      /odd\.csv, line 4: chain_1_op_1_type: unknown technique "spin"/,
    );
    await refused(
      written(text.replace("\n1,0,1,", "\n1,0,")),
      /odd\.csv, line 4: expected 15 cells, found 14/,
    );
    const one = earlier.trials.flatMap(({ policy }) => policy.chains[0].map(({ type }) => type));
    const unused = ["vertical-flip", "invert", "clouds", "fog"].find((type) => !one.includes(type as never));
    await refused({ operations: [unused], warm_start: earlier.notebook }, /all of its trials use techniques/);
  });

  it("learns from a notebook whose last line is cut", async () => {
    const path = join(root, "cut.csv");
    copyFileSync(earlier.notebook, path);
    appendFileSync(path, "9,0,1,2.1,0.1");
    const warm = await begin({ ...WARM, warm_start: path });
    assert.equal(notebookOf(warm), notebookOf(await begin({ ...WARM, warm_start: earlier.notebook })));
  });
});

describe("the space of policies", () => {
  const real = { executor: new InProcessExecutor() };

  it("may have five chains: notebook, policies, resuming and confirmation", async () => {
    const five = { policy_chains: 5, iterations: 5, confirm_top: 1, confirm_samples: 1 };
    const first = await begin({ ...five, iterations: 3 }, real);
    const header = readFileSync(first.notebook, "utf8").split("\n")[0].split(",");
    assert.equal(header.filter((name) => /^chain_[1-5]_op_[12]_(type|magnitude)$/.test(name)).length, 20);
    const more = await resume(first.folder, 5, real);
    assert.equal(notebookOf(more), notebookOf(await begin(five, real)));
    assert.equal(policiesOf(notebookOf(more)).size, 6);
    const all = readPolicyFile(inFolder(more, "policies.json"));
    for (const { chains } of [...more.trials.map(({ policy }) => policy), ...all.policies]) {
      assert.deepEqual(
        chains.map((chain) => chain.length),
        [2, 2, 2, 2, 2],
      );
    }
  });

  it("of five chains gives policies that can be applied", async () => {
    const { folder, policies } = await begin({ policy_chains: 5, iterations: 1 });
    assert.equal(policies[0].chains.length, 5);
    const { augmented, unchanged, out } = await applyPolicies({
      ...{ policyPath: join(folder, "best.json"), data: SAMPLE_ARCHIVE, out: join(root, "augmented") },
      ...{ as: "npz", copies: 1, chance: 1, top: 1, seed: 0, onlyAugmented: true, workers: 1 },
    });
    assert.equal(augmented + unchanged, 200 * 5);
    assert.equal((await loadDataset(out)).train.images.count, augmented);
  });

  it("may have few techniques, or only one", async () => {
    for (const operations of [["shear", "fog"], ["horizontal-flip"]]) {
      const { trials } = await begin({ operations, iterations: 6 }, real);
      const types = trials.slice(1).flatMap(({ policy }) => policy.chains.flat().map(({ type }) => type));
      assert.deepEqual([...new Set(types)].sort(), [...operations].sort());
      assert.equal(types.length, 12);
    }
  });
});
