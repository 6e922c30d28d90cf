// The search from the command line, with real trainings on few real images: what it leaves, that it repeats, and that
// nothing is lost when it is killed.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { loadConfig } from "../../src/config/load.ts";
import { USUAL_BASES } from "../../src/config/recipes.ts";
import { EARLIER } from "../../src/config/schema.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import { readPolicyFile } from "../../src/policy/policy-file.ts";
import { ORIGINAL } from "../config/original.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { type Finished, finishedTrials, run, runMain, start, untilTrials } from "./run.ts";

const TRIALS = 8;
const root = mkdtempSync(join(tmpdir(), "deepaugment-optimize-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const SMALL = {
  data: SAMPLE_ARCHIVE,
  image_size: 12,
  train_set_size: 40,
  validation_set_size: 20,
  iterations: TRIALS,
  opt_samples: 1,
  opt_initial_points: 4,
  confirm_top: 0,
  // With all of them, the first eight trials would be recipes.
  bases: "[none, flip-crop]",
  model: "basiccnn",
  child_epochs: 6,
  child_batch_size: 10,
  seed: 4,
  // Slow enough to be killed in, also when the native engine is built.
  engine: "wasm",
};

function optimizeArgs(out: string, workers: number, more: Record<string, unknown> = {}): string[] {
  const settings = Object.entries({ ...SMALL, out, workers, ...more });
  return ["optimize", ...settings.flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

/** Rows of a training in the notebook: its child is validated once, in the end. */
const ROWS = 1;

/** The only experiment in a folder of experiments. */
function experimentIn(out: string): string {
  const folders = readdirSync(out);
  assert.equal(folders.length, 1);
  return join(out, folders[0]);
}

/** The notebook but for the column `seconds`, the last. */
function notebookOf(experiment: string): string {
  return readFileSync(join(experiment, "notebook.csv"), "utf8").replace(/,[^,\n]*$/gm, "");
}

describe("deepaugment optimize", () => {
  let uninterrupted: Finished;
  let experiment: string;
  before(async () => {
    const out = join(root, "uninterrupted");
    uninterrupted = await run(optimizeArgs(out, 1), environment);
    assert.equal(uninterrupted.code, 0, uninterrupted.stderr);
    experiment = experimentIn(out);
  });

  it("leaves the files of the contract", () => {
    assert.deepEqual(readdirSync(experiment).sort(), [
      "best.json",
      "config.yaml",
      "experiment.json",
      "experiment.log",
      "notebook.csv",
      "notebook.sums",
      "policies.json",
    ]);
    const rows = readFileSync(join(experiment, "notebook.csv"), "utf8").trimEnd().split("\n");
    assert.equal(rows.length, 1 + (TRIALS + 1) * ROWS);
    const log = readFileSync(join(experiment, "experiment.log"), "utf8");
    assert.match(log, /^\S+Z info trial 8: reward 0\.\d{1,6}, /m);
    assert.doesNotMatch(log, /\.\d{7}| warn /);
    const all = readPolicyFile(join(experiment, "policies.json"));
    const best = readPolicyFile(join(experiment, "best.json"));
    assert.deepEqual(best.policies, all.policies.slice(0, 1));
    assert.deepEqual(all.dataset, { name: all.dataset.name, classes: 10, imageShape: [12, 12, 3] });
    for (const { reward, expectedAccuracyIncrease } of all.policies) {
      assert.ok(reward > all.baseline.reward);
      assert.ok(Math.abs(expectedAccuracyIncrease - (reward - all.baseline.reward)) < 1e-12);
    }
    const config = loadConfig({ file: join(experiment, "config.yaml") });
    assert.equal(config.child_epochs, SMALL.child_epochs);
    const facts = JSON.parse(readFileSync(join(experiment, "experiment.json"), "utf8"));
    assert.equal(facts.engine, "wasm");
    assert.equal(facts.kernels, null);
    assert.equal(facts.subsets.train.length, 40);
    assert.equal(new Set([...facts.subsets.train, ...facts.subsets.validation]).size, 60);
  });

  it("prints one line per trial without a terminal, and the results on stdout", () => {
    const lines = uninterrupted.stderr.split("\n").filter((line) => line.startsWith("trial "));
    assert.equal(lines.length, TRIALS + 1);
    assert.match(
      uninterrupted.stdout.replace(/\s+/g, " "),
      / The baseline, without augmentation, has an accuracy of 0\.\d{3}( ± 0\.\d{3})?\. (\d+|None) of \d+ policies did better in the search\. /,
    );
    const widest = Math.max(
      ...uninterrupted.stdout.split("\n").map((line) => (line.includes(experiment) ? 0 : line.length)),
    );
    assert.ok(widest <= 80, uninterrupted.stdout);
    assert.ok(
      uninterrupted.stdout.includes(`\nNext:\n  deepaugment evaluate --experiment ${experiment}\n`),
      uninterrupted.stdout,
    );
    assert.ok(
      uninterrupted.stdout.endsWith(
        `  deepaugment apply --policy ${experiment} --data ${SAMPLE_ARCHIVE} --out cifar-10-sample-augmented\n`,
      ),
      uninterrupted.stdout,
    );
    assert.ok(uninterrupted.stdout.includes(`${experiment}/best.json`));
    const printed = uninterrupted.stdout + uninterrupted.stderr;
    assert.equal(stripVTControlCharacters(printed), printed, "no terminal codes");
  });

  it("gives the same notebook again with the same seed, on 2 workers too", async () => {
    const out = join(root, "two-workers");
    const { code, stderr } = await runMain(optimizeArgs(out, 2), environment);
    assert.equal(code, 0, stderr);
    assert.equal(notebookOf(experimentIn(out)), notebookOf(experiment));
  });

  it("loses no trial to kill -9 in the 5th, and repeats none", async () => {
    const out = join(root, "killed");
    const program = start(optimizeArgs(out, 2), environment);
    await untilTrials(program, out, 5, ROWS);
    program.process.kill("SIGKILL");
    await program.finished;
    const killed = experimentIn(out);
    const before = finishedTrials(killed, ROWS);
    assert.ok(before < TRIALS + 1);
    const resumed = await runMain(["optimize", "--resume", killed], environment);
    assert.equal(resumed.code, 0, resumed.stderr);
    const trained = resumed.stderr.split("\n").filter((line) => line.startsWith("trial "));
    assert.equal(trained.length, TRIALS + 1 - before);
    assert.equal(notebookOf(killed), notebookOf(experiment));
  });

  it("ends cleanly on Ctrl-C with 130 and says how to continue; --resume accepts more trials", async () => {
    const out = join(root, "interrupted");
    const program = start(optimizeArgs(out, 2, { iterations: 4 }), environment);
    await untilTrials(program, out, 2, ROWS);
    program.process.kill("SIGINT");
    const { code, stderr } = await program.finished;
    const interrupted = experimentIn(out);
    assert.equal(code, 130, stderr);
    assert.match(
      stderr.trimEnd().split("\n").at(-1) ?? "",
      /interrupted; continue with: deepaugment optimize --resume .*interrupted/,
    );
    assert.match(
      stderr.trimEnd().split("\n").at(-2) ?? "",
      /^[1-4] of 4 trials done\. (The best policy so far is that of trial [1-4]: accuracy 0\.\d{3}, \+0\.\d{3} over the baseline|No policy is better than the baseline so far)\.$/,
    );
    const resumed = await runMain(
      ["optimize", "--resume", interrupted, "--iterations", String(TRIALS)],
      environment,
    );
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(notebookOf(interrupted), notebookOf(experiment));
  });

  it("starts every training from weights trained without augmentation if child_first_train_epochs is set", async () => {
    const out = join(root, "pretrained");
    const weights = join(root, "weights.safetensors");
    const more = { iterations: 1, child_first_train_epochs: 60, pre_aug_weights_path: weights };
    const first = await runMain(optimizeArgs(join(out, "a"), 1, more), environment);
    assert.equal(first.code, 0, first.stderr);
    assert.ok(existsSync(weights));
    // An existing file is used.
    const second = await runMain(optimizeArgs(join(out, "b"), 1, more), environment);
    assert.equal(
      notebookOf(experimentIn(join(out, "b"))),
      notebookOf(experimentIn(join(out, "a"))),
      second.stderr,
    );
    assert.notEqual(
      notebookOf(experimentIn(join(out, "a"))),
      notebookOf(experiment)
        .split("\n")
        .slice(0, 1 + 2 * ROWS)
        .concat("")
        .join("\n"),
    );
    const lossOf = (text: string) => Number(text.split("\n")[1].split(",")[3]);
    assert.ok(lossOf(notebookOf(experimentIn(join(out, "a")))) < lossOf(notebookOf(experiment)));
  });

  it("shows the results of a finished experiment on --resume, and changes no file", async () => {
    const contents = () =>
      readdirSync(experiment).map((name) => [name, readFileSync(join(experiment, name), "utf8")]);
    const before = contents();
    for (const more of [[], ["--iterations", String(TRIALS)], ["--workers", "2", "--engine", "wasm"]]) {
      const { code, stdout, stderr } = await runMain(
        ["optimize", "--resume", experiment, ...more],
        environment,
      );
      assert.equal(code, 0, stderr);
      assert.equal(stdout, uninterrupted.stdout);
      assert.equal(stderr, `${experiment} is finished; --iterations with more than ${TRIALS} adds trials\n`);
      assert.deepEqual(contents(), before);
    }
  });

  it("refuses fewer trials than there are, in one line, and changes no file", async () => {
    const contents = () =>
      readdirSync(experiment).map((name) => [name, readFileSync(join(experiment, name), "utf8")]);
    const before = contents();
    const { code, stdout, stderr } = await runMain(
      ["optimize", "--resume", experiment, "--iterations", "5"],
      environment,
    );
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(
      stderr,
      `deepaugment: iterations: ${experiment} has 8 trials already, more than 5; give 8 or more, or begin a new experiment\n`,
    );
    assert.deepEqual(contents(), before);
  });

  it("takes the data as an argument, but not twice", async () => {
    const twice = await runMain(["optimize", "photos", "--data", "cifar10"], environment);
    assert.equal(twice.code, 2);
    assert.equal(
      twice.stderr,
      "deepaugment: the data are given twice, as photos and as --data cifar10; give them once\n",
    );
    const none = await runMain(["optimize", join(root, "none")], environment);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /none": there is no such file or folder/);
    const resumed = await runMain(["optimize", "photos", "--resume", experiment], environment);
    assert.equal(resumed.code, 2);
    assert.match(resumed.stderr, /--data cannot be used with --resume/);
  });

  it("refuses options that a resumed experiment cannot change, and a folder that is not an experiment", async () => {
    const seed = await runMain(["optimize", "--resume", experiment, "--seed", "4"], environment);
    assert.equal(seed.code, 2);
    assert.match(
      seed.stderr,
      /--seed cannot be used with --resume, because an experiment keeps its configuration; only --iterations/,
    );
    const none = await runMain(["optimize", "--resume", root], environment);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /is not an experiment/);
  });

  it("falls back to wasm if native is missing, says so in one line, and trains alike", async () => {
    const out = join(root, "fallback");
    const missing = { ...environment, DEEPAUGMENT_NATIVE_ADDON: join(root, "none.node") };
    const more = { engine: "auto", threads: 2, iterations: 1 };
    const { code, stderr } = await run(optimizeArgs(out, 2, more), missing);
    assert.equal(code, 0, stderr);
    const [first, second, third, fourth] = stderr.split("\n");
    assert.match(
      first,
      /^note: engine native cannot be loaded: .*none\.node.* \(.*\); trainings run on engine wasm$/,
    );
    assert.equal(second, "note: threads: 2 is for engine native; a training on engine wasm has one");
    assert.match(
      third,
      /^note: fewer than 5 validation images of the classes "airplane" \(2\), .* and 5 more: rewards/,
    );
    assert.match(fourth, /^Searching on .*, engine wasm \(float32\), 2 workers$/);
    assert.ok(notebookOf(experiment).startsWith(notebookOf(experimentIn(out))));
  });
});

describe("deepaugment optimize with confirmation", () => {
  const CONFIRMED = {
    ...{ validation_set_size: 60, child_batch_size: 10, engine: "auto" },
    ...{ iterations: 6, confirm_top: 2, confirm_samples: 2 },
  };

  it("trains the best again, shows their rewards, and learns from the notebook with --warm-start", async () => {
    const out = join(root, "confirmed");
    const { code, stderr, stdout } = await runMain(optimizeArgs(out, 2, CONFIRMED), environment);
    assert.equal(code, 0, stderr);
    const experiment = experimentIn(out);
    const { baseline, policies } = readPolicyFile(join(experiment, "policies.json"));
    // Whether any policy promises more than the baseline depends on the machine's arithmetic.
    const isConfirmed = existsSync(join(experiment, "confirmations.csv"));
    const best = policies.filter(({ confirmed }) => confirmed);
    assert.equal(baseline.confirmed, isConfirmed);
    assert.equal(
      /^confirming the best .*and the baseline with 2 fresh trainings each$/m.test(stderr),
      isConfirmed,
    );
    assert.equal(
      /^confirmed the baseline {2}accuracy 0\.\d{3} ± 0\.\d{3} {2}\[.* left\]$/m.test(stderr),
      isConfirmed,
    );
    const text = stdout.replace(/\s+/g, " ");
    assert.equal(/^trial +accuracy +gain +95% interval +policy$/m.test(stdout), policies.length > 0);
    // Which of the two follows depends on the machine's arithmetic, too.
    const better =
      /The (policy of trial \d+|recipe flip-crop \(trial 1\)) is better than no augmentation: .* in 2 fresh trainings each/;
    const notBetter = /No policy was shown to be better than no augmentation: .* in 2 fresh trainings each/;
    assert.equal(better.test(text) || notBetter.test(text), isConfirmed);
    assert.equal(/an accuracy of 0\.\d{3} ± 0\.\d{3} \(0\.\d{3} in the search\)\. /.test(text), isConfirmed);
    assert.match(text, /\. ([1-6]|None) of 6 policies did better in the search\./);
    for (const { trial, reward } of best)
      assert.match(
        stdout,
        new RegExp(`^ *${trial} +${reward.toFixed(3)} +\\+0\\.\\d{3} +[+−]0\\.\\d{3} to \\+0\\.`, "m"),
      );

    const json = await runMain(["optimize", "--resume", experiment, "--json"], environment);
    assert.equal(json.code, 0, json.stderr);
    const result = JSON.parse(json.stdout);
    assert.deepEqual([result.baseline, result.policies], [baseline, policies]);
    assert.equal(result.trials, 6);
    assert.equal(result.confirmation?.samples, isConfirmed ? 2 : undefined);
    assert.equal(result.status, "finished");
    assert.deepEqual(
      result.gains.map(({ trial, gain }: { trial: number; gain: number }) => [trial, gain]),
      best.map(({ trial, expectedAccuracyIncrease }) => [trial, expectedAccuracyIncrease]),
    );

    const warm = ["--warm-start", experiment, "--iterations", "1"];
    const others = ["--set", "operations=[fog]"];
    const args = optimizeArgs(join(root, "warm"), 1, { ...CONFIRMED, confirm_top: 0 });
    const refused = await runMain([...args, ...warm, ...others], environment);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /^deepaugment: warm_start .*notebook\.csv: its policies have families: geometry, .*noise, those of this search mixture: /,
    );
    const learnt = await runMain([...args, ...warm], environment);
    assert.equal(learnt.code, 0, learnt.stderr);
    const copy = readFileSync(join(experimentIn(join(root, "warm")), "warm-start.csv"), "utf8");
    assert.equal(copy, readFileSync(join(experiment, "notebook.csv"), "utf8"));
    const again = await runMain(
      ["optimize", "--resume", experiment, "--warm-start", experiment],
      environment,
    );
    assert.equal(again.code, 2);
    assert.match(again.stderr, /--warm-start cannot be used with --resume, because/);
  });
});

describe("deepaugment optimize with the defaults", {
  skip: "missing" in findAddon() && "training the default model takes long without the native engine",
}, () => {
  it("judges the recipes first, confirms with the best of them, and applies what it found", async () => {
    const out = join(root, "defaults");
    const settings = [
      ...[`data=${SAMPLE_ARCHIVE}`, "image_size=12", "train_set_size=40", "validation_set_size=60"],
      ...["child_epochs=4", "child_batch_size=10", "iterations=10", "confirm_samples=2", `out=${out}`],
    ];
    const args = ["optimize", ...settings.flatMap((setting) => ["--set", setting])];
    const { code, stderr, stdout } = await runMain(args, environment);
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /^10 policies and the baseline: 11 trainings of 4 epochs, then up to 12 to confirm/m,
    );
    const experiment = experimentIn(out);
    const [header, ...rows] = notebookOf(experiment).trimEnd().split("\n");
    assert.match(header, /,reward,geometry_amount,geometry_strength,.*,noise_strength,base$/);
    const first = header.split(",").indexOf("geometry_amount");
    const policies = rows.map((row) => row.split(",").slice(first));
    assert.deepEqual(
      policies.slice(0, USUAL_BASES.length),
      USUAL_BASES.map((base) => [...Array(9).fill("0"), base]),
    );
    for (const policy of policies.slice(USUAL_BASES.length)) {
      assert.ok(policy.slice(0, 9).some((cell) => Number(cell) > 0));
      // The base that promises most depends on the machine's arithmetic, too.
      assert.ok(["none", "flip", "crop", "flip-crop"].includes(policy[9]));
    }
    const { model } = loadConfig({ file: join(experiment, "config.yaml") });
    assert.equal(model, "wrn_10_1");
    const result = JSON.parse((await runMain(["show", experiment, "--json"], environment)).stdout);
    assert.equal(result.status, "finished");
    // Which policies are better than no augmentation depends on the machine's arithmetic.
    if (result.policies.length === 0) return;
    assert.equal(/ the best recipe, /.test(stdout.replace(/\s+/g, " ")), result.besideRecipe !== null);
    const applied = join(root, "applied");
    const apply = ["apply", "--policy", experiment, "--data", SAMPLE_ARCHIVE, "--out", applied];
    const done = await runMain(apply, environment);
    assert.equal(done.code, 0, done.stderr);
  });
});

describe("deepaugment optimize --resume of an experiment of an earlier version", () => {
  it("makes the same trials as a search of the original's form", async () => {
    const original = {
      ...ORIGINAL,
      operations: "original",
      bases: "[none]",
      child_epochs: 2,
      opt_samples: 1,
    };
    const settings = { validation_set_size: 60, child_batch_size: 20, engine: "auto", ...original };
    const search = async (name: string, iterations: number) => {
      const out = join(root, name);
      const { code, stderr } = await runMain(optimizeArgs(out, 1, { ...settings, iterations }), environment);
      assert.equal(code, 0, stderr);
      return experimentIn(out);
    };
    const experiment = await search("earlier", 3);
    // It has none of the keys that came later.
    const path = join(experiment, "config.yaml");
    const later = new RegExp(
      `^(${[...Object.keys(EARLIER), "test_share", "stop_share"].join("|")}):.*\n( .*\n)*`,
      "gm",
    );
    const text = readFileSync(path, "utf8");
    assert.equal(text.match(later)?.length, Object.keys(EARLIER).length + 2);
    writeFileSync(path, text.replace(later, ""));
    const shown = await runMain(["show", experiment], environment);
    assert.match(shown.stdout, /in a training's best epochs/);
    const resumed = await runMain(["optimize", "--resume", experiment, "--iterations", "6"], environment);
    assert.equal(resumed.code, 0, resumed.stderr);
    const notebook = notebookOf(experiment);
    assert.equal(notebook, notebookOf(await search("at-once", 6)));
    assert.equal(notebook.trimEnd().split("\n").length, 1 + 7 * 2);
    assert.match(notebook, /^.*,chain_1_op_2_type,chain_1_op_2_magnitude,portion\n/);
    // A file of the keys alone, as `--config`, means the same search, too.
    const again = ["optimize", "--config", path, "--out", join(root, "again")];
    const { code, stderr } = await runMain(again, environment);
    assert.equal(code, 0, stderr);
    assert.equal(notebookOf(experimentIn(join(root, "again"))), notebook);
  });
});

describe("deepaugment optimize on engine native", {
  skip: "missing" in findAddon() && "it is not built here",
}, () => {
  const TINY = { train_set_size: 10, validation_set_size: 10, iterations: 2, engine: "auto" };

  it("is what auto takes, gives the same notebook on 1 worker and on 2, and is kept on --resume", async () => {
    const notebooks: string[] = [];
    for (const workers of [1, 2]) {
      const out = join(root, `native-${workers}`);
      const { code, stderr } = await runMain(optimizeArgs(out, workers, TINY), environment);
      assert.equal(code, 0, stderr);
      const facts = JSON.parse(readFileSync(join(experimentIn(out), "experiment.json"), "utf8"));
      assert.equal(facts.engine, "native");
      assert.ok(facts.kernels);
      assert.ok(
        stderr.includes(`engine native (${facts.precision}, ${facts.kernels}), ${workers} worker`),
        stderr,
      );
      notebooks.push(notebookOf(experimentIn(out)));
    }
    assert.equal(notebooks[0], notebooks[1]);

    const args = ["optimize", "--resume", experimentIn(join(root, "native-1"))];
    const missing = { ...environment, DEEPAUGMENT_NATIVE_ADDON: join(root, "none.node") };
    const finished = await run(args, missing);
    assert.equal(finished.code, 0, "finished results are shown without the engine");
    const refused = await run([...args, "--iterations", "3"], missing);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /^deepaugment: the experiment began on engine native [^\n]*--engine[^\n]*\n$/,
    );
    const moved = await run([...args, "--iterations", "3", "--engine", "wasm"], missing);
    assert.equal(moved.code, 0, moved.stderr);
    assert.match(moved.stderr, /^note: the experiment began on engine native .* continues on wasm/);
    assert.ok(notebookOf(experimentIn(join(root, "native-1"))).startsWith(notebooks[0]));
  });
});
