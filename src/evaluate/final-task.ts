// One training of an evaluation as plain data in and plain data out, like a training of the search: the same function runs in
// a worker process and on another machine.

import { createHash } from "node:crypto";
import { augmentTrainingSet } from "../augment/policy.ts";
import { type RedrawnStep, redrawInto } from "../augment/redraw.ts";
import type { JudgedShape } from "../augment/scale.ts";
import { CosineSgd } from "../child/cosine-sgd.ts";
import {
  type Checkpointing,
  type FinalProgress,
  FinalTraining,
  type FinalTrainingOptions,
  lastEpochs,
  type TrainedEpoch,
} from "../child/final-trainer.ts";
import { judge } from "../child/judge.ts";
import { buildModel } from "../child/model.ts";
import type { ChildModel } from "../child/types.ts";
import { serializeWeights } from "../child/weights.ts";
import { Random, seedOf } from "../common/random.ts";
import type { EngineChoice, PrecisionChoice } from "../config/engines.ts";
import { type LabelledImages, selectLabelled } from "../dataset/dataset.ts";
import { drawSubset } from "../dataset/subsets.ts";
import type { ImageBatch } from "../image/batch.ts";
import type { Policy } from "../policy/policy.ts";
import { type ContentRef, type LocateContent, locateByHint, locateVerified } from "../search/content.ts";
import { keptEngine, keptSubsets } from "../search/kept.ts";

/** What the images of an arm go through. */
export interface ArmAugmentation {
  /** Its name, for messages. */
  readonly name: string;
  /** Drawn once and added to the originals, as the search judges policies. */
  readonly added?: Policy;
  /** Drawn anew for every image and epoch, in this order. */
  readonly redrawn: readonly RedrawnStep[];
}

/** The model's own optimizer and averaged weights, or SGD with a cosine. */
export type TrainingRecipe =
  | { readonly kind: "child" }
  | {
      readonly kind: "sgd";
      /** The highest one, for batches of 128 images; in proportion for others. */
      readonly learningRate: number;
      readonly weightDecay: number;
      readonly warmupEpochs: number;
    };

/** What a training needs to know, and nothing else. Plain data: as JSON it is the same training. */
export interface FinalTask {
  readonly arm: ArmAugmentation;
  /** From 0. Sample k of every arm shares training images, weights and order with sample k of every other. */
  readonly sample: number;
  /** The evaluation's. */
  readonly seed: number;
  readonly model: string | ContentRef;
  readonly replaceHead: boolean;
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  readonly threads: number;
  readonly recipe: TrainingRecipe;
  readonly epochs: number;
  readonly batchSize: number;
  /** The file with the images to train on, and to test on. */
  readonly images: ContentRef;
  /** Number of images that are drawn from the file's; null: all. */
  readonly trainSize: number | null;
  /** [height, width] in pixels of the images on which the policies were judged; missing if there are none. */
  readonly judgedShape?: JudgedShape;
  /** Whether the result has the trained weights. */
  readonly returnsWeights: boolean;
  /** Where this machine keeps the training's checkpoint: a hint, which another machine may ignore. */
  readonly checkpoint?: Pick<Checkpointing, "path" | "everySeconds">;
}

/** What a training measured. Plain data. */
export interface FinalResult {
  readonly history: readonly TrainedEpoch[];
  readonly test: TestResult;
  /** Before the weights were averaged; missing if they were not. */
  readonly lastEpoch?: Omit<TestResult, "predictions">;
  /** If the task asks for them: the trained weights, as the bytes of a safetensors file. */
  readonly weights?: Uint8Array;
}

export interface TestResult {
  readonly loss: number;
  readonly accuracy: number;
  /** The class that each test image was given. */
  readonly predictions: Int32Array;
}

/** The batch for which the learning rate of `sgd` is given, and its momentum. */
const RATED_BATCH = 128;
const MOMENTUM = 0.9;

/**
 * Trains one model and tests it.
 * @throws UsageError if a file is not the one that the task names, or the engine is not available here; RunError if a file
 *   cannot be read or written.
 */
export async function runFinalTraining(
  task: FinalTask,
  onProgress?: (progress: FinalProgress) => void,
  locate: LocateContent = locateByHint,
): Promise<FinalResult> {
  const engine = await keptEngine(task);
  const { train: all, validation: test, classes } = await keptSubsets(task.images, locate);
  const name = typeof task.model === "string" ? task.model : await locateVerified(task.model, locate);
  const train = trainingImages(all, task, classes);
  const { height, width } = train.images;
  const seed = seedOf(task.seed, "evaluation", task.sample);
  const { replaceHead } = task;
  const built = buildModel(name, { height, width, classes, seed, engine, replaceHead });
  const model = withRecipe(built, task, train.labels.length);
  try {
    const { added } = task.arm;
    const drawSeed = seedOf(task.seed, "augment", task.sample);
    const pool = added ? augmentTrainingSet(train, added, drawSeed, task.judgedShape) : train;
    const isAveraged = task.recipe.kind === "child";
    const training = new FinalTraining(model, pool, {
      ...{ epochs: task.epochs, epochImages: train.labels.length, batchSize: task.batchSize, classes, seed },
      ...(isAveraged && { averages: [lastEpochs(task.epochs)] }),
      ...redrawOf(task, pool.images),
      ...checkpointOf(task),
      onProgress,
    });
    await training.run();
    const last = isAveraged ? await judge(model, test, classes) : undefined;
    await (isAveraged ? training.average() : training.measureMoments());
    return {
      history: training.history,
      test: await judge(model, test, classes),
      ...(last && { lastEpoch: { loss: last.loss, accuracy: last.accuracy } }),
      ...(task.returnsWeights && { weights: await serializeWeights(model.net) }),
    };
  } finally {
    model.net.dispose();
    model.optimizer.dispose();
  }
}

function trainingImages(
  all: LabelledImages,
  { seed, sample, trainSize }: FinalTask,
  classes: number,
): LabelledImages {
  if (trainSize === null) return all;
  const random = new Random(seed, "training images", sample);
  const drawn = drawSubset(all.labels, classes, trainSize, random);
  return selectLabelled(all, drawn);
}

/** The model with the recipe's optimizer in place of its own. */
function withRecipe(model: ChildModel, { recipe, epochs, batchSize }: FinalTask, images: number): ChildModel {
  if (recipe.kind === "child") return model;
  model.optimizer.dispose();
  const perEpoch = Math.ceil(images / batchSize);
  const warmupSteps = Math.round(recipe.warmupEpochs * perEpoch);
  const learningRate = (recipe.learningRate * batchSize) / RATED_BATCH;
  const optimizer = new CosineSgd(model.engine, {
    ...{ learningRate, momentum: MOMENTUM, weightDecay: recipe.weightDecay },
    ...{ steps: epochs * perEpoch, warmupSteps },
  });
  return { ...model, optimizer };
}

function redrawOf(
  { arm, seed, sample, judgedShape }: FinalTask,
  pool: ImageBatch,
): Pick<FinalTrainingOptions, "redraw"> {
  if (arm.redrawn.length === 0) return {};
  const redraw = (indices: Int32Array, epoch: number, target: ImageBatch) => {
    redrawInto(target, pool, indices, arm.redrawn, seedOf(seed, "redraw", sample, epoch), judgedShape);
  };
  return { redraw };
}

function checkpointOf({ checkpoint, ...task }: FinalTask): { checkpoint?: Checkpointing } {
  if (!checkpoint) return {};
  const training = createHash("sha256").update(JSON.stringify(task)).digest("hex");
  return { checkpoint: { ...checkpoint, training } };
}
