// What an evaluation is going to do, and how long that takes on this machine: measured on its model, in as many processes, and on
// its own images for what redraws them. Nothing is written, and no result depends on it.

import { hasMoments } from "../child/batch-moments.ts";
import { epochsInCheckpoint, momentBatches } from "../child/final-trainer.ts";
import { inspectModel } from "../child/model.ts";
import type { EngineIdentity } from "../engine/types.ts";
import { augmentationOf } from "../evaluate/arms.ts";
import type { LoadedEvaluation } from "../evaluate/evaluation.ts";
import type { ArmAugmentation } from "../evaluate/final-task.ts";
import { missingOf, readEnded } from "../evaluate/records.ts";
import type { SettledEvaluation } from "../evaluate/settle.ts";
import { countSplit } from "../evaluate/split.ts";
import { isMixture } from "../policy/policy.ts";
import { type MeasuredRates, type MeasuredRun, tryToMeasure } from "./rates.ts";
import { redrawSeconds } from "./redraw-time.ts";

export interface EvaluationPlan {
  readonly dataset: string;
  readonly engine: EngineIdentity;
  readonly workers: number;
  readonly config: SettledEvaluation["config"];
  readonly trainImages: number;
  readonly testImages: number;
  /** Trainings in all, and the number of those that are left. */
  readonly trainings: number;
  readonly left: number;
  /** Training steps of an epoch, of each arm. */
  readonly stepsPerEpoch: number;
  /** Null if nothing is left to train, or it could not be measured. */
  readonly rates: MeasuredRates | null;
  /** How long the trainings take, about; null if it could not be measured. */
  readonly seconds: number | null;
  /** Whether machines train through a queue. */
  readonly isQueued: boolean;
  /** Of one training; empty if it could not be measured. */
  readonly arms: readonly ArmTime[];
  /** What else the user should know, a line each. */
  readonly notes: readonly string[];
}

/** How long a training of an arm takes on one worker while all work. */
export interface ArmTime {
  readonly arm: string;
  /** In the epochs, as in `evaluation.csv`. */
  readonly trainingSeconds: number;
  /** After them: the tests, and before these the measurement of the moments of the final weights. */
  readonly testSeconds: number;
}

/** What decides how long a training of any arm takes. */
export interface TrainingSize {
  readonly trainImages: number;
  readonly testImages: number;
  readonly epochs: number;
  /** Whether averaged weights are tested beside the last ones. */
  readonly isAveraged: boolean;
  /** Epochs of the measurement of their moments. */
  readonly momentEpochs: number;
}

/** Seconds that one worker needs to draw an image of an arm. */
export interface DrawingTime {
  /** In each epoch. */
  readonly redraw: number;
  /** Before the first one. */
  readonly added: number;
}

/** @param perImage seconds that one worker needs while all work. */
export function armTime(
  { trainImages, testImages, epochs, isAveraged, momentEpochs }: TrainingSize,
  { redraw, added }: DrawingTime,
  perImage: { readonly training: number; readonly validation: number },
): Omit<ArmTime, "arm"> & { readonly epoch: number } {
  const epoch = trainImages * (perImage.training + redraw);
  const tests = (isAveraged ? 2 : 1) * testImages * perImage.validation;
  const trainingSeconds = trainImages * added + epochs * epoch;
  return { epoch, trainingSeconds, testSeconds: momentEpochs * epoch + tests };
}

/** A training that is missing. */
interface Missing {
  readonly arm: ArmAugmentation;
  /** Epochs that its checkpoint has. */
  readonly trained: number;
}

/**
 * Plans the evaluation that `runEvaluation` would do. Takes about two seconds, longer if a single training step does. On a busy
 * machine the time is too short, as that of `planRun`.
 * @param resumed the evaluation that is resumed, if one is.
 * @param known rates, if they need not be measured.
 * @throws InterruptedError
 */
export async function planEvaluation(
  settled: SettledEvaluation,
  resumed: LoadedEvaluation["resumed"],
  signal?: AbortSignal,
  known?: MeasuredRates,
): Promise<EvaluationPlan> {
  const { config, dataset, engine, workers, arms, split, notes } = settled;
  const { train: trainable, test: testImages } = countSplit(dataset, split);
  const trainImages = config.train_size === "auto" ? trainable : config.train_size;
  const missing = missingTrainings(settled, resumed, trainImages);
  const run = measuredRun(settled, trainImages);
  // How fast the machines of a queue are is not known.
  const isQueued = config.queue !== null;
  const rates = missing.length === 0 || isQueued ? null : (known ?? (await tryToMeasure(run, signal)));
  const times = rates ? await timesOf(settled, run, { rates, testImages, missing }) : undefined;
  return {
    ...{ dataset: dataset.name, engine, workers, config, trainImages, testImages },
    ...{ trainings: arms.length * config.samples, left: missing.length },
    stepsPerEpoch: Math.ceil(trainImages / config.batch_size),
    ...{ rates, isQueued },
    seconds: missing.length === 0 ? 0 : (times?.seconds ?? null),
    arms: times?.arms ?? [],
    notes,
  };
}

/** In the order in which they run. */
function missingTrainings(
  { config, arms, source }: SettledEvaluation,
  resumed: LoadedEvaluation["resumed"],
  trainImages: number,
): Missing[] {
  const ended = resumed ? readEnded(resumed.folder.recordsPath) : [];
  const use = { policies: source.policies, top: config.top, chance: config.augment_chance };
  const augmentations = arms.map((arm) => augmentationOf(arm, use));
  return missingOf(augmentations, config.samples, ended).map(({ arm, sample }) => {
    const path = resumed?.folder.checkpointPath({ arm: arm.name, sample });
    return { arm, trained: path === undefined ? 0 : epochsInCheckpoint(path, trainImages) };
  });
}

function measuredRun(
  { engine, workers, threads, source, dataset, config }: SettledEvaluation,
  trainImages: number,
): MeasuredRun {
  const { height, width } = dataset.train.images;
  const images = { height, width, classes: dataset.classNames.length, replaceHead: config.replace_head };
  const { batch_size: batchSize } = config;
  return { engine, workers, threads, model: source.model, images, batchSize, trainImages };
}

interface Measured {
  readonly rates: MeasuredRates;
  readonly testImages: number;
  readonly missing: readonly Missing[];
}

async function timesOf(
  settled: SettledEvaluation,
  run: MeasuredRun,
  { rates, testImages, missing }: Measured,
): Promise<Pick<EvaluationPlan, "arms"> & { readonly seconds: number }> {
  const { workers, config } = settled;
  const { trainImages } = run;
  const isAveraged = config.recipe === "child";
  const momentEpochs = await epochsForMoments(run);
  const size = { trainImages, testImages, epochs: config.epochs, isAveraged, momentEpochs };
  const perImage = { training: workers / rates.training, validation: workers / rates.validation };
  const ofArms = new Map(
    [...new Set(missing.map(({ arm }) => arm))].map((arm) => {
      const drawing = { redraw: redrawTime(settled, arm), added: addedTime(settled, arm) };
      return [arm, { arm: arm.name, ...armTime(size, drawing, perImage) }];
    }),
  );
  const seconds = missing.map(({ arm, trained }) => {
    const { epoch, trainingSeconds, testSeconds } = ofArms.get(arm)!;
    return trainingSeconds - trained * epoch + testSeconds;
  });
  return {
    seconds: rates.start + timeInWorkers(seconds, workers),
    arms: [...ofArms.values()].map(({ epoch: _, ...time }) => time),
  };
}

/** Of an image in an epoch. */
function redrawTime({ dataset, source }: SettledEvaluation, { redrawn }: ArmAugmentation): number {
  return redrawSeconds(dataset.train.images, redrawn, source.judgedShape);
}

/** Of an image before the first epoch, of an arm that adds copies: those of the portion that the policy augments. */
function addedTime({ dataset, source }: SettledEvaluation, { added }: ArmAugmentation): number {
  if (!added) return 0;
  const through = isMixture(added) ? [added] : added.chains.map((chain) => ({ ...added, chains: [chain] }));
  const steps = through.map((policy) => ({ policies: [policy], chance: 1 }));
  return added.portion * redrawSeconds(dataset.train.images, steps, source.judgedShape);
}

/** How many epochs the moments of the final weights take, for which no weight changes. */
export async function epochsForMoments({
  model,
  images,
  batchSize,
  trainImages,
}: Pick<MeasuredRun, "model" | "images" | "batchSize" | "trainImages">): Promise<number> {
  if (!(await inspectModel(model, images, ({ net }) => hasMoments(net)))) return 0;
  const perEpoch = Math.ceil(trainImages / batchSize);
  return momentBatches(perEpoch) / perEpoch;
}

/** The time for all of these trainings, each of which goes to the first worker that is free. */
export function timeInWorkers(seconds: readonly number[], workers: number): number {
  const ends = new Array<number>(workers).fill(0);
  for (const each of seconds) ends[ends.indexOf(Math.min(...ends))] += each;
  return Math.max(...ends);
}
