// Evaluations from the command line, with real trainings on few real images: what they leave, that they repeat, and that
// nothing is lost when they are killed.

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import { main } from "../../src/cli/main.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { isOwnOutput } from "../../src/dataset/readers/own-output.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { type Finished, run, runMain, Sink, start, until } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-evaluate-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const POLICIES = join(root, "found.json");
const policy = (trial: number, type: string, portion: number) => ({
  ...{ trial, reward: 0.4, standardError: null, expectedAccuracyIncrease: 0.1, portion },
  chains: [
    [
      { type, magnitude: 0.4 },
      { type: "horizontal-flip", magnitude: 0.5 },
    ],
  ],
});

before(() => {
  mkdirSync(root, { recursive: true });
  const file = {
    ...{ format: "deepaugment-policies", version: 1 },
    dataset: { name: "photos", classes: 10, imageShape: [12, 12, 3] },
    baseline: { reward: 0.3, standardError: null },
    policies: [policy(3, "rotate", 0.5), policy(5, "brighten", 1)],
  };
  writeFileSync(POLICIES, JSON.stringify(file));
});

const SMALL = {
  data: SAMPLE_ARCHIVE,
  image_size: 12,
  arms: "[none, flip-crop, trivialaugment, policy, flip-crop+top-policies]",
  policy: POLICIES,
  train_size: 60,
  epochs: 2,
  samples: 2,
  batch_size: 20,
  seed: 3,
  // Slow enough to be killed in, also when the native engine is built.
  engine: "wasm",
};
const TRAININGS = 10;

const LEAVE_SCREEN = "\x1b[?1049l";

function evaluateArgs(out: string, more: Record<string, unknown> = {}): string[] {
  const settings = Object.entries({ ...SMALL, out, ...more });
  return ["evaluate", ...settings.flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

/** The only evaluation in a folder of evaluations. */
function evaluationIn(out: string): string {
  const folders = readdirSync(out);
  assert.equal(folders.length, 1);
  return join(out, folders[0]);
}

/** The files whose content the seed decides, without the column of seconds. */
function resultOf(folder: string): string[] {
  const rows = readFileSync(join(folder, "evaluation.csv"), "utf8").replace(/,[^,\n]*$/gm, "");
  const { results } = JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"));
  const arms = results.arms.map(({ seconds: _, ...arm }: { seconds: number }) => arm);
  return [rows, readFileSync(join(folder, "predictions.csv"), "utf8"), JSON.stringify({ ...results, arms })];
}

function trainingsIn(folder: string): number {
  const path = join(folder, "evaluation.csv");
  if (!existsSync(path)) return 0;
  return Math.floor((readFileSync(path, "utf8").split("\n").length - 2) / SMALL.epochs);
}

describe("deepaugment evaluate", () => {
  let uninterrupted: Finished;
  let folder: string;
  before(async () => {
    const out = join(root, "uninterrupted");
    uninterrupted = await run([...evaluateArgs(out), "--save-weights", "--json"], environment);
    assert.equal(uninterrupted.code, 0, uninterrupted.stderr);
    folder = evaluationIn(out);
  });

  it("leaves its files, and prints the result as JSON", () => {
    assert.deepEqual(readdirSync(folder).sort(), [
      ...["best-model", "checkpoints", "config.yaml", "evaluation.csv", "evaluation.json"],
      ...["policies.json", "predictions.csv", "weights"],
    ]);
    assert.deepEqual(readdirSync(join(folder, "checkpoints")), []);
    assert.ok(isOwnOutput({ name: "evaluation", path: folder }));
    assert.equal(trainingsIn(folder), TRAININGS);
    const result = JSON.parse(uninterrupted.stdout);
    assert.equal(result.testImages, 40);
    assert.equal(result.trainImages, 60);
    assert.equal(result.measured, "averaged weights");
    const names = result.arms.map(({ arm }: { arm: string }) => arm);
    assert.deepEqual(names, ["none", "flip-crop", "trivialaugment", "policy", "flip-crop+top-policies"]);
    assert.equal(typeof result.conclusion, "string");
    for (const arm of result.arms) {
      assert.equal(arm.samples, 2);
      // Of 40 images, twice.
      assert.ok(Math.abs(arm.accuracy * 80 - Math.round(arm.accuracy * 80)) < 1e-9);
    }
  });

  it("gives the same result with another number of workers, and from one process to the next", async () => {
    const out = join(root, "again");
    const again = await run(evaluateArgs(out, { workers: 1 }), environment);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(resultOf(evaluationIn(out)), resultOf(folder));
    assert.match(again.stdout, /^arm +accuracy +over none +over flip-crop$/m);
    assert.match(again.stdout, /Accuracy of the averaged weights on 40 test images/);
  });

  it("loses nothing when it is killed, in the middle of trainings", async () => {
    const out = join(root, "killed");
    const killed = start(evaluateArgs(out, { checkpoint_seconds: 0, workers: 2 }), environment);
    await until(killed, () => existsSync(out) && readdirSync(out).length > 0);
    const evaluation = evaluationIn(out);
    for (const count of [1, 4, 7]) {
      const running =
        count === 1 ? killed : start(["evaluate", "--resume", evaluation, "--workers", "2"], environment);
      await until(running, () => trainingsIn(evaluation) >= count);
      running.process.kill("SIGKILL");
      await running.finished;
    }
    const before = trainingsIn(evaluation);
    const resumed = await run(["evaluate", "--resume", evaluation], environment);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(resultOf(evaluation), resultOf(folder));
    assert.ok(before < TRAININGS);
  });

  it("adds samples to a finished evaluation, which are those of one that began with them", async () => {
    const out = join(root, "grown");
    const begun = await run(evaluateArgs(out, { samples: 1 }), environment);
    assert.equal(begun.code, 0, begun.stderr);
    const evaluation = evaluationIn(out);
    assert.match(
      begun.stdout,
      new RegExp(
        `in one sample.*\n\nNext:\n {2}deepaugment evaluate --resume ${evaluation} --samples 3\n`,
        "s",
      ),
    );
    const planned = await runMain(
      ["evaluate", "--resume", evaluation, "--samples", "2", "--dry-run"],
      environment,
    );
    assert.match(planned.stdout, /^5 of 10 trainings left, of 2 epochs with 3 steps each, then a test$/m);
    const grown = await run(["evaluate", "--resume", evaluation, "--samples", "2"], environment);
    assert.equal(grown.code, 0, grown.stderr);
    assert.match(grown.stderr, /^5 of 10 trainings left, of 2 epochs with 3 steps each, then a test$/m);
    assert.deepEqual(resultOf(evaluation), resultOf(folder));
    assert.match(readFileSync(join(evaluation, "config.yaml"), "utf8"), /^samples: 2$/m);

    const before = readFileSync(join(evaluation, "evaluation.csv"), "utf8");
    const fewer = await runMain(["evaluate", "--resume", evaluation, "--samples", "1"], environment);
    assert.equal(fewer.code, 2);
    assert.equal(
      fewer.stderr,
      `deepaugment: samples: ${evaluation} has trainings of 2 samples already, more than 1; give 2 or more, or begin a new evaluation\n`,
    );
    assert.equal(readFileSync(join(evaluation, "evaluation.csv"), "utf8"), before);
    assert.match(readFileSync(join(evaluation, "config.yaml"), "utf8"), /^samples: 2$/m);
  });

  it("says before it trains how many trainings there are and how long they take; with --dry-run only that", async () => {
    const time = /^About (\d+h )?(\d+m )?\d+[sm] with \d+ workers? \(measured: [\d.,]+ images\/s\)$/m;
    assert.match(uninterrupted.stderr, /^10 trainings of 2 epochs with 3 steps each, then a test$/m);
    assert.match(uninterrupted.stderr, time);
    const out = join(root, "dry");
    const { code, stdout, stderr } = await runMain([...evaluateArgs(out), "--dry-run"], environment);
    assert.equal(code, 0, stderr);
    const [first, second, third, ...rest] = stdout.split("\n");
    assert.match(
      first,
      /^Evaluating on cifar-10-sample.*: 60 training and 40 test images; 5 arms × 2 samples = 10 trainings of basiccnn, 2 epochs each, engine wasm \(float32\), \d+ workers?$/,
    );
    assert.equal(second, "10 trainings of 2 epochs with 3 steps each, then a test");
    assert.match(third, time);
    assert.deepEqual(rest, [""]);
    assert.ok(!existsSync(out));
    const nothing = await runMain(["evaluate", "--resume", folder, "--dry-run"], environment);
    assert.match(nothing.stdout, /\nNothing is left to train\n$/);
    assert.equal(evaluationIn(join(root, "uninterrupted")), folder);
  });

  it("leaves a clean screen on Ctrl-C, with what is done so far and the command that continues", async () => {
    const out = join(root, "interrupted");
    const stop = new AbortController();
    const stderr = Object.assign(new Sink(), { isTTY: true, columns: 80, rows: 24 });
    const stdout = new Sink();
    const timer = setInterval(() => {
      const begun = existsSync(out) && readdirSync(out).length > 0;
      if (begun && trainingsIn(evaluationIn(out)) >= 2) stop.abort();
    }, 10);
    const home = process.env.DEEPAUGMENT_HOME;
    process.env.DEEPAUGMENT_HOME = environment.DEEPAUGMENT_HOME;
    let code: number;
    try {
      const args = evaluateArgs(out, { samples: 40, workers: 1 });
      code = await main(args, { stdout, stderr, signal: stop.signal });
    } finally {
      clearInterval(timer);
      if (home === undefined) delete process.env.DEEPAUGMENT_HOME;
      else process.env.DEEPAUGMENT_HOME = home;
    }
    assert.deepEqual([code, stdout.text], [130, ""]);
    const evaluation = evaluationIn(out);
    const left = stripVTControlCharacters(stderr.text.slice(stderr.text.lastIndexOf(LEAVE_SCREEN)));
    const done = trainingsIn(evaluation);
    const lines = left.split("\n");
    assert.deepEqual(lines.slice(0, 3), [
      "Stopping… (press Ctrl-C again to stop immediately)",
      `${done} of 200 trainings done`,
      "arm                     test accuracy so far",
    ]);
    assert.match(lines[3], /^none +\d+\.\d% {2}1 sample$/);
    assert.match(lines[4], /^flip-crop +(\d+\.\d% {2}1 sample|–)$/);
    assert.deepEqual(lines.slice(8), [
      "deepaugment: interrupted; continue with:",
      `  deepaugment evaluate --resume ${evaluation}`,
      "",
    ]);
  });

  it("stops at once if a checkpoint cannot be written, and continues once it can", async () => {
    const out = join(root, "full");
    const killed = start(evaluateArgs(out, { checkpoint_seconds: 0, workers: 2 }), environment);
    await until(killed, () => existsSync(out) && readdirSync(out).length > 0);
    const evaluation = evaluationIn(out);
    await until(killed, () => trainingsIn(evaluation) >= 2);
    killed.process.kill("SIGKILL");
    await killed.finished;
    const args = ["evaluate", "--resume", evaluation, "--workers", "2"];
    // A shell command lets no file grow beyond a few kilobytes, as on a full disk.
    const { code, stderr } = await run(args, environment, undefined, 24);
    assert.equal(code, 1, stderr);
    const last = stderr.trimEnd().split("\n").at(-1)!;
    assert.match(
      last,
      /^deepaugment: cannot write .*checkpoints.*\.safetensors: the file may not grow any further \(.*\); .*--resume/,
    );
    assert.doesNotMatch(stderr, /failed twice/);
    assert.ok(trainingsIn(evaluation) >= 2);
    const resumed = await run(["evaluate", "--resume", evaluation], environment);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(resultOf(evaluation), resultOf(folder));
  });

  it("shows a finished evaluation again, and changes nothing", async () => {
    const before = readFileSync(join(folder, "evaluation.csv"), "utf8");
    const shown = await runMain(["evaluate", "--resume", folder, "--json"], environment);
    assert.equal(shown.code, 0, shown.stderr);
    const { weights: _, ...first } = JSON.parse(uninterrupted.stdout);
    const { weights: _again, ...second } = JSON.parse(shown.stdout);
    assert.deepEqual(second, first);
    assert.equal(shown.stderr, `${folder} is finished; --samples with more than 2 adds trainings\n`);
    assert.equal(readFileSync(join(folder, "evaluation.csv"), "utf8"), before);
  });

  it("saves a model that TensorFlow.js loads alone, with the accuracy that was measured", async () => {
    const saved = join(folder, "best-model");
    assert.deepEqual(readdirSync(saved).sort(), [
      ...["about.json", "model.json", "weights.bin", "weights.safetensors"],
    ]);
    const { arm, sample, classNames } = JSON.parse(readFileSync(join(saved, "about.json"), "utf8"));
    assert.equal(classNames.length, 10);
    await tf.setBackend("cpu");
    const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(saved, "model.json"), "utf8"));
    const weightData = new Uint8Array(readFileSync(join(saved, weightsManifest[0].paths[0]))).buffer;
    const artifacts = { modelTopology, weightSpecs: weightsManifest[0].weights, weightData };
    const model = await loadLayersModel(tf.io.fromMemory(artifacts));
    const { test } = await loadDataset(SAMPLE_ARCHIVE, { imageSize: 12 });
    const pixels = tf.tensor4d(Float32Array.from(test!.images.data), [40, 12, 12, 3]);
    const probabilities = model.predict(tf.div(pixels, 255)) as tf.Tensor;
    const sums = [...tf.sum(probabilities, 1).dataSync()];
    assert.ok(sums.every((sum) => Math.abs(sum - 1) < 1e-5));
    const predicted = [...tf.argMax(probabilities, 1).dataSync()].join(" ");
    const rows = readFileSync(join(folder, "predictions.csv"), "utf8").split("\n");
    assert.equal(
      rows.find((row) => row.startsWith(`${arm},${sample},`)),
      `${arm},${sample},${predicted}`,
    );
  });

  it("trains by SGD with a cosine, whose final weights count", async () => {
    const out = join(root, "sgd");
    const sgd = await runMain(
      [
        ...evaluateArgs(out, {
          model: "wrn_10_1",
          recipe: "sgd",
          arms: "[none, flip]",
          epochs: 1,
          samples: 1,
        }),
        "--json",
      ],
      environment,
    );
    assert.equal(sgd.code, 0, sgd.stderr);
    const result = JSON.parse(sgd.stdout);
    assert.equal(result.measured, "final weights");
    assert.match(result.conclusion, /in one sample/);
    const csv = readFileSync(join(evaluationIn(out), "evaluation.csv"), "utf8");
    assert.match(csv, /^none,0,1,[\d.]+,[\d.]+,[\d.]+,[\d.]+,,,[\d.]+$/m);
  });

  it("has a help text of at most 80 columns, as show has", async () => {
    for (const command of ["evaluate", "show"]) {
      const { code, stdout } = await runMain([command, "--help"], environment);
      assert.equal(code, 0);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    }
  });

  it("refuses what cannot be evaluated, in one line", async () => {
    const refused: [string[], RegExp][] = [
      [["evaluate"], /no images to evaluate on; give --experiment with the folder of a search, or --data/],
      [
        ["evaluate", "--data", SAMPLE_ARCHIVE, "--arms", "policy"],
        /arm policy needs policies, but none are given/,
      ],
      [
        ["evaluate", "--data", SAMPLE_ARCHIVE, "--arms", "flipcrap"],
        /unknown arm "flipcrap": did you mean "flip-crop"\?/,
      ],
      [["evaluate", "--data", SAMPLE_ARCHIVE, "--arms", "flip,flip"], /"flip" is listed twice/],
      [
        ["evaluate", "--data", SAMPLE_ARCHIVE, "--arms", "flip+flip-crop"],
        /arm "flip\+flip-crop" combines recipes that do not go together; those of two recipes are flip\+trivialaugment, /,
      ],
      [["evaluate", "--data", SAMPLE_ARCHIVE, "--train-size", "201"], /has 200 images to train on; lower it/],
      [["evaluate", "--experiment", root], /is not an experiment of this program/],
      [["evaluate", "--resume", root], /is not an evaluation of this program/],
      [["evaluate", "--resume", folder, "--epochs", "9"], /--epochs cannot be used with --resume/],
      [["evaluate", "--set", "epoch=3"], /unknown key "epoch" .*did you mean "epochs"\?/],
    ];
    for (const [args, message] of refused) {
      const { code, stderr } = await runMain(args, environment);
      assert.match(stderr, message);
      assert.equal(code, 2, stderr);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    }
  });
});
