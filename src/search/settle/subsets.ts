// The images that an experiment draws, and the classes that they leave out.

import { count } from "../../common/count.ts";
import { UsageError } from "../../common/errors.ts";
import type { SizedConfig } from "../../config/schema.ts";
import type { Dataset } from "../../dataset/dataset.ts";
import { countShared, separateIdentical } from "../../dataset/identical.ts";
import { countLabels } from "../../dataset/reader.ts";
import { drawSubsets, type Subsets } from "../../dataset/subsets.ts";
import type { ExperimentFacts } from "../../experiment/experiment.ts";
import type { SetSizes } from "./sizes.ts";

interface DrawnKind {
  readonly indices: Int32Array;
  readonly kind: "training" | "validation";
  readonly size: number;
}

interface SubsetOptions {
  readonly sizes: SetSizes;
  /** Indices of training images that the search may not use. */
  readonly heldOut?: readonly number[];
  /** The facts of the experiment, if it is resumed. */
  readonly began?: ExperimentFacts;
}

/**
 * Draws the training and the validation images, of every class at least one each if possible.
 * @throws UsageError if there are too few images; or too few of a class, and `auto` chose the sizes.
 */
export function settleSubsets(
  config: SizedConfig,
  dataset: Dataset,
  { sizes: { train, validation }, heldOut = [], began }: SubsetOptions,
): { drawn: Subsets; notes: readonly string[] } {
  const sizes = {
    trainSize: config.train_set_size,
    validationSize: config.validation_set_size,
    seed: config.seed,
    heldOut,
  };
  const asDrawn = drawSubsets(dataset, { ...sizes, everyClass: true });
  const drawn = separateIdentical(dataset, asDrawn, config.seed);
  if (began) {
    // Earlier versions did not separate identical images, and before that left out rare classes.
    const same = [drawn, asDrawn].find((each) => areEqual(each, began.subsets));
    return { drawn: same ?? drawSubsets(dataset, sizes), notes: [] };
  }
  const shared = countShared(dataset, drawn);
  const notes =
    shared === 0
      ? []
      : [
          `${count(shared, "validation image is", "validation images are")} identical to training images: rewards look better than they are; remove the copies`,
        ];
  const problem =
    findMissing(dataset, heldOut, { indices: drawn.train, kind: "training", size: train.value }) ??
    findMissing(dataset, heldOut, { indices: drawn.validation, kind: "validation", size: validation.value });
  if (!problem) return { drawn, notes };
  const isChosen = train.reason !== undefined || validation.reason !== undefined;
  if (isChosen && problem.isOfData) throw new UsageError(problem.message);
  return { drawn, notes: [problem.message, ...notes] };
}

function areEqual({ train, validation }: Subsets, recorded: ExperimentFacts["subsets"] | undefined): boolean {
  const drawn = [[...train], [...validation]];
  return JSON.stringify(drawn) === JSON.stringify([recorded?.train, recorded?.validation]);
}

/** The first class without an image of this kind, in words, and whether the data have too few of it. */
function findMissing(
  dataset: Dataset,
  heldOut: readonly number[],
  { indices, kind, size }: DrawnKind,
): { message: string; isOfData: boolean } | undefined {
  const { name, classNames, train, validation } = dataset;
  const split = kind === "validation" && validation ? validation : train;
  const labels = indices.map((index) => split.labels[index]);
  const missing = countLabels(labels, classNames.length).indexOf(0);
  if (missing < 0) return undefined;
  const out = split === train ? heldOut.filter((index) => train.labels[index] === missing).length : 0;
  const available = countLabels(split.labels, classNames.length)[missing] - out;
  const needed = validation ? 1 : 2;
  const className = `class "${classNames[missing]}"`;
  if (available < needed) {
    const has = `${available} ${validation ? `${kind} ` : ""}image${available === 1 ? "" : "s"}${out > 0 ? " besides those that are held out" : ""}`;
    const why = validation ? "needs at least one" : "needs one to train and one to validate";
    return {
      message: `${name}: ${className} has ${has}, but a class ${why}; add images of it, or remove the class`,
      isOfData: true,
    };
  }
  const key = kind === "training" ? "train_set_size" : "validation_set_size";
  return {
    message: `${className} is missing from the ${size} ${kind} images; raise ${key} to ${classNames.length} or more`,
    isOfData: false,
  };
}
