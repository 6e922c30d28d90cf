// The library's main class, with real trainings in worker processes, as a program of one's own uses it; and the examples
// that show it, as they are.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { train } from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import {
  type Config,
  type ConfigInput,
  DeepAugment,
  type DeepAugmentConfig,
  type Executor,
  InProcessExecutor,
  InterruptedError,
  UsageError,
} from "../../src/index.ts";
import { writePolicies } from "../apply/pictures.ts";
import { ORIGINAL } from "../config/original.ts";
import { loadSample, SAMPLE_ARCHIVE } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-library-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));
let images: ImageBatch;
let labels: Int32Array;
before(async () => {
  ({ images, labels } = (await loadSample()).train);
});

const SMALL = {
  image_size: 12,
  train_set_size: 40,
  validation_set_size: 60,
  opt_samples: 1,
  opt_initial_points: 2,
  child_epochs: 2,
  child_batch_size: 20,
  // With all of them, the first eight trials would be recipes.
  bases: ["none", "flip-crop"],
  confirm_top: 1,
  confirm_samples: 1,
  workers: 2,
} satisfies ConfigInput;
const settings = (name: string): ConfigInput => ({ ...SMALL, out: join(root, name) });

const notebookOf = (deepAugment: DeepAugment) =>
  readFileSync(join(deepAugment.folder ?? "", "notebook.csv"), "utf8").replace(/,[^,\n]*$/gm, "");

/** The one line of the UsageError that this throws. */
function usage(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  return assert.fail("no error");
}

describe("DeepAugment", () => {
  let atOnce: DeepAugment;
  before(async () => {
    atOnce = new DeepAugment(images, labels, settings("at-once"));
    await atOnce.optimize(5);
  });

  it("judges images in memory; called again it judges more, as if all had been asked for at once", async () => {
    const { data, count, height, width } = images;
    const shaped = { data: new Uint8ClampedArray(data), shape: [count, height, width, 3] };
    const deepAugment = new DeepAugment(shaped, [...labels], settings("twice"));
    assert.deepEqual(deepAugment.topPolicies, []);
    assert.equal(deepAugment.folder, undefined);
    const heard: number[] = [];
    let highest = 0;
    const onTrial = ({ trial, reward }: { trial: number; reward: number }, best: { reward: number }) => {
      heard.push(trial);
      highest = Math.max(highest, reward);
      assert.equal(best.reward, highest);
    };
    await deepAugment.optimize(3, { onTrial });
    const { folder } = deepAugment;
    const policies = await deepAugment.optimize(2, { onTrial });
    assert.deepEqual(heard, [0, 1, 2, 3, 4, 5]);
    assert.equal(deepAugment.folder, folder);
    assert.deepEqual(readdirSync(join(root, "twice")).length, 1);
    assert.equal(notebookOf(deepAugment), notebookOf(atOnce));
    assert.deepEqual(deepAugment.topPolicies, policies);
    assert.deepEqual(deepAugment.outcome?.trials, atOnce.outcome?.trials);
  });

  it("does not call a trial the best that was stopped early", async () => {
    const executor: Executor = {
      workers: 1,
      train: async ({ trial, validatedAt = [], stops = [] }) => {
        // Trial 9 is the first that six others come before: it is worse than these after the first epoch, but not in the end.
        const accuracies = trial === 9 ? [0.8] : [0.9, 0.5];
        assert.equal(stops.length > 0, trial >= 9);
        const history = accuracies.map((validationAccuracy, rung) => ({
          ...{ epoch: validatedAt[rung], loss: 1, accuracy: 0.5, validationLoss: 1, validationAccuracy },
          seconds: 1,
        }));
        return { history };
      },
      close: async () => {},
    };
    const stopping: ConfigInput = { bases: ["none"], reward: "averaged", stop_epochs: [1], opt_samples: 1 };
    const deepAugment = new DeepAugment(images, labels, { ...settings("stopped"), ...stopping });
    const heard: [number | undefined, number][] = [];
    await deepAugment.optimize(9, {
      executor,
      onTrial: ({ stoppedAt }, best) => heard.push([stoppedAt, best.reward]),
    });
    assert.deepEqual(heard, [...new Array(9).fill([undefined, 0.5]), [1, 0.5]]);
  });

  it("ends by a signal, and continues when it is called again", async () => {
    const deepAugment = new DeepAugment(images, labels, settings("aborted"));
    const stop = new AbortController();
    const onTrial = ({ trial }: { trial: number }) => trial === 2 && stop.abort();
    await assert.rejects(deepAugment.optimize(4, { onTrial, signal: stop.signal }), InterruptedError);
    const [line] = notebookOf(deepAugment).trimEnd().split("\n").slice(-1);
    const finished = Number(line.split(",")[0]);
    await deepAugment.optimize(5 - finished);
    assert.equal(notebookOf(deepAugment), notebookOf(atOnce));
  });

  it("runs trainings on an executor that is given, twice if they fail, and does not close it", async () => {
    const inner = new InProcessExecutor();
    const failed = new Set<string>();
    const places: string[] = [];
    let isClosed = false;
    const executor: Executor = {
      workers: 2,
      train: async (task, options) => {
        const place = `${task.trial}/${task.sample}`;
        if (place === "1/0" && !failed.has(place)) {
          failed.add(place);
          throw new RangeError("the machine is gone");
        }
        if (place === "2/0") throw new RangeError("the machine is gone");
        places.push(place);
        return await inner.train(JSON.parse(JSON.stringify(task)), options);
      },
      close: async () => {
        isClosed = true;
      },
    };
    const deepAugment = new DeepAugment(images, labels, settings("own-executor"));
    await deepAugment.optimize(2, { executor });
    assert.ok(failed.has("1/0") && places.includes("1/0") && !isClosed);
    const failure = { trial: 2, sample: 0, reason: "the machine is gone" };
    assert.deepEqual(deepAugment.outcome?.failures, [failure]);
    assert.ok(notebookOf(atOnce).startsWith(notebookOf(deepAugment)));
    await assert.rejects(
      new DeepAugment(images, labels, settings("no-retry")).optimize(2, { executor, retry: false }),
      /^RangeError: the machine is gone/,
    );
  });

  it("chooses sizes that are not given from the images, and finds them again when it is resumed", async () => {
    const { image_size, train_set_size, validation_set_size, ...given } = settings("sizes");
    const deepAugment = new DeepAugment(images, labels, { ...given, confirm_top: 0 });
    assert.equal(deepAugment.config.image_size, null, "32 × 32 is small");
    assert.equal(deepAugment.config.train_set_size, "auto");
    await deepAugment.optimize(1);
    const third = Math.floor(images.count / 3);
    const sizes = { image_size: null, train_set_size: images.count - third, validation_set_size: third };
    const sizesOf = ({ config }: DeepAugment) => ({
      image_size: config.image_size,
      train_set_size: config.train_set_size,
      validation_set_size: config.validation_set_size,
    });
    assert.deepEqual(sizesOf(deepAugment), sizes);
    assert.deepEqual(sizesOf(DeepAugment.resume(deepAugment.folder ?? "", images, labels)), sizes);
    const large = resizeBatch(images, 70, 70);
    assert.equal(new DeepAugment(large, labels, { ...given, train_set_size: 100 }).config.image_size, 64);
  });

  it("continues what another program left in a folder", async () => {
    const { folder = "" } = atOnce;
    assert.match(
      usage(() => DeepAugment.resume(folder)),
      /began with images in memory; give them and their labels again$/,
    );
    const before = notebookOf(atOnce);
    const resumed = DeepAugment.resume(folder, images, labels);
    assert.deepEqual(resumed.topPolicies, atOnce.topPolicies);
    await resumed.optimize(1);
    assert.equal(resumed.folder, folder);
    assert.ok(notebookOf(resumed).startsWith(before));
    assert.equal(resumed.outcome?.trials.length, 7);
    const again = DeepAugment.resume(folder, images, labels);
    await assert.rejects(again.optimize(0), /a whole number of trials from 1 upwards/);
    await again.optimize(1);
    assert.equal(again.outcome?.trials.length, 8, "an earlier program's trials are never dropped");
    const others = { ...images, data: images.data.map((value) => 255 - value) };
    await assert.rejects(DeepAugment.resume(folder, others, labels).optimize(1), /the data are not those/);
    assert.match(
      usage(() => DeepAugment.resume(root)),
      /is not an experiment of this program/,
    );
  });

  it("takes a dataset's name or path, and keys as in a configuration file", async () => {
    const deepAugment = new DeepAugment(SAMPLE_ARCHIVE, {
      ...{ ...ORIGINAL, ...settings("path"), bases: ["none"] },
      operations: ["Fog"] as never,
    });
    const { data, operations, iterations }: Config = deepAugment.config;
    assert.deepEqual([data, operations, iterations], [SAMPLE_ARCHIVE, ["fog"], 100]);
    const running = deepAugment.optimize(1);
    await assert.rejects(deepAugment.optimize(1), /optimize: it is running already/);
    await running;
    assert.match(notebookOf(deepAugment), /\n1,0,1,.*,fog,[\d.]+,fog,/);
  });

  it("takes a model of TensorFlow.js, which later programs find in the experiment", async () => {
    const model = sequential({ name: "my cnn" });
    const convolution = { filters: 8, kernelSize: 3, activation: "relu" as const, inputShape: [12, 12, 3] };
    model.add(layers.conv2d(convolution));
    model.add(layers.dropout({ rate: 0.2 }));
    model.add(layers.globalAveragePooling2d({}));
    model.add(layers.dense({ units: 10, activation: "softmax" }));
    model.compile({ optimizer: train.momentum(0.05, 0.9), loss: "categoricalCrossentropy" });
    const config = { ...settings("model"), workers: 1, model };
    const deepAugment = new DeepAugment(images, labels, config);
    assert.match(deepAugment.config.model, /models.my_cnn-[0-9a-f]{16}\.json$/);
    await deepAugment.optimize(1);
    const { folder } = deepAugment;
    assert.ok(folder !== undefined);
    rmSync(deepAugment.config.model);
    const resumed = DeepAugment.resume(folder, images, labels);
    await resumed.optimize(1);
    const kept = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
    assert.equal(kept.modelTopology.config.name, "my cnn");
    const { class_name, config: optimizer } = kept.trainingConfig.optimizer_config;
    assert.deepEqual([class_name, optimizer.learningRate, optimizer.momentum], ["Momentum", 0.05, 0.9]);
    // The same model in another program has the same file, also if that has been damaged.
    writeFileSync(deepAugment.config.model, "{}");
    assert.equal(new DeepAugment(images, labels, config).config.model, deepAugment.config.model);
    assert.match(readFileSync(deepAugment.config.model, "utf8"), /"my cnn"/);
  });

  it("refuses what is no model of TensorFlow.js, in one line", () => {
    const refusal = (model: unknown) =>
      usage(() => new DeepAugment(images, labels, { ...settings("wrong"), model } as DeepAugmentConfig));
    const expected = "expected a model's name, the path of a file, or a tf.LayersModel";
    assert.equal(refusal(5), `model: ${expected}, received 5`);
    assert.equal(refusal({ toJSON: () => ({}) }), `model: ${expected}, received {}`);
    const broken = {
      toJSON() {
        throw new Error("its input is not known");
      },
    };
    assert.equal(
      refusal(broken),
      "model: it cannot be described (its input is not known); build it of TensorFlow.js's layers, with a known input shape",
    );
  });

  it("gives batches that the top policies augment", async () => {
    writePolicies(join(atOnce.folder ?? "", "policies.json"), [[[{ type: "invert", magnitude: 0 }]]]);
    const batches = atOnce.imagesWithTopPolicies(images, labels, { augmentChance: 1, shuffle: false });
    let start = 0;
    for await (const batch of batches) {
      assert.equal(batch.images.count, 20, "child_batch_size");
      for (let i = 0; i < 20; i++) {
        assert.deepEqual(
          imageAt(batch.images, i),
          imageAt(images, start + i).map((value) => 255 - value),
        );
        assert.equal(batch.labels[i], labels[start + i]);
      }
      start += 20;
    }
    assert.equal(start, 200);
    const fresh = new DeepAugment(images, labels, settings("none"));
    assert.match(
      usage(() => fresh.imagesWithTopPolicies(images, labels)),
      /^there is no policy that did better than the baseline; optimize/,
    );
  });

  it("refuses images and labels that do not fit, in one line", async () => {
    const make = (change: object, wrongLabels: unknown = labels) =>
      usage(() => new DeepAugment({ ...images, ...change }, wrongLabels as Int32Array, settings("wrong")));
    const shape = "images: expected the shape [count, height, width, 3], received";
    assert.ok(make({ channels: 1 }).startsWith(`${shape} [200, 32, 32, 1]; grey`));
    assert.ok(make({ shape: [200, 32, 96] }).startsWith(`${shape} [200, 32, 96];`));
    assert.ok(make({ height: 0.5 }).startsWith(`${shape} [200, 0.5, 32, 3];`));
    assert.equal(
      make({ count: 199 }, labels.subarray(1)),
      "images: 199 × 32 × 32 × 3 are 611328 values, but images.data has 614400",
    );
    assert.equal(
      make({ data: new Float32Array(3) }),
      "images.data: expected a Uint8Array of pixels, received a Float32Array",
    );
    assert.equal(
      usage(() => new DeepAugment(undefined as never, labels)),
      "images.data: expected a Uint8Array of pixels, received nothing",
    );
    assert.equal(make({}, labels.subarray(1)), "labels: expected one per image, 200, received 199");
    assert.equal(make({}, null), "labels: expected one per image, 200, received nothing");
    const changed = (label: number) => [...labels].map((value, i) => (i === 3 ? label : value));
    assert.equal(make({}, changed(-1)), "labels[3]: expected a whole number from 0 upwards, received -1");
    assert.equal(make({}, changed(1.5)), "labels[3]: expected a whole number from 0 upwards, received 1.5");
    assert.match(make({}, changed(12)), /^images in memory: class "10" has no training image; labels count/);
    assert.match(make({}, new Int32Array(200)), /^images in memory: only one class/);
    assert.match(make({}, changed(1000)), /^images in memory: the highest label is 1000, but there are 200/);
    assert.ok(!existsSync(join(root, "wrong")));
    assert.match(
      usage(() => new DeepAugment(images, labels, { data: "cifar10" })),
      /^data: it is the first argument already/,
    );
    assert.match(
      usage(() => new DeepAugment("cifar10", { epochs: 3 } as never)),
      /^unknown key "epochs" \(the configuration\)/,
    );
    await assert.rejects(
      new DeepAugment(images, labels).optimize(0),
      /^UsageError: optimize: expected a whole/,
    );
  });
});

/** What an example prints, run as it is from another folder. */
function runExample(name: string, ...args: string[]): string {
  const pathTo = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const example = ["--import", pathTo("test/fixtures/own-package.mjs"), pathTo(`examples/${name}`)];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...example, ...args], {
    cwd: root,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

describe("examples/own-executor.mjs", () => {
  it("searches with an executor of its own, which trains nothing twice", () => {
    const args = [SAMPLE_ARCHIVE, "1", "histories", JSON.stringify({ ...SMALL, confirm_top: 0 })];
    const first = runExample("own-executor.mjs", ...args);
    assert.match(first, /^trial 0, sample 0: validation accuracy 0\.\d{3}\ntrial 1, sample 0: validation/);
    assert.match(first, /^experiment: reports.experiments.*\n2 trained, 0 trained before\n/m);
    const second = runExample("own-executor.mjs", ...args);
    assert.match(second, /^trial 0, sample 0: trained before\ntrial 1, sample 0: trained before\n/);
    assert.match(second, /^0 trained, 2 trained before\n(best: .+|no policy did better.*)$/m);
    const experiments = join(root, "reports", "experiments");
    const notebooks = readdirSync(experiments)
      .map((folder) => readFileSync(join(experiments, folder, "notebook.csv"), "utf8"))
      .filter((text) => text.split("\n").length === 2 + 2);
    assert.equal(notebooks.length, 2);
    assert.equal(notebooks[0], notebooks[1]);
  });
});

describe("examples/library.mjs", () => {
  it("searches, continues and trains, as it is, run from another folder", () => {
    const stdout = runExample("library.mjs", SAMPLE_ARCHIVE, "2", JSON.stringify(SMALL));
    const trials = stdout.split("\n").filter((line) => line.startsWith("trial "));
    assert.deepEqual(
      trials.map((line) => line.split(":")[0]),
      ["trial 0", "trial 1", "trial 2", "trial 3", "trial 4"],
    );
    assert.match(stdout, /^experiment: reports.experiments./m);
    const found = /confirmed\) .+$/m.test(stdout);
    assert.equal(/^epoch 1: 200 images, augmented by these policies$/m.test(stdout), found);
  });
});
