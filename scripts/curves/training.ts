// One recorded training: a child under a policy, with all that is known of it after each epoch. Runs in worker processes of
// `record-curves.ts`.

import { augmentTrainingSet } from "../../src/augment/policy.ts";
import { redrawInto } from "../../src/augment/redraw.ts";
import { FinalTraining, lastEpochs } from "../../src/child/final-trainer.ts";
import { judge } from "../../src/child/judge.ts";
import { buildModel } from "../../src/child/model.ts";
import { meanOf } from "../../src/common/mean.ts";
import { seedOf } from "../../src/common/random.ts";
import { serveTasks } from "../../src/common/worker-process.ts";
import type { EngineChoice, PrecisionChoice } from "../../src/config/engines.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { readSubsets } from "../../src/dataset/subset-file.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { keptEngine } from "../../src/search/kept.ts";

export interface CurveTask {
  readonly policy: Policy;
  /** Whether an epoch has as many images as the originals, and not as the originals and the copies. */
  readonly equalSteps: boolean;
  readonly sample: number;
  readonly model: string;
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  /** How many parts the training has, and the epochs of each; the child is validated after each part. */
  readonly parts: number;
  readonly epochsPerPart: number;
  /** Parts after which averaged weights are validated, ascending; the last one is the last part. */
  readonly averagedAt: readonly number[];
  /** Files with the training and the validation images, and with the training and the test images. */
  readonly validation: string;
  readonly test: string;
}

/** Of every part: mean cross-entropy and accuracy. */
export interface Curve {
  readonly loss: readonly number[];
  readonly accuracy: readonly number[];
}

export interface CurveResult {
  readonly training: Curve;
  readonly validation: Curve;
  /** Of averaged weights, at `averagedAt`. */
  readonly averaged: Curve;
  /** Of the averaged weights in the end, on the test images. */
  readonly test: LossAndAccuracy;
  /** Images that were trained on. */
  readonly images: number;
  readonly seconds: number;
}

const BATCH = 64;

export async function recordCurve(task: CurveTask): Promise<CurveResult> {
  const { policy, parts, epochsPerPart, averagedAt, sample } = task;
  const epochs = parts * epochsPerPart;
  const engine = await keptEngine({ engine: task.engine, precision: task.precision, threads: 1 });
  const { train, validation, classes } = readSubsets(task.validation);
  const test = readSubsets(task.test).validation;
  const { height, width } = train.images;
  const seed = seedOf(sample, "curve");
  const model = buildModel(task.model, { height, width, classes, seed, engine });
  const pool = policy.redrawn ? train : augmentTrainingSet(train, policy, seedOf(seed, "augment"));
  const epochImages = (task.equalSteps ? train : pool).labels.length;
  const curves = { training: emptyCurve(), validation: emptyCurve(), averaged: emptyCurve() };
  const start = performance.now();
  const training = new FinalTraining(model, pool, {
    ...{ epochs, epochImages, batchSize: BATCH, classes, seed },
    averages: averagedAt.map((part) => lastEpochs(part * epochsPerPart)),
    ...(policy.redrawn && {
      redraw: (indices, epoch, target) =>
        redrawInto(target, pool.images, indices, [{ policy }], seedOf(seed, "redraw", epoch)),
    }),
    afterEpoch: async (epoch) => {
      if (epoch % epochsPerPart > 0) return;
      add(curves.training, meansOf(training.history.slice(-epochsPerPart)));
      add(curves.validation, await training.evaluate(validation));
      const span = averagedAt.indexOf(epoch / epochsPerPart);
      if (span >= 0) add(curves.averaged, await training.withAverage(span, () => judgeOn(validation)));
    },
  });
  const judgeOn = (images: LabelledImages) => judge(model, images, classes);
  await training.run();
  await training.average();
  const { loss, accuracy } = await judgeOn(test);
  const seconds = (performance.now() - start) / 1000;
  model.net.dispose();
  model.optimizer.dispose();
  return {
    ...curves,
    ...{ test: { loss, accuracy }, images: epochs * epochImages, seconds },
  };
}

interface LossAndAccuracy {
  readonly loss: number;
  readonly accuracy: number;
}

interface GrowingCurve extends Curve {
  readonly loss: number[];
  readonly accuracy: number[];
}

function emptyCurve(): GrowingCurve {
  return { loss: [], accuracy: [] };
}

function meansOf(epochs: readonly LossAndAccuracy[]): LossAndAccuracy {
  return {
    loss: meanOf(epochs.map(({ loss }) => loss)),
    accuracy: meanOf(epochs.map(({ accuracy }) => accuracy)),
  };
}

function add(curve: GrowingCurve, { loss, accuracy }: LossAndAccuracy): void {
  curve.loss.push(loss);
  curve.accuracy.push(accuracy);
}

if (process.send) serveTasks<CurveTask, CurveResult, never>(recordCurve);
