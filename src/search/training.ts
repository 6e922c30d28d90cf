// One training as plain data in and plain data out: the same function runs in this process, in a worker process, and on
// another machine.

import { augmentTrainingSet } from "../augment/policy.ts";
import { redrawInto } from "../augment/redraw.ts";
import { FinalTraining, lastEpochs } from "../child/final-trainer.ts";
import { balancedAccuracy, judge } from "../child/judge.ts";
import { buildModel } from "../child/model.ts";
import type { Means } from "../child/pass.ts";
import type { EpochReport, EpochResult } from "../child/reward.ts";
import { trainChild } from "../child/trainer.ts";
import type { ChildModel } from "../child/types.ts";
import { loadWeights, serializeWeights } from "../child/weights.ts";
import { seedOf } from "../common/random.ts";
import type { EngineChoice, PrecisionChoice } from "../config/engines.ts";
import type { LabelledImages } from "../dataset/dataset.ts";
import type { SubsetImages } from "../dataset/subset-file.ts";
import type { Policy } from "../policy/policy.ts";
import { type ContentRef, type LocateContent, locateByHint, locateVerified } from "./content.ts";
import { keptEngine, keptSubsets } from "./kept.ts";

/** What a training needs to know, and nothing else. Plain data: as JSON it is the same training. */
export interface TrainingTask {
  /** From 0, the baseline. */
  readonly trial: number;
  /** From 0. Sample k of every trial shares weights, order and draws with sample k of every other. */
  readonly sample: number;
  readonly policy: Policy;
  /** The experiment's. */
  readonly seed: number;
  /** A model's name, or the file of the user's own. */
  readonly model: string | ContentRef;
  /** Of the user's own model: whether a last layer for another number of classes is replaced. */
  readonly replaceHead?: boolean;
  readonly engine: EngineChoice;
  readonly precision: PrecisionChoice;
  /** Of engine native. */
  readonly threads: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** The file with the training and the validation images. */
  readonly subsets: ContentRef;
  /** The file of the weights to start from, instead of random ones. */
  readonly initialWeights?: ContentRef;
  /** Whether the result has the trained weights. */
  readonly returnsWeights?: boolean;
  /**
   * The epochs (from 1, ascending) after which the child is validated, with the averaged weights that it would have if the
   * training ended there. Missing: after every epoch, with the weights as they are.
   */
  readonly validatedAt?: readonly number[];
  /** When the training is stopped early; missing: never. */
  readonly stops?: readonly Stop[];
  /** Whether the mean recall of the classes is the validation accuracy, instead of the share of images. */
  readonly balancedValidation?: boolean;
}

/** A training is stopped after an epoch, from 1, one of `validatedAt`, if its validation accuracy then is below the threshold. */
export interface Stop {
  readonly epoch: number;
  readonly below: number;
}

/** What a training measured. Plain data. */
export interface TrainingResult {
  /** One result per validation, in order. */
  readonly history: readonly EpochResult[];
  /** If the task asks for them: the trained weights, as the bytes of a safetensors file. */
  readonly weights?: Uint8Array;
}

/**
 * Trains one child.
 * @param onEpoch is called after each epoch.
 * @param locate finds the files that the task names; unless given, they are at the paths that the task has as hints.
 * @throws UsageError if a file is not the one that the task names, or the engine is not available here; RunError if a file
 *   cannot be read.
 */
export async function runTraining(
  task: TrainingTask,
  onEpoch?: (result: EpochReport) => void,
  locate: LocateContent = locateByHint,
): Promise<TrainingResult> {
  const engine = await keptEngine(task);
  const images = await keptSubsets(task.subsets, locate);
  const name = typeof task.model === "string" ? task.model : await locateVerified(task.model, locate);
  const weights = task.initialWeights && (await locateVerified(task.initialWeights, locate));
  const seed = seedOf(task.seed, "sample", task.sample);
  const { height, width } = images.train.images;
  const { classes } = images;
  const { replaceHead } = task;
  const model = buildModel(name, { height, width, classes, seed, engine, replaceHead });
  try {
    if (weights) loadWeights(model.net, weights);
    const train = task.policy.redrawn || task.validatedAt ? trainEqually : trainOnce;
    const history = await train({ task, model, images, seed, onEpoch });
    return task.returnsWeights ? { history, weights: await serializeWeights(model.net) } : { history };
  } finally {
    model.net.dispose();
    model.optimizer.dispose();
  }
}

interface Training {
  readonly task: TrainingTask;
  readonly model: ChildModel;
  readonly images: SubsetImages;
  readonly seed: number;
  readonly onEpoch: ((result: EpochReport) => void) | undefined;
}

/** As the original trains: on the originals and the policy's images, drawn once. */
function trainOnce({ task, model, images, seed, onEpoch }: Training): Promise<EpochResult[]> {
  const { train, validation, classes } = images;
  const { epochs, batchSize } = task;
  return trainChild(model, augmentedOnce(task, train), validation, {
    ...{ epochs, batchSize, classes, seed, onEpoch },
    ...(task.balancedValidation && { validate: () => judgeFor(task, model, images) }),
  });
}

/** Measures the child image by image, with the accuracy that the task asks for. */
async function judgeFor(
  { balancedValidation }: TrainingTask,
  model: ChildModel,
  { validation, classes }: SubsetImages,
): Promise<Means> {
  const { loss, accuracy, predictions } = await judge(model, validation, classes);
  if (!balancedValidation) return { loss, accuracy };
  return { loss, accuracy: balancedAccuracy(predictions, validation.labels, classes) };
}

/** As many images an epoch as there are originals. */
async function trainEqually({ task, model, images, seed, onEpoch }: Training): Promise<EpochResult[]> {
  const { train, validation, classes } = images;
  const { policy, epochs, batchSize, validatedAt, stops = [] } = task;
  const pool = policy.redrawn ? train : augmentedOnce(task, train);
  const history: EpochResult[] = [];
  const start = performance.now();
  const validate = (epoch: number): Promise<Means> | undefined => {
    if (!validatedAt && !task.balancedValidation) return training.evaluate(validation);
    if (!validatedAt) return judgeFor(task, model, images);
    const span = validatedAt.indexOf(epoch);
    return span < 0 ? undefined : training.withAverage(span, () => judgeFor(task, model, images));
  };
  const training = new FinalTraining(model, pool, {
    ...{ epochs, epochImages: train.labels.length, batchSize, classes, seed },
    averages: (validatedAt ?? []).map(lastEpochs),
    ...(policy.redrawn && {
      redraw: (indices, epoch, target) =>
        redrawInto(
          target,
          pool.images,
          indices,
          [{ policy }],
          seedOf(task.seed, "redraw", task.sample, epoch),
        ),
    }),
    afterEpoch: async (epoch) => {
      const validated = await validate(epoch);
      const { loss, accuracy } = training.history[epoch - 1];
      const report = { epoch, loss, accuracy, seconds: (performance.now() - start) / 1000 };
      if (!validated) return onEpoch?.(report);
      const result = {
        ...{ ...report, validationLoss: validated.loss, validationAccuracy: validated.accuracy },
      };
      history.push(result);
      onEpoch?.(result);
      if (stops.some((stop) => stop.epoch === epoch && validated.accuracy < stop.below)) training.stop();
    },
  });
  await training.run();
  return history;
}

/** The originals and the policy's images, drawn once. */
function augmentedOnce({ policy, seed, sample }: TrainingTask, train: LabelledImages): LabelledImages {
  return augmentTrainingSet(train, policy, seedOf(seed, "augment", sample));
}
