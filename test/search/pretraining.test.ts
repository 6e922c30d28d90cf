// Children that start from weights which another run wrote, of a model with batch normalisation: its moving moments are
// among them.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { backend } from "@tensorflow/tfjs-core";
import { RunError, UsageError } from "../../src/common/errors.ts";
import type { EngineChoice } from "../../src/config/engines.ts";
import { resolveConfig } from "../../src/config/load.ts";
import { writeSubsets } from "../../src/dataset/subset-file.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import { Experiment } from "../../src/experiment/experiment.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { type ContentRef, contentRef } from "../../src/search/content.ts";
import type { Executor } from "../../src/search/executors/executor.ts";
import { InProcessExecutor } from "../../src/search/executors/in-process.ts";
import { checkPretrained, pretrain } from "../../src/search/pretraining.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

const MODEL = "wrn_10_1";
const IMAGES = { height: 32, width: 32, classes: 10 };
const folder = mkdtempSync(join(tmpdir(), "deepaugment-pretraining-"));
const subsetsPath = join(folder, "subsets.bin");
const weights = join(folder, "weights.safetensors");
/** Trains first, and on which all others train. */
const ENGINES: EngineChoice[] = "missing" in findAddon() ? ["wasm", "wasm"] : ["native", "wasm"];
const executor = new InProcessExecutor();

before(async () => {
  const { train } = await loadSample();
  writeSubsets(subsetsPath, { train: slice(train, 0, 40), validation: slice(train, 40, 50), classes: 10 });
});
after(() => rmSync(folder, { recursive: true }));

const settings = (path: string | null = weights) =>
  resolveConfig({ data: "cifar10", model: MODEL, child_first_train_epochs: 4, pre_aug_weights_path: path });
const taskOn = (engine: EngineChoice) => ({
  ...{ seed: 1, model: MODEL, engine, precision: "float32" as const, threads: 1, batchSize: 10 },
  subsets: contentRef(subsetsPath),
});
const policy = noAugmentation(1, 2);
const pretrainOn = (engine: EngineChoice, path?: string | null, by: Executor = executor) => {
  const experiment = Experiment.create(folder, null, "info");
  const task = taskOn(engine);
  return pretrain(settings(path), { task, policy, experiment, executor: by, signal: undefined });
};
/** The loss of the first epoch. */
const lossFrom = async (initialWeights?: ContentRef) => {
  const task = { ...taskOn(ENGINES[1]), trial: 0, sample: 1, policy, epochs: 1, initialWeights };
  const { history } = await executor.train(task, {});
  return history[0].loss;
};

describe("pre-training", () => {
  it("writes weights once, from which children start on another engine too", async () => {
    await checkPretrained(settings(), IMAGES); // there are none yet
    assert.deepEqual(await pretrainOn(ENGINES[0]), contentRef(weights));
    const written = statSync(weights).mtimeMs;
    await checkPretrained(settings(), IMAGES);
    assert.deepEqual(await pretrainOn(ENGINES[1]), contentRef(weights));
    assert.equal(statSync(weights).mtimeMs, written, "another run uses them as they are");
    const [from, afresh] = [await lossFrom(contentRef(weights)), await lossFrom()];
    assert.ok(from < afresh - 0.3, `${from}, afresh ${afresh}`);
  });

  it("refuses weights that are not finite numbers", async () => {
    const damaged = join(folder, "damaged.safetensors");
    const file = readFileSync(weights);
    const start = 8 + Number(file.readBigUInt64LE(0));
    const refused = async (bytes: Uint8Array, message: RegExp) => {
      writeFileSync(damaged, bytes);
      await assert.rejects(checkPretrained(settings(damaged), IMAGES), (error: Error) => {
        assert.ok(error instanceof UsageError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    };
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const changed = Buffer.from(file);
      changed.writeFloatLE(value, start + 40);
      await refused(
        changed,
        /damaged\.safetensors do not fit model .*: .*\/.* has values that are not finite numbers; move it away or set /,
      );
    }
  });

  it("keeps the weights in the experiment's folder where no other place is given", async () => {
    const { path } = (await pretrainOn(ENGINES[0], null))!;
    assert.match(path, /pre_aug_weights\.safetensors$/);
    assert.notEqual(path, weights);
    assert.ok(statSync(path).size > 4 * 78_330);
  });

  it("ends the run if an executor returns no weights", async () => {
    const forgetful: Executor = {
      workers: 1,
      train: async () => ({ history: [] }),
      close: async () => {},
    };
    await assert.rejects(
      pretrainOn(ENGINES[0], null, forgetful),
      (error) =>
        error instanceof RunError &&
        /^the executor returned no weights .*\.safetensors; it must/.test(error.message),
    );
  });

  it("refuses weights of another model, or for other images, in a line that names the key", async () => {
    const refused = (model: string, images = IMAGES) =>
      assert.rejects(
        checkPretrained({ ...settings(), model }, images),
        (error) =>
          error instanceof UsageError &&
          /^the weights in .* do not fit .*; move it away or set pre_aug_weights_path to another one$/.test(
            error.message,
          ),
      );
    await refused("wrn_10_2");
    await refused("wrn_16_1");
    await refused("basiccnn");
    await refused(MODEL, { ...IMAGES, classes: 3 });
  });

  it("refuses a file whose header is not that of its values", async () => {
    const shifted = join(folder, "shifted.safetensors");
    // Of the same length, so that only what the numbers mean is changed.
    const bytes = readFileSync(weights).toString("latin1");
    writeFileSync(shifted, bytes.replace('"data_offsets":[0,1728]', '"data_offsets":[0,1724]'), "latin1");
    await assert.rejects(
      checkPretrained(settings(shifted), IMAGES),
      (error) =>
        error instanceof UsageError &&
        /conv\/kernel has 1724 bytes, but its shape \[3,3,3,16\] of F32 needs 1728; move it away or set /.test(
          error.message,
        ),
    );
  });

  it("leaves TensorFlow.js on the engine on which it was", async () => {
    await startEngine("wasm", "float32");
    const current = backend();
    await checkPretrained(settings(), IMAGES);
    assert.equal(backend(), current);
  });
});
