// All that an evaluation resolves and checks before it writes anything.

import { checkFit, checkModel, inspectionOf } from "../child/model.ts";
import { UsageError } from "../common/errors.ts";
import type { ArmParts } from "../config/arms.ts";
import type { EvaluationConfig } from "../config/evaluation.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { type SettledEngine, settleEngine } from "../search/settle/engine.ts";
import { noteOf } from "../search/settle/sizes.ts";
import { settleArms } from "./arms.ts";
import type { LoadedEvaluation } from "./evaluation.ts";
import type { EvaluationSource } from "./source.ts";
import { splitForTest, type TestSplit } from "./split.ts";

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

const DEFAULT_EPOCHS = 100;
const DEFAULT_BATCH = { child: 64, sgd: 128 } as const;

/** @throws UsageError if the configuration does not fit the data, the machine, or the evaluation to resume. */
export async function settleEvaluation(loaded: LoadedEvaluation): Promise<SettledEvaluation> {
  const { config, source, dataset, resumed, imageSize } = loaded;
  const { height, width } = dataset.train.images;
  const { model, policies, policyPath, foundBy } = source;
  if (resumed && resumed.facts.dataset.digest !== dataset.digest) {
    throw new UsageError(
      `the data are not those with which ${resumed.folder.path} began (${resumed.facts.dataset.name}, digest ${resumed.facts.dataset.digest.slice(0, 12)}…); restore them, or start a new evaluation`,
    );
  }
  checkModel(model, height, width);
  const images = { height, width, classes: dataset.classNames.length, replaceHead: config.replace_head };
  await checkFit(model, images);
  const engine = await settleEngine(config, inspectionOf(model, images), resumed?.facts);
  const arms = settleArms(config.arms, policies, policyPath);
  // What is known of the images of a resumed evaluation was said at its beginning.
  const used: SearchUse = resumed ? { notes: [] } : usedBySearch(source, dataset);
  const split =
    resumed?.facts.split ??
    splitForTest(dataset, {
      share: config.test_share,
      seed: config.seed,
      ...(used.subsets && { used: used.subsets }),
    });
  const trainable = dataset.train.labels.length - (split.heldOut?.length ?? 0);
  checkTrainSize(config, dataset, trainable);
  const searched = foundBy?.config;
  return {
    ...engine,
    config: {
      ...config,
      arms: arms.map(({ name }) => name),
      model,
      data: source.data,
      image_size: source.imageSize,
      epochs:
        config.epochs === "auto" ? (searched ? 2 * searched.child_epochs : DEFAULT_EPOCHS) : config.epochs,
      batch_size: batchSizeOf(config, searched?.child_batch_size),
    },
    ...{ dataset, source, arms, split },
    notes: [
      ...engine.notes,
      ...noteOf("image_size", imageSize),
      ...used.notes,
      ...noteOnHeldOut(split, used.subsets?.train),
    ],
  };
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

interface SearchUse {
  /** The subsets of the search; undefined if they are not known. */
  readonly subsets?: { readonly train: readonly number[]; readonly validation: readonly number[] };
  readonly notes: readonly string[];
}

/** Which images of the training split the search used. */
function usedBySearch({ foundBy, policyPath }: EvaluationSource, dataset: Dataset): SearchUse {
  if (!foundBy) {
    if (policyPath === undefined || dataset.test) return { notes: [] };
    const note = `it is not known which images judged the policies in ${policyPath}: if the search used these images, its policies look better here than they are`;
    return { notes: [note] };
  }
  const { dataset: searched, subsets } = foundBy.facts;
  if (searched.digest !== dataset.digest) {
    if (dataset.test) return { notes: [] };
    const note = `the images are not those of ${foundBy.folder} (${searched.name}): if they overlap, its policies look better here than they are`;
    return { notes: [note] };
  }
  const validation = subsets.validationFrom === "train" ? subsets.validation : [];
  return { subsets: { train: subsets.train, validation }, notes: [] };
}

function noteOnHeldOut({ heldOut }: TestSplit, trained: readonly number[] = []): string[] {
  if (!heldOut) return [];
  const wasTrained = new Set(trained);
  const count = heldOut.filter((index) => wasTrained.has(index)).length;
  const images = `${heldOut.length} images are held out for testing`;
  if (count === 0) return [images];
  const trainedOn = count === heldOut.length ? "them" : `${count} of them`;
  return [`${images}; none of them validated the search, but it trained on ${trainedOn}`];
}
