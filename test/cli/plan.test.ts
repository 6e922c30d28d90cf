// What `optimize` says before it trains: the sizes with their reasons, the number of trainings, and how long they take.

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
import { describePlan } from "../../src/cli/plan.ts";
import { loadConfig } from "../../src/config/load.ts";
import { encodeJpeg, encodePng } from "../../src/image/codec.ts";
import { ORIGINAL_FLAGS } from "../config/original.ts";
import { gradient } from "../image/files.ts";
import { runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-plan-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const photos = join(root, "photos");
const FEW = [
  "model=basiccnn",
  "child_epochs=2",
  "opt_samples=1",
  "confirm_top=1",
  "confirm_samples=2",
  "engine=wasm",
  "workers=1",
];
const small = FEW.flatMap((setting) => ["--set", setting]);
const optimize = (...args: string[]) => runMain(["optimize", ...args], environment);

/** 30 pictures of two classes, in two formats and many sizes. */
before(async () => {
  for (const name of ["cat", "dog"]) {
    mkdirSync(join(photos, name), { recursive: true });
    for (let i = 0; i < 15; i++) {
      const [height, width] = [20 + i, name === "cat" ? 24 : 48];
      const pixels = gradient(height, width);
      const file = i % 2 ? encodePng(pixels, height, width) : encodeJpeg(pixels, height, width);
      writeFileSync(join(photos, name, `${i}.${i % 2 ? "png" : "jpg"}`), await file);
    }
  }
});

/** The number of seconds that the line with the time says: more than none, in a form that the display has, too. */
const TIME = /^About (\d+h )?(\d+m )?\d+[sm] with 1 worker \(measured: [\d.,]+ images\/s\)$/m;

describe("describePlan", () => {
  const linesOf = (seconds: number, hasBaseline = true) => {
    const search = { trainings: 41, policies: 41, hasBaseline, imagesPerEpoch: 100 };
    const confirmation = { trainings: 0, policies: 0, hasBaseline: false, imagesPerEpoch: 0 };
    return describePlan({
      ...{
        dataset: "photos",
        model: "wrn_10_1",
        workers: 2,
        smallestGain: 0.02,
        epochs: 50,
        isQueued: false,
        notes: [],
        seconds,
      },
      engine: { name: "wasm", precision: "float32", kernels: null },
      sizes: {
        ...{ image_size: { value: 32 }, train_set_size: { value: 100 } },
        ...{ validation_set_size: { value: 50 }, child_epochs: { value: 50 } },
      },
      work: { firstEpochs: 0, search, confirmation },
      rates: { training: 100, validation: 400, start: 1 },
    });
  };

  it("names --budget if a new search takes long", () => {
    const note = "note: if that is too long, --budget 1h plans a search that ends within about an hour";
    assert.equal(linesOf(98 * 3600).at(-1), note);
    for (const lines of [linesOf(2 * 3600), linesOf(98 * 3600, false)])
      assert.doesNotMatch(lines.join(), /budget/);
  });
});

describe("deepaugment optimize --dry-run", () => {
  it("prints the sizes with their reasons, the trainings and the time, and writes nothing", async () => {
    const out = join(root, "dry");
    const { code, stdout, stderr } = await optimize(
      "--data",
      photos,
      "--out",
      out,
      ...small,
      "--iterations",
      "3",
      "--dry-run",
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Searching on photos: model basiccnn, engine wasm \(float32\)\n/);
    assert.match(
      stdout,
      /^3 policies and the baseline: 4 trainings of 2 epochs, then up to 4 to confirm the best$/m,
    );
    assert.match(stdout, TIME);
    assert.match(stdout, /^image_size {11}24, because sizes differ \(median 24\) and most are no larger$/m);
    assert.match(stdout, /^train_set_size {7}20 of 30 images, because there are fewer than 3,000$/m);
    assert.match(stdout, /^validation_set_size {2}10 of 30 images, the others$/m);
    assert.match(stdout, /^child_epochs {9}2$/m);
    assert.match(
      stdout,
      /^note: gains below 0\.31 may be luck with 10 validation images, 2 trainings each$/m,
    );
    assert.ok(!existsSync(out));
  });

  it("prints the same as data with --json, and what is given without a reason", async () => {
    const { code, stdout, stderr } = await optimize(
      ...[
        "--data",
        photos,
        ...ORIGINAL_FLAGS,
        ...small,
        "--iterations",
        "1",
        "--set",
        "train_set_size=16",
        "--dry-run",
        "--json",
      ],
    );
    assert.equal(code, 0, stderr);
    const plan = JSON.parse(stdout);
    assert.deepEqual(plan.sizes.train_set_size, { value: 16 });
    assert.equal(plan.sizes.validation_set_size.value, 14);
    assert.equal(plan.sizes.image_size.value, 24);
    assert.equal(plan.work.search.trainings, 2);
    assert.equal(plan.work.search.imagesPerEpoch, 16 + 16 * 1.5);
    assert.ok(plan.seconds > 0 && plan.rates.training > 0 && plan.rates.validation > 0);
    assert.ok(Math.abs(plan.smallestGain - 1.96 * Math.sqrt(0.5 / 28)) < 1e-12);
  });

  it("plans a search with the defaults: 100 policies, and more epochs than usual for few images", async () => {
    const args = ["--data", photos, "--set", "engine=wasm", "--workers", "1", "--dry-run"];
    const { code, stdout, stderr } = await optimize(...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Searching on photos: model wrn_10_1, engine wasm \(float32\)\n/);
    assert.match(stdout, /^child_epochs {9}400, more than usual, because there are few images$/m);
    assert.match(
      stdout,
      /^100 policies and the baseline: 101 trainings of 400 epochs, then up to 30 to confirm the best$/m,
    );
    const { sizes, work } = JSON.parse((await optimize(...args, "--json")).stdout);
    assert.deepEqual(sizes.child_epochs, {
      ...{ value: 400, reason: "400, more than usual, because there are few images" },
    });
    assert.deepEqual([work.search.trainings, work.search.imagesPerEpoch], [101, 101 * 20]);
  });

  it("refuses what the search would", async () => {
    const { code, stderr } = await optimize(
      "--data",
      photos,
      ...small,
      "--set",
      "model=basicnn",
      "--dry-run",
    );
    assert.equal(code, 2);
    assert.match(stderr, /did you mean "basiccnn"/);
  });
});

describe("deepaugment optimize on a folder of mixed sizes", () => {
  it("needs no size, keeps those that it chose, and plans what is left of a resumed run", async () => {
    const out = join(root, "out");
    const begun = await optimize("--data", photos, "--out", out, ...small, "--iterations", "2");
    assert.equal(begun.code, 0, begun.stderr);
    assert.match(
      begun.stderr,
      /^note: image_size auto: 24, because sizes differ \(median 24\) and most are no larger$/m,
    );
    assert.match(
      begun.stderr,
      /^note: train_set_size auto: 20 of 30 images, because there are fewer than 3,000$/m,
    );
    assert.match(begun.stderr, /^note: validation_set_size auto: 10 of 30 images, the others$/m);
    assert.match(
      begun.stderr,
      /^2 policies and the baseline: 3 trainings of 2 epochs, then up to 4 to confirm the best$/m,
    );
    assert.match(begun.stderr, TIME);
    const experiment = join(out, readdirSync(out)[0]);
    const log = readFileSync(join(experiment, "experiment.log"), "utf8");
    assert.match(log, /^\S+Z info image_size auto: 24, because/m);
    const config = loadConfig({ file: join(experiment, "config.yaml") });
    assert.deepEqual([config.image_size, config.train_set_size, config.validation_set_size], [24, 20, 10]);

    const ended = await optimize("--resume", experiment, "--dry-run");
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /^Nothing is left to train$/m);
    const notebook = readFileSync(join(experiment, "notebook.csv"), "utf8");
    const more = await optimize("--resume", experiment, "--iterations", "4", "--dry-run");
    assert.match(more.stdout, /^image_size +24\ntrain_set_size +20\nvalidation_set_size +10$/m);
    assert.match(
      more.stdout,
      /^2 policies: 2 trainings of 2 epochs(, then up to [24] to confirm the best)?$/m,
    );
    assert.equal(readFileSync(join(experiment, "notebook.csv"), "utf8"), notebook);
  });
});
