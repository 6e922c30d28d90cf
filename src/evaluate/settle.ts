// All that an evaluation resolves and checks before it writes anything.

import { checkFit, checkModel, inspectionOf } from "../child/model.ts";
import { usualEpochs } from "../child/usual-epochs.ts";
import { count } from "../common/count.ts";
import { UsageError } from "../common/errors.ts";
import type { ArmParts } from "../config/arms.ts";
import type { EvaluationConfig } from "../config/evaluation.ts";
import { type Dataset, hasImages } from "../dataset/dataset.ts";
import { type SettledEngine, settleEngine } from "../search/settle/engine.ts";
import { noteOf } from "../search/settle/sizes.ts";
import { settleArms, withoutRepeated } from "./arms.ts";
import type { LoadedEvaluation } from "./evaluation.ts";
import type { EvaluationSource } from "./source.ts";
import { countSplit, splitForTest, type TestSplit } from "./split.ts";

export interface SettledEvaluation extends SettledEngine {
  /** With every `auto` resolved. */
  readonly config: EvaluationConfig & {
    readonly arms: string[];
    readonly epochs: number;
    readonly batch_size: number;
    readonly train_size: number | "auto";
  };
  readonly dataset: Dataset;
  readonly source: EvaluationSource;
  readonly arms: readonly ArmParts[];
  readonly split: TestSplit;
  /** What is known of how the test images relate to the search; a line each. */
  readonly notes: readonly string[];
}

const DEFAULT_BATCH = { child: 64, sgd: 128 } as const;

/** @throws UsageError if the configuration does not fit the data, the machine, or the evaluation to resume. */
export async function settleEvaluation(loaded: LoadedEvaluation): Promise<SettledEvaluation> {
  const { config, source, dataset, resumed, imageSize, use } = loaded;
  const { height, width } = dataset.train.images;
  const { model, policies, policyPath, foundBy } = source;
  if (resumed && resumed.facts.dataset.digest !== dataset.digest) {
    throw new UsageError(
      `the data are not those with which ${resumed.folder.path} began (${resumed.facts.dataset.name}, digest ${resumed.facts.dataset.digest.slice(0, 12)}…); restore them, or start a new evaluation`,
    );
  }
  if (resumed) checkSplit(resumed, dataset);
  checkModel(model, height, width);
  const images = { height, width, classes: dataset.classNames.length, replaceHead: config.replace_head };
  await checkFit(model, images);
  const engine = await settleEngine(config, inspectionOf(model, images), resumed?.facts);
  const named = settleArms(config.arms, policies, policyPath);
  // An evaluation keeps the arms with which it began.
  const { arms, notes } = resumed ? { arms: named, notes: [] } : withoutRepeated(named, policies);
  const split =
    resumed?.facts.split ??
    splitForTest(dataset, {
      share: config.test_share,
      seed: config.seed,
      ...(use.used && { used: use.used }),
    });
  const { train: trainable } = countSplit(dataset, split);
  checkTrainSize(config, dataset, trainable);
  const searched = foundBy?.config;
  const trainImages = config.train_size === "auto" ? trainable : config.train_size;
  return {
    ...engine,
    config: {
      ...config,
      arms: arms.map(({ name }) => name),
      model,
      data: source.data,
      image_column: source.settings.columns?.image ?? null,
      label_column: source.settings.columns?.label ?? null,
      arrays: source.settings.arrays?.names ?? null,
      channels: source.settings.arrays?.channels ?? "auto",
      image_size: source.imageSize,
      epochs:
        config.epochs === "auto" ? 2 * (searched?.child_epochs ?? usualEpochs(trainImages)) : config.epochs,
      batch_size: batchSizeOf(config, searched?.child_batch_size),
    },
    ...{ dataset, source, arms, split },
    notes: [
      ...engine.notes,
      ...notes,
      ...noteOf("image_size", imageSize),
      ...use.notes,
      ...notesOnSplit(split, use.used?.train),
    ],
  };
}

/** @throws UsageError if the images of the split to resume are not among the data's. */
function checkSplit(
  { folder, facts }: NonNullable<LoadedEvaluation["resumed"]>,
  { train, test }: Dataset,
): void {
  const { testFrom, heldOut = [], leftOut = [], untested = [] } = facts.split;
  const available = testFrom === "train" ? train : test;
  const tested = testFrom === "train" ? heldOut.length : (test?.labels.length ?? 0) - untested.length;
  const isValid =
    available !== undefined &&
    tested === facts.testImages &&
    hasImages(train, [...heldOut, ...leftOut]) &&
    hasImages(test, untested);
  if (isValid) return;
  throw new UsageError(
    `${folder.factsPath}: split names other images than the ${facts.testImages} with which the evaluation began; restore the file as it was written`,
  );
}

function batchSizeOf({ batch_size, recipe }: EvaluationConfig, ofChild: number | undefined): number {
  if (batch_size !== "auto") return batch_size;
  return recipe === "child" ? (ofChild ?? DEFAULT_BATCH.child) : DEFAULT_BATCH.sgd;
}

function checkTrainSize(
  { train_size }: EvaluationConfig,
  { name, classNames }: Dataset,
  available: number,
): void {
  if (train_size === "auto") return;
  if (train_size > available) {
    throw new UsageError(
      `train_size: ${train_size}: ${name} has ${available} images to train on; lower it, or leave it out for all`,
    );
  }
  if (train_size < classNames.length) {
    throw new UsageError(
      `train_size: ${train_size}: ${name} has ${classNames.length} classes; give at least one image for each`,
    );
  }
}

/** What should be known of the images that are tested or not. @param trained those on which a search trained. */
function notesOnSplit(split: TestSplit, trained: readonly number[] = []): string[] {
  const { leftOut = [], untested = [] } = split;
  const notes = noteOnHeldOut(split, trained);
  if (leftOut.length > 0) {
    const images = count(leftOut.length, "training image is", "training images are");
    notes.push(`${images} identical to test images, and left out of the training`);
  }
  if (untested.length > 0) {
    const images = count(untested.length, "test image is", "test images are");
    notes.push(`${images} identical to images that validated the search, and not tested`);
  }
  return notes;
}

function noteOnHeldOut({ heldOut }: TestSplit, trained: readonly number[]): string[] {
  if (!heldOut) return [];
  const wasTrained = new Set(trained);
  const both = heldOut.filter((index) => wasTrained.has(index)).length;
  const images = `${heldOut.length} images are held out for testing`;
  if (both === 0) return [images];
  const trainedOn = both === heldOut.length ? "them" : `${both} of them`;
  return [`${images}; none of them validated the search, but it trained on ${trainedOn}`];
}
