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

type Kind = "training" | "validation";

interface SubsetOptions {
  readonly sizes: SetSizes;
  /** Indices of training images that the search may not use. */
  readonly heldOut?: readonly number[];
  /** The facts of the experiment, if it is resumed: its images stay the same. */
  readonly began?: ExperimentFacts;
}

/**
 * Draws the training and the validation images, of every class at least one each.
 * @throws UsageError if there are too few images, or none of a class.
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
    const same =
      [drawn, asDrawn].find((each) => areEqual(each, began.subsets)) ??
      [drawSubsets(dataset, sizes)].find((each) => areEqual(each, began.subsets));
    if (same) return { drawn: same, notes: [] };
    throw new UsageError(
      "the subsets in experiment.json are not those that its settings draw from the data; restore experiment.json and config.yaml as they were written",
    );
  }
  checkEveryClass(dataset, drawn, heldOut, { train: train.value, validation: validation.value });
  return { drawn, notes: [...notesOnShared(dataset, drawn), ...notesOnFew(dataset, drawn)] };
}

function notesOnShared(dataset: Dataset, drawn: Subsets): string[] {
  const shared = countShared(dataset, drawn);
  if (shared === 0) return [];
  const images = count(shared, "validation image is", "validation images are");
  return [`${images} identical to training images: rewards look better than they are; remove the copies`];
}

/** With fewer validation images of a class than this, its share of the reward moves in large steps. */
const FEW = 5;

/** At most this many classes are named. */
const MOST_NAMED = 5;

/** A note that names the classes with few validation images. */
function notesOnFew(dataset: Dataset, drawn: Subsets): string[] {
  const counts = countsOf(dataset, drawn, "validation");
  const few = counts.flatMap((images, label) =>
    images < FEW ? [{ images, name: dataset.classNames[label] }] : [],
  );
  if (few.length === 0) return [];
  const named = few.slice(0, MOST_NAMED).map(({ images, name }) => `"${name}" (${images})`);
  const more = few.length > named.length ? ` and ${few.length - named.length} more` : "";
  const classes = few.length === 1 ? "class" : "classes";
  return [
    `fewer than ${FEW} validation images of the ${classes} ${named.join(", ")}${more}: rewards say little about them; raise ` +
      "validation_set_size, or add images",
  ];
}

function areEqual({ train, validation }: Subsets, recorded: ExperimentFacts["subsets"] | undefined): boolean {
  const drawn = [[...train], [...validation]];
  return JSON.stringify(drawn) === JSON.stringify([recorded?.train, recorded?.validation]);
}

/** The number of drawn images of each class. */
function countsOf(dataset: Dataset, { train, validation, validationFrom }: Subsets, kind: Kind): number[] {
  const [indices, split] =
    kind === "training" ? [train, dataset.train] : [validation, dataset[validationFrom]!];
  return countLabels(
    indices.map((index) => split.labels[index]),
    dataset.classNames.length,
  );
}

/** @throws UsageError if a class has no training or no validation image, with sizes that would do if there are some. */
function checkEveryClass(
  dataset: Dataset,
  drawn: Subsets,
  heldOut: readonly number[],
  sizes: { readonly train: number; readonly validation: number },
): void {
  const kinds = ["training", "validation"] as const;
  if (!kinds.some((kind) => countsOf(dataset, drawn, kind).includes(0))) return;
  const { name, classNames, train, validation } = dataset;
  const classes = classNames.length;
  const kind = validation ? "validation" : "training";
  const isHeldOut = new Set(heldOut);
  const searched = train.labels.filter((_, index) => !isHeldOut.has(index));
  const available = countLabels(validation?.labels ?? searched, classes);
  const least = validation ? 1 : 2;
  const rare = available.flatMap((images, label) => (images < least ? [label] : []));
  if (rare.length > 0) {
    const [first] = rare;
    const out = heldOut.some((index) => train.labels[index] === first);
    const besides = !validation && out ? " besides those that are held out" : "";
    const images = count(available[first], validation ? `${kind} image` : "image") + besides;
    const others =
      rare.length > 1 ? ` (and ${count(rare.length - 1, "more class", "more classes")} too few)` : "";
    const why = validation ? "needs at least one" : "needs one to train and one to validate";
    throw new UsageError(
      `${name}: class "${classNames[first]}" has ${images}${others}, but a class ${why}; add images of it, or remove the class`,
    );
  }
  const validating = Math.max(sizes.validation, classes);
  const most = validation ? Number.POSITIVE_INFINITY : searched.length - classes;
  const suggested = { validation: Math.min(validating, most), train: Math.max(sizes.train, classes) };
  if (!validation) suggested.train = Math.min(suggested.train, searched.length - suggested.validation);
  throw new UsageError(
    `${name} has ${classes} classes, and each needs a training and a validation image: train_set_size ${sizes.train} and ` +
      `validation_set_size ${sizes.validation} are not enough; train_set_size ${suggested.train} and validation_set_size ` +
      `${suggested.validation} would do`,
  );
}
