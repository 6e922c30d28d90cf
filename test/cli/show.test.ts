// `show`, and what `optimize` prints in the end: of experiments with made-up trainings, so that it is known what the results
// say.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { EpochResult } from "../../src/child/reward.ts";
import { main } from "../../src/cli/main.ts";
import { InterruptedError } from "../../src/common/errors.ts";
import { FolderLock } from "../../src/common/folder-lock.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import type { FoundPolicy } from "../../src/policy/policy-file.ts";
import type { Executor } from "../../src/search/executors/executor.ts";
import { type ExperimentObserver, runExperiment } from "../../src/search/run-experiment.ts";
import type { TrainingTask } from "../../src/search/training.ts";
import { ORIGINAL } from "../config/original.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { runMain, Sink } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-show-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
process.env.DEEPAUGMENT_HOME = environment.DEEPAUGMENT_HOME;
after(() => rmSync(root, { recursive: true }));

let dataset: Dataset;
let count = 0;
before(async () => {
  dataset = await loadDataset(SAMPLE_ARCHIVE, { imageSize: 12 });
});

type AccuracyOf = (task: TrainingTask) => number;

interface Options {
  readonly settings?: Record<string, unknown>;
  readonly signal?: AbortSignal;
  readonly observer?: ExperimentObserver;
}

/** What a training with this validation accuracy measures; it is the same after each epoch. */
function historyOf({ epochs, validatedAt, stops = [] }: TrainingTask, accuracy: number): EpochResult[] {
  const losses = { loss: 1, accuracy, validationLoss: 1, validationAccuracy: accuracy, seconds: 0 };
  const validated = validatedAt ?? Array.from({ length: epochs }, (_, index) => index + 1);
  const last = stops.find(({ below }) => accuracy < below)?.epoch ?? epochs;
  return validated.filter((epoch) => epoch <= last).map((epoch) => ({ epoch, ...losses }));
}

/** The folder of an experiment whose trainings have these validation accuracies; also if it is interrupted. */
async function begin(
  accuracyOf: AccuracyOf,
  { settings, signal, observer = {} }: Options = {},
): Promise<string> {
  const executor: Executor = {
    workers: 1,
    train: async (task, options) => {
      if (options.signal?.aborted) throw new InterruptedError("interrupted");
      return { history: historyOf(task, accuracyOf(task)) };
    },
    close: async () => {},
  };
  const config = resolveConfig({
    ...{ data: SAMPLE_ARCHIVE, image_size: 12, train_set_size: 40, validation_set_size: 60 },
    ...{ iterations: 4, opt_samples: 2, opt_initial_points: 4, child_epochs: 2, child_batch_size: 10 },
    ...{ confirm_top: 1, confirm_samples: 4, seed: 4, out: join(root, `${count++}`) },
    // All trials are policies that the search proposes.
    bases: ["none"],
    ...settings,
  });
  let folder = "";
  const onStart = (start: { readonly folder: string }) => {
    folder = start.folder;
    return observer;
  };
  try {
    await runExperiment({ config, dataset, executor, signal, onStart });
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
  }
  return folder;
}

/** What is printed, with single spaces. */
async function show(folder: string): Promise<string> {
  const { code, stdout, stderr } = await runMain(["show", folder], environment);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.replace(/\s+/g, " ");
}

const isFresh = ({ sample }: TrainingTask) => sample >= 2;
const ORIGINAL_REWARD = { ...ORIGINAL, opt_samples: 2, child_epochs: 2 };
/** Policies are better by 0.14 ± 0.06, in the search and when they are trained again. */
const better: AccuracyOf = ({ trial, sample }) =>
  0.5 + 0.01 * sample + (trial > 0 ? 0.14 + 0.06 * (-1) ** sample : 0);

describe("deepaugment show", () => {
  it("shows a confirmed gain with its interval over paired samples, and commands to paste", async () => {
    const folder = await begin(better, { settings: { out: join(root, "two words") } });
    const text = await show(folder);
    assert.ok(text.startsWith(`${folder} is finished: 4 of 4 trials done `), text);
    // Differences of 0.20, 0.08, 0.20, 0.08: a standard error of 0.03464, times 3.18245.
    assert.match(text, / [1-4] 0\.675 \+0\.140 \+0\.030 to \+0\.250 /);
    assert.match(text, / not confirmed /);
    assert.match(
      text,
      / The policy of trial [1-4] is better than no augmentation: an average gain of 14\.0 points of validation accuracy in 4 fresh trainings each \(95% interval: 3\.0 to 25\.0 points\)\. /,
    );
    assert.match(
      text,
      / The baseline, without augmentation, has an accuracy of 0\.535 ± 0\.006 \(0\.505 in the search\)\. 4 of 4 policies did better in the search\. /,
    );
    assert.match(
      text,
      / Accuracy is the validation accuracy at the end of a training, of weights averaged over its last quarter: the reward\. /,
    );
    const data = SAMPLE_ARCHIVE;
    assert.ok(
      text.endsWith(
        ` Next: deepaugment evaluate --experiment '${folder}' deepaugment apply --policy '${folder}' --data ${data} --out cifar-10-sample-augmented `,
      ),
      text,
    );
    assert.doesNotMatch(text, /learnt nothing/);
  });

  it("says what the accuracy is with the original's reward", async () => {
    const text = await show(await begin(better, { settings: ORIGINAL_REWARD }));
    assert.match(text, / Accuracy is the validation accuracy in a training's best epochs: the reward\. /);
    assert.match(text, / [1-4] 0\.675 \+0\.140 \+0\.030 to \+0\.250 /);
  });

  it("says how many trials were stopped early, and leaves them out", async () => {
    const settings = { reward: "averaged", stop_epochs: [1], opt_samples: 1, iterations: 12, confirm_top: 0 };
    // From trial 9 on, six are known, all of them better.
    const folder = await begin(({ trial }) => (trial === 0 ? 0.5 : 0.9 - 0.01 * trial), { settings });
    const text = await show(folder);
    assert.match(text, / 8 of 12 policies did better in the search\. 4 of 12 trials were stopped early\. /);
    assert.match(text, / 8 0\.820 \+0\.320 /);
    assert.doesNotMatch(text, / 9 0\.810 /);
    const { stdout } = await runMain(["show", folder, "--json"], environment);
    const { stopped, policies, trials } = JSON.parse(stdout);
    assert.deepEqual([stopped, trials, policies.length], [4, 12, 8]);
  });

  it("names a folder for apply that does not exist yet", async () => {
    const folder = await begin(better);
    const before = process.cwd();
    const here = join(root, "here");
    mkdirSync(join(here, "cifar-10-sample-augmented"), { recursive: true });
    process.chdir(here);
    try {
      assert.match(await show(folder), / --out cifar-10-sample-augmented-2 $/);
    } finally {
      process.chdir(before);
    }
  });

  it("does not take trainings that agree by chance for more than the validation images can show", async () => {
    const agreeing: AccuracyOf = ({ trial, sample }) => 0.5 + 0.01 * sample + (trial > 0 ? 0.08 : 0);
    const text = await show(await begin(agreeing));
    // 1.96 √(2 · 0.535 · 0.465 / (60 · 4)) = 0.089.
    assert.match(text, / [1-4] 0\.615 \+0\.080 −0\.009 to \+0\.169 /);
    assert.match(text, / No policy was shown to be better than no augmentation: /);
  });

  it("recommends no policy whose confirmation does not show that it is better", async () => {
    const unsure: AccuracyOf = (task) =>
      isFresh(task) && task.trial > 0 ? 0.52 + 0.1 * (-1) ** task.sample : better({ ...task, sample: 0 });
    const text = await show(await begin(unsure));
    assert.match(
      text,
      / No policy was shown to be better than no augmentation: the average gain of the best one is 2\.0 points in 4 fresh trainings each, and its 95% interval, −16\.4 to 20\.4 points, includes 0\. /,
    );
    assert.doesNotMatch(text, /deepaugment apply/);
    assert.match(text, / Next: deepaugment evaluate .* deepaugment optimize --resume \S+ --iterations 8 $/);

    const worse: AccuracyOf = (task) => (isFresh(task) && task.trial > 0 ? 0.4 : better(task));
    const none = await show(await begin(worse));
    assert.match(
      none,
      / No policy was shown to be better than no augmentation: the best one did no better than the baseline in 4 fresh trainings each\. /,
    );
    assert.doesNotMatch(none, /deepaugment apply/);

    const once = await show(await begin(better, { settings: { confirm_samples: 1 } }));
    assert.match(
      once,
      / No policy was shown to be better than no augmentation: 1 fresh training each shows no spread\. Set confirm_samples to 2 or more/,
    );
    assert.doesNotMatch(once, /deepaugment apply/);
  });

  it("says that gains are not confirmed, and that no policy did better", async () => {
    const unconfirmed = await show(await begin(better, { settings: { confirm_top: 0 } }));
    assert.match(
      unconfirmed,
      / The gains are not confirmed: they are those of the search, and the best of many is partly luck\. /,
    );
    assert.match(unconfirmed, / trial accuracy gain policy /);
    const nothing = await show(await begin(({ trial }) => 0.5 - 0.01 * trial));
    assert.match(
      nothing,
      / None of 4 policies did better in the search\. .* No policy was shown to be better than no augmentation: none did better than the baseline\. More trials, epochs or images may help\. /,
    );
    assert.match(nothing, / Next: deepaugment optimize --resume \S+ --iterations 8 $/);
  });

  it("says that the baseline has learnt nothing", async () => {
    const text = await show(await begin(({ trial }) => 0.1 + 0.02 * trial));
    assert.match(
      text,
      / The baseline has learnt nothing: its validation accuracy of 0\.100 is no better than guessing one of 10 classes \(0\.100\)\. More epochs or images may help, or another model\. /,
    );
    const near = await show(await begin(({ trial }) => 0.11 + 0.02 * trial));
    assert.match(
      near,
      / The baseline may have learnt nothing: its validation accuracy of 0\.110( ± \d\.\d+)? differs from guessing one of 10 classes \(0\.100\) by no more than noise\. /,
    );
  });

  it("shows a running and an interrupted search, and changes nothing", async () => {
    const stop = new AbortController();
    const observer: ExperimentObserver = {
      onTrialFinished: ({ trial }) => {
        if (trial === 2) stop.abort();
      },
    };
    const folder = await begin(better, { signal: stop.signal, observer, settings: { iterations: 9 } });
    const files = () =>
      readdirSync(folder).map((name) => [
        name,
        readFileSync(join(folder, name), "utf8"),
        statSync(join(folder, name)).mtimeMs,
      ]);
    const lock = await FolderLock.acquire(folder);
    const before = files();
    try {
      const text = await show(folder);
      assert.ok(text.startsWith(`${folder} is running in process ${process.pid} on `), text);
      assert.match(text, /: [23] of 9 trials done .* The gains are not confirmed yet: /);
      assert.doesNotMatch(text, /Next:/);
      assert.deepEqual(files(), before);
    } finally {
      lock.release();
    }
    const text = await show(folder);
    assert.ok(text.startsWith(`${folder} was interrupted: `), text);
    assert.match(text, /: [23] of 9 trials done; continue with: deepaugment optimize --resume /);
    assert.ok(text.endsWith(` Next: deepaugment optimize --resume ${folder} `), text);
  });

  it("says how far an interrupted confirmation is, and draws no conclusion from its first part", async () => {
    const stop = new AbortController();
    let fresh = 0;
    // Of the trainings of the baseline, of a policy, and of another one, 4 each, 9 succeed.
    const cutShort: AccuracyOf = (task) => {
      if (isFresh(task) && ++fresh === 9) stop.abort();
      return better(task);
    };
    const settings = { confirm_top: 2 };
    const folder = await begin(cutShort, { signal: stop.signal, settings });
    const text = await show(folder);
    assert.match(
      text,
      / was interrupted: 4 of 4 trials done, 9 of 12 trainings of the confirmation; continue with: /,
    );
    assert.match(text, / The gains are not confirmed yet: /);
    const { stdout } = await runMain(["show", folder, "--json"], environment);
    const { confirming, confirmation, gains } = JSON.parse(stdout);
    assert.deepEqual([confirming, confirmation, gains], [{ done: 9, trainings: 12 }, null, []]);
    const whole = await runMain(["show", await begin(better, { settings }), "--json"], environment);
    assert.equal(JSON.parse(whole.stdout).confirming, null);
  });

  it("says in which order policies are, and how many confirmed ones are missing", async () => {
    const note = "In the order of predicted accuracy, for which similar policies count, too. ";
    const unconfirmed = await show(await begin(better, { settings: { confirm_top: 0 } }));
    assert.ok(unconfirmed.includes(note), unconfirmed);
    const order =
      "Confirmed policies come first; the others are in the order of predicted accuracy, for which similar policies count, too. ";
    const first = await show(await begin(better));
    assert.ok(first.includes(order) && !first.includes(" more "), first);

    // Of the three that are confirmed, all but the first one are no better than the baseline.
    let best: number | undefined;
    const mixed: AccuracyOf = (task) => {
      const { trial } = task;
      if (!isFresh(task) || trial === 0) return better(task);
      best ??= trial;
      return trial === best ? better(task) : 0.4;
    };
    const text = await show(await begin(mixed, { settings: { confirm_top: 3 } }));
    assert.match(text, / [12] more (was|were) confirmed and (is|are) no better than no augmentation\. Conf/);
    assert.match(text, / The policy of trial \d is better than no augmentation: /);
  });

  it("prints JSON", async () => {
    const folder = await begin(better);
    const { code, stdout } = await runMain(["show", folder, "--json"], environment);
    assert.equal(code, 0);
    const result = JSON.parse(stdout);
    const { policies, baseline } = JSON.parse(readFileSync(join(folder, "policies.json"), "utf8"));
    assert.deepEqual([result.policies, result.baseline], [policies, baseline]);
    assert.deepEqual(
      [result.status, result.trials, result.planned, result.isAtChance, result.confirmation],
      ["finished", 4, 4, false, { policies: 1, samples: 4 }],
    );
    const [{ trial, gain, interval, isBetter }] = result.gains;
    assert.deepEqual(policies[0].confirmation, { gain, interval, trainings: 4 });
    assert.ok(policies.slice(1).every(({ confirmation }: FoundPolicy) => confirmation === null));
    assert.deepEqual([trial, isBetter], [policies[0].trial, true]);
    assert.ok(Math.abs(gain - 0.14) < 1e-9 && Math.abs(interval.low - 0.0298) < 1e-4, stdout);
  });

  it("fits the terminal, with the policies below their numbers if it is narrow", async () => {
    const folder = await begin(better);
    for (const columns of [40, 60, 80, 120, 200]) {
      const stdout = Object.assign(new Sink(), { isTTY: true, columns });
      assert.equal(await main(["show", folder], { stdout, stderr: new Sink() }), 0);
      const lines = stripVTControlCharacters(stdout.text).split("\n");
      for (const line of lines) assert.ok(line.includes(folder) || line.length <= columns, line);
      const head = lines.find((line) => line.startsWith("trial"));
      const inSearch = columns >= 110 ? "  in the search" : "";
      const policy = columns > 60 ? "  policy" : "";
      const gap = columns < 44 ? "   " : "      ";
      assert.equal(head, `trial  accuracy    gain${gap}95% interval${inSearch}${policy}`);
    }
  });

  describe("of a search on recipes", () => {
    const settings = { bases: ["none", "flip", "flip-crop"], iterations: 6, confirm_top: 2, opt_samples: 2 };
    /** Accuracies of no augmentation, of flip and crop, and of the policies that the search finds; a policy's trainings differ. */
    const accuracies =
      (none: number, recipe: number, found: number): AccuracyOf =>
      ({ sample, policy }) => {
        const { portion, base } = policy;
        const own = portion > 0 ? found + 0.02 * (-1) ** sample : base === "flip-crop" ? recipe : none;
        return own + 0.01 * sample;
      };
    const shown = async (accuracyOf: AccuracyOf, more: Record<string, unknown> = {}) => {
      const folder = await begin(accuracyOf, { settings: { ...settings, ...more } });
      const { stdout } = await runMain(["show", folder, "--json"], environment);
      return { folder, text: await show(folder), result: JSON.parse(stdout) };
    };

    it("says that the best found policy is better than the best recipe", async () => {
      const { text, result } = await shown(accuracies(0.3, 0.4, 0.8), { validation_set_size: 160 });
      const { policy, recipe, name, gain, interval } = result.besideRecipe;
      assert.deepEqual([policy > 2, recipe, name], [true, 2, "flip-crop"]);
      assert.ok(
        Math.abs(gain - 0.4) < 1e-9 && interval.low > 0.3 && interval.high < 0.5,
        JSON.stringify(interval),
      );
      assert.match(
        text,
        new RegExp(` The policy of trial ${policy} is better than no augmentation: .* points\\)\\. `),
      );
      assert.match(
        text,
        new RegExp(
          ` The best found policy, that of trial ${policy}, is better than the best recipe, flip-crop, which needs no search: 40\\.0 points more in the same trainings \\(95% interval of the difference: 3\\d\\.\\d to 4\\d\\.\\d points\\)\\. `,
        ),
      );
    });

    it("says that it was not shown to be better, or is worse", async () => {
      const close = await shown(accuracies(0.3, 0.6, 0.61));
      const { policy, gain } = close.result.besideRecipe;
      assert.ok(Math.abs(gain - 0.01) < 1e-9);
      assert.match(
        close.text,
        new RegExp(
          ` The best found policy, that of trial ${policy}, was not shown to be better than the best recipe, flip-crop, which needs no search: 1\\.0 points more in the same trainings \\(95% interval of the difference: −\\d+\\.\\d to \\d+\\.\\d points\\)\\. `,
        ),
      );
      // The search takes the found policies for the better ones; fresh trainings do not confirm it.
      const promising: AccuracyOf = (task) => accuracies(0.3, 0.75, isFresh(task) ? 0.35 : 0.8)(task);
      const { text, result, folder } = await shown(promising);
      assert.equal(result.policies[0].trial, 2);
      assert.match(
        text,
        / The recipe flip-crop \(trial 2\) is better than no augmentation: an average gain of 45\.0 points /,
      );
      assert.match(
        text,
        / The best found policy, that of trial \d, is worse than the best recipe, flip-crop, which needs no search: 40\.0 points less in the same trainings \(95% interval of the difference: −\d+\.\d to −\d+\.\d points\)\. /,
      );
      assert.match(text, / 2 0\.785 \+0\.450 .* flip-crop /);
      assert.ok(text.includes(` deepaugment apply --policy ${folder} --data ${SAMPLE_ARCHIVE} `), text);
      const out = join(root, "flipped");
      const apply = ["apply", "--policy", folder, "--data", SAMPLE_ARCHIVE, "--out", out, "--as", "npz"];
      const applied = await runMain(apply, environment);
      assert.equal(applied.code, 0, applied.stderr);
      const { count } = (await loadDataset(out)).train.images;
      assert.ok(count > 350 && count <= 400, `${count}`);
    });

    it("says so if recipes alone were promising, and shows no interval of one training", async () => {
      const { text, result } = await shown(accuracies(0.3, 0.6, 0.2));
      assert.deepEqual([result.besideRecipe, result.policies[0].trial], [null, 2]);
      assert.match(
        text,
        / No policy that the search found promised enough to be trained again beside the recipes\. /,
      );
      const once = await shown(accuracies(0.3, 0.6, 0.7), { confirm_samples: 1 });
      assert.equal(once.result.besideRecipe.interval, null);
      assert.match(
        once.text,
        / has 12\.0 points more than the best recipe, flip-crop, in the same fresh training\. /,
      );
    });

    it("says nothing of recipes without a confirmation, or if nothing is better than no augmentation", async () => {
      const unconfirmed = await shown(accuracies(0.3, 0.6, 0.7), { confirm_top: 0 });
      const worse: AccuracyOf = (task) =>
        isFresh(task) ? accuracies(0.7, 0.6, 0.5)(task) : accuracies(0.3, 0.6, 0.7)(task);
      for (const { text, result } of [unconfirmed, await shown(worse)]) {
        assert.equal(result.besideRecipe, null);
        assert.doesNotMatch(text, /recipe/);
      }
    });
  });

  it("names the latest experiment in a folder of several", async () => {
    const out = join(root, "several");
    for (const name of ["2026-01-31_12-00-00", "2026-02-01_12-00-00", "notes"]) {
      mkdirSync(join(out, name), { recursive: true });
      if (name === "notes") continue;
      for (const file of ["config.yaml", "experiment.json"]) writeFileSync(join(out, name, file), "");
    }
    const { code, stderr } = await runMain(["show", out], environment);
    assert.equal(code, 2);
    assert.equal(
      stderr,
      `deepaugment: ${out} contains experiments: give one of them, such as the latest, ${join(out, "2026-02-01_12-00-00")}\n`,
    );
  });

  it("refuses a folder that is not an experiment's, in one line", async () => {
    const { code, stdout, stderr } = await runMain(["show", root], environment);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(
      stderr,
      `deepaugment: ${root} is not an experiment of this program (it has no config.yaml); give the folder of one\n`,
    );
  });
});
