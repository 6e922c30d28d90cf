// What an evaluation will train, before it begins, and how its time follows from the measured rates. No test depends on speed.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { InterruptedError } from "../../src/common/errors.ts";
import { EVALUATION, type EvaluationInput } from "../../src/config/evaluation.ts";
import { loadKeys } from "../../src/config/load.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import {
  type EvaluationExecutor,
  evaluate,
  loadEvaluation,
  type PreparedEvaluation,
  prepareEvaluation,
  reopenEvaluation,
} from "../../src/evaluate/evaluation.ts";
import { runFinalTraining } from "../../src/evaluate/final-task.ts";
import { settleEvaluation } from "../../src/evaluate/settle.ts";
import { type EvaluationPlan, planEvaluation } from "../../src/measure/evaluation-plan.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-evaluation-plan-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));

const SMALL = {
  ...{ data: SAMPLE_ARCHIVE, image_size: 12, arms: ["none", "flip"], train_size: 50 },
  ...{ epochs: 4, samples: 3, batch_size: 20, engine: "wasm" as const, workers: 2 },
};

const load = () => loadDataset(SAMPLE_ARCHIVE, { imageSize: 12 });

async function planOf(more: EvaluationInput = {}) {
  const config = loadKeys(EVALUATION, { overrides: { ...SMALL, ...more } });
  return planPrepared(prepareEvaluation(config));
}

async function planPrepared(prepared: PreparedEvaluation) {
  const loaded = await loadEvaluation(prepared, load);
  return planEvaluation(await settleEvaluation(loaded), loaded.resumed);
}

const timeOf = ({ arms }: EvaluationPlan, name: string) =>
  arms.find(({ arm }) => arm === name)!.trainingSeconds;

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual / expected - 1) < 1e-9, `${actual}, expected ${expected}`);

describe("the plan of an evaluation", () => {
  it("counts trainings, steps, epochs, the measurement of moments, and two tests of averaged weights", async () => {
    const plan = await planOf({ arms: ["none"], model: "wrn_10_1" });
    assert.deepEqual([plan.trainings, plan.left, plan.stepsPerEpoch, plan.workers], [3, 3, 3, 2]);
    assert.deepEqual([plan.trainImages, plan.testImages], [50, 40]);
    const { training, validation, start } = plan.rates!;
    const image = 2 / training;
    near(timeOf(plan, "none"), 4 * 50 * image);
    // At least 50 steps, in epochs of 3 steps. Of three trainings, one worker has two.
    near(plan.seconds!, start + 2 * (4 * 50 * image + (50 / 3) * 50 * image + 2 * 40 * (2 / validation)));
  });

  it("counts one test of final weights, and what redraws images", async () => {
    const plan = await planOf({ recipe: "sgd", workers: 1, samples: 2 });
    const { training, validation, start } = plan.rates!;
    const [none, flip] = [timeOf(plan, "none"), timeOf(plan, "flip")];
    near(none, (4 * 50) / training);
    assert.ok(flip > none);
    near(plan.seconds!, start + 2 * (none + flip + 2 * (40 / validation)));
  });

  it("counts what is left of a resumed evaluation, without the epochs in its checkpoints", async () => {
    const out = join(root, "out");
    const stop = new AbortController();
    let ended = 0;
    // Of the third training, a checkpoint is left after its first two epochs.
    const executor: EvaluationExecutor = {
      workers: 1,
      train: (task, { onStart }) => {
        onStart?.();
        return runFinalTraining(task, ({ epoch, result }) => {
          if (ended === 2 && epoch === 3 && result) stop.abort(new InterruptedError("interrupted"));
          if (stop.signal.aborted) throw stop.signal.reason;
        });
      },
      close: async () => {},
    };
    let last: Promise<unknown> = Promise.resolve();
    const oneAtATime: EvaluationExecutor = {
      ...executor,
      train: (task, options) => {
        const result = last.then(() => executor.train(task, options));
        last = result.then(
          () => ended++,
          () => {},
        );
        return result;
      },
    };
    const running = evaluate(
      { ...SMALL, out, checkpoint_seconds: 0 },
      { executor: oneAtATime, signal: stop.signal },
    );
    await assert.rejects(running, InterruptedError);
    const folder = join(out, readdirSync(out)[0]);
    const plan = await planPrepared(reopenEvaluation(folder, { workers: 1 }));
    assert.deepEqual([plan.trainings, plan.left], [6, 4]);
    const { training, validation, start } = plan.rates!;
    const [none, flip] = [timeOf(plan, "none"), timeOf(plan, "flip")];
    const ends = (4 * 2 * 40) / validation;
    near(none, (4 * 50) / training);
    near(plan.seconds!, start + 2 * (none + flip) - none / 2 + ends);

    const more = await planPrepared(reopenEvaluation(folder, { samples: 9 }));
    assert.deepEqual([more.trainings, more.left], [18, 16]);
  });
});
