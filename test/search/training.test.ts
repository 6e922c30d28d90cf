// Trainings for real, one after another in one process, as the library and a worker run them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { balancedAccuracy, judge } from "../../src/child/judge.ts";
import { buildModel } from "../../src/child/model.ts";
import { loadWeights } from "../../src/child/weights.ts";
import type { EngineChoice, Precision } from "../../src/config/engines.ts";
import { selectLabelled } from "../../src/dataset/dataset.ts";
import { writeSubsets } from "../../src/dataset/subset-file.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import { noAugmentation, type Policy } from "../../src/policy/policy.ts";
import { contentRef } from "../../src/search/content.ts";
import { keptEngine } from "../../src/search/kept.ts";
import { runTraining, type TrainingResult, type TrainingTask } from "../../src/search/training.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-training-"));
const subsetsPath = join(folder, "subsets.bin");
const found = findAddon();

before(async () => {
  const { train } = await loadSample();
  writeSubsets(subsetsPath, { train: slice(train, 0, 32), validation: slice(train, 32, 42), classes: 10 });
});
after(() => rmSync(folder, { recursive: true }));

/** The losses of two epochs. */
async function losses(engine: EngineChoice, precision: Precision): Promise<number[]> {
  const { history } = await runTraining({
    trial: 0,
    sample: 0,
    policy: noAugmentation(1, 2),
    seed: 1,
    model: "basiccnn",
    engine,
    precision,
    threads: 1,
    epochs: 2,
    batchSize: 16,
    subsets: contentRef(subsetsPath),
  });
  return history.map(({ loss }) => loss);
}

describe("a training under a redrawn policy", () => {
  const policy: Policy = {
    ...{ base: "flip", redrawn: true, portion: 1, magnitudes: "drawn" },
    chains: [[{ type: "solarize", magnitude: 1 }], [{ type: "shear-x", magnitude: 0.5 }]],
  };
  const taskOf = (task: Partial<TrainingTask>): TrainingTask => ({
    ...{ trial: 1, sample: 0, policy, seed: 1, model: "basiccnn", engine: "wasm", precision: "float32" },
    ...{ threads: 1, epochs: 4, batchSize: 16, subsets: contentRef(subsetsPath), ...task },
  });
  const train = (task: Partial<TrainingTask> = {}) => runTraining(taskOf(task));
  const withoutTime = ({ history }: TrainingResult) => history.map(({ seconds: _, ...epoch }) => epoch);

  it("is validated after every epoch, or with averaged weights after some", async () => {
    const every = withoutTime(await train());
    assert.deepEqual(
      every.map(({ epoch }) => epoch),
      [1, 2, 3, 4],
    );
    const reports: boolean[] = [];
    const some = withoutTime(
      await runTraining(taskOf({ validatedAt: [2, 4] }), ({ validationAccuracy }) =>
        reports.push(validationAccuracy !== undefined),
      ),
    );
    assert.deepEqual(
      some.map(({ epoch }) => epoch),
      [2, 4],
    );
    assert.deepEqual(reports, [false, true, false, true]);
    // The average over the last quarter of two and of four epochs is that of the last epoch alone.
    for (const [i, { validationLoss, ...epoch }] of some.entries()) {
      const { validationLoss: expected, ...other } = every[2 * i + 1];
      assert.deepEqual(epoch, other);
      assert.ok(Math.abs(validationLoss - expected) < 1e-5);
    }
  });

  it("is stopped after an epoch at which its accuracy is below the threshold, and not if it is equal", async () => {
    const whole = withoutTime(await train({ validatedAt: [1, 2, 4] }));
    const [first, second] = whole.map(({ validationAccuracy }) => validationAccuracy);
    const after = async (stops: TrainingTask["stops"]) => {
      const epochs: number[] = [];
      const result = await runTraining({ ...taskOf({ validatedAt: [1, 2, 4], stops }) }, ({ epoch }) =>
        epochs.push(epoch),
      );
      assert.equal(epochs.at(-1), result.history.at(-1)?.epoch, "no epoch is trained after the last one");
      return withoutTime(result);
    };
    const never = [
      { epoch: 1, below: first },
      { epoch: 2, below: second },
    ];
    assert.deepEqual(await after(never), whole);
    assert.deepEqual(await after([{ epoch: 1, below: first + 1e-9 }]), whole.slice(0, 1));
    assert.deepEqual(await after([never[0], { epoch: 2, below: second + 1e-9 }]), whole.slice(0, 2));
  });

  it("draws other images in another sample, and takes as many steps as without augmentation", async () => {
    const [first, again, other] = [await train(), await train(), await train({ sample: 1 })].map(withoutTime);
    assert.deepEqual(again, first);
    assert.notDeepEqual(other, first);
    const none = withoutTime(await train({ policy: { ...policy, base: undefined, portion: 0 } }));
    assert.equal(none.length, first.length);
    assert.notDeepEqual(none, first);
  });
});

describe("balanced validation", () => {
  it("is the mean recall of the classes, and changes nothing else", async () => {
    // Seven images of one class, and one each of two others.
    const { train } = await loadSample();
    const ofClass = (label: number) =>
      [...train.labels.keys()].filter((index) => train.labels[index] === label);
    const chosen = [...ofClass(0).slice(0, 7), ofClass(1)[0], ofClass(2)[0]];
    const validation = selectLabelled(train, chosen);
    const path = join(folder, "unbalanced.bin");
    writeSubsets(path, { train: slice(train, 0, 100), validation, classes: 10 });
    const shared: Omit<TrainingTask, "policy"> = {
      ...{ trial: 1, sample: 0, seed: 1, model: "basiccnn", engine: "wasm", precision: "float32" },
      ...{ threads: 1, epochs: 4, batchSize: 16, subsets: contentRef(path) },
    };
    const redrawn: Policy = { ...noAugmentation(1, 2), redrawn: true };
    const tasks: TrainingTask[] = [
      { ...shared, policy: noAugmentation(1, 2) },
      { ...shared, policy: redrawn },
      { ...shared, policy: redrawn, validatedAt: [4] },
    ];
    const recalls = async (weights: Uint8Array) => {
      const engine = await keptEngine(shared);
      const model = buildModel("basiccnn", { height: 32, width: 32, classes: 10, seed: 1, engine });
      const weightsPath = join(folder, "weights.safetensors");
      writeFileSync(weightsPath, weights);
      loadWeights(model.net, weightsPath);
      const { predictions } = await judge(model, validation, 10);
      const right = (from: number, to: number) =>
        predictions.slice(from, to).filter((each, i) => each === validation.labels[from + i]).length;
      return [right(0, 7) / 7, right(7, 8), right(8, 9)];
    };
    for (const task of tasks) {
      const plain = await runTraining({ ...task, returnsWeights: true });
      const balanced = await runTraining({ ...task, balancedValidation: true, returnsWeights: true });
      assert.deepEqual(balanced.weights, plain.weights);
      assert.equal(balanced.history.length, plain.history.length);
      for (const [i, { loss, accuracy, validationLoss }] of balanced.history.entries()) {
        assert.deepEqual([loss, accuracy], [plain.history[i].loss, plain.history[i].accuracy]);
        assert.ok(Math.abs(validationLoss - plain.history[i].validationLoss) < 1e-5);
      }
      const [a, b, c] = await recalls(balanced.weights!);
      assert.ok(Math.abs(balanced.history.at(-1)!.validationAccuracy - (a + b + c) / 3) < 1e-9);
      assert.ok(Math.abs(plain.history.at(-1)!.validationAccuracy - (7 * a + b + c) / 9) < 1e-6);
    }
    assert.ok(Math.abs(balancedAccuracy(Int32Array.of(0, 0, 1), Int32Array.of(0, 1, 1), 3) - 0.75) < 1e-12);
  });
});

describe("trainings of several experiments in one process", () => {
  it("run each on its own engine, in its own precision", {
    skip: "missing" in found && found.missing,
  }, async () => {
    const float32 = await losses("native", "float32");
    const bfloat16 = await losses("native", "bfloat16");
    const wasm = await losses("wasm", "float32");
    for (const others of [bfloat16, wasm]) {
      assert.notDeepEqual(others, float32);
      for (const [epoch, loss] of others.entries()) assert.ok(Math.abs(loss - float32[epoch]) < 0.05);
    }
    assert.deepEqual(await losses("native", "float32"), float32);
    assert.deepEqual(await losses("wasm", "float32"), wasm);
  });
});
