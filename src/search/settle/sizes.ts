// The sizes that a configuration leaves to the data: of the images, of the training and of the validation set. Each choice
// has a reason, in words for the user.

import { checkModel, fixedSide, lookUpModel } from "../../child/model.ts";
import { usualEpochs } from "../../child/usual-epochs.ts";
import { count } from "../../common/count.ts";
import { UsageError } from "../../common/errors.ts";
import type { Config, SizedConfig } from "../../config/schema.ts";
import type { Dataset } from "../../dataset/dataset.ts";
import {
  type ChooseImageSize,
  type DataSizes,
  datasetSizes,
  type ImageSizeOption,
} from "../../dataset/sizes.ts";
import { drawHeldOut, heldOutCount } from "../../dataset/test-images.ts";

/**
 * The original's numbers of images, and how many validate if a training is validated once: they cost little then, and more of
 * them show smaller gains.
 */
const USUAL = { train: 2000, validation: 1000, validationOnce: 5000 } as const;

/** The least that the configuration allows. */
const LEAST = 2;

/** Pixels a side. Twice the original's side is four times its cost, which is as much as a processor can take. */
const LARGEST_SIDE = 64;
const SIDES = [64, 48, 32];
/** If a budget of time is too short for those: what small photos show can still be recognised. */
const SHORT_OF_TIME = [...SIDES, 24, 16];
const SMALLEST_SIDE = 8;

/**
 * Of the training images together. With more, 40 policies of the basic CNN take more than about an hour on two cores. It is a
 * quarter of the original's, whose images are already small.
 */
const AFFORDABLE_PIXELS = 500 * 32 ** 2;

/** A size that `auto` chose. */
export interface SizeChoice<Value> {
  readonly value: Value;
  /** The size and why, for the user; undefined if the configuration gives the size. */
  readonly reason?: string;
}

/** The numbers of training and of validation images. */
interface SetCounts {
  readonly train: SizeChoice<number>;
  readonly validation: SizeChoice<number>;
}

/** What a configuration may leave to the data, besides the images' size. */
export interface SetSizes extends SetCounts {
  /** Of each training. */
  readonly epochs: SizeChoice<number>;
}

type GivenSizes = Pick<Config, "model" | "image_size" | "train_set_size" | "validation_set_size"> &
  Partial<Pick<Config, "test_share" | "reward">>;

/**
 * The size that images are resized to, null for none. `auto` keeps the size of images that all have the same small one.
 * Otherwise it chooses a side that enlarges less than half of the images, and with which a training is affordable.
 * @throws UsageError for an unknown model.
 */
export function chooseImageSize(config: GivenSizes, data: DataSizes): SizeChoice<number | null> {
  const { image_size, model } = config;
  if (image_size !== "auto") return { value: image_size };
  const { sizes } = data;
  if (sizes.length === 0)
    return { value: null, reason: "not resized, because the size of no image is known" };
  const [{ height, width }] = sizes;
  const isUniform = sizes.length === 1;
  const all = `all images are ${width} × ${height}`;
  const fixed = fixedSide(model);
  if (fixed !== undefined) {
    if (isUniform && takes(model, height, width))
      return { value: null, reason: `not resized, because ${all}` };
    return { value: fixed, reason: `${fixed}, because the model takes no other images` };
  }
  const { smallestSide } = lookUpModel(model);
  const isSmall = Math.max(height, width) <= LARGEST_SIDE;
  if (isUniform && isSmall && Math.min(height, width) >= smallestSide) {
    return { value: null, reason: `not resized, because ${all}` };
  }
  const median = medianSide(data);
  const shorter = height === width ? "" : ` (shorter side ${median})`;
  const what = isUniform ? all + shorter : `sizes differ (median ${median})`;
  const { side, limit } = affordableSide(median, chooseSetSizes(config, searched(config, data)).train.value);
  const why = reasonOf(limit, { isUniform, isMedian: side === median });
  if (side >= smallestSide) return { value: side, reason: `${side}, because ${what} and ${why}` };
  return { value: smallestSide, reason: `${smallestSide}, because the model takes no smaller images` };
}

/** The data without the images that are held out for testing, of a number of classes that is not known yet. */
function searched({ test_share = 0 }: GivenSizes, data: DataSizes): DataSizes {
  const { train, test } = data.counts;
  if (train === undefined || test !== undefined || test_share === 0) return data;
  return without(data, heldOutCount(test_share, train, LEAST));
}

/** The data without this many of the training images. */
function without(data: DataSizes, heldOut: number): DataSizes {
  const { train = 0 } = data.counts;
  return { ...data, counts: { ...data.counts, train: Math.max(0, train - heldOut) } };
}

/** The smaller sides to which a model's images may be resized, the largest first; none if it takes one size only. */
export function smallerSides(model: string, side: number): number[] {
  if (fixedSide(model) !== undefined) return [];
  return SHORT_OF_TIME.filter((each) => each < side && takes(model, each, each));
}

function takes(model: string, height: number, width: number): boolean {
  try {
    checkModel(model, height, width);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** What keeps the side from being another one: the images, the time of a training, or the least that is allowed. */
type Limit = "images" | "time" | "least";

function affordableSide(median: number, images: number): { side: number; limit: Limit } {
  if (median < SMALLEST_SIDE) return { side: SMALLEST_SIDE, limit: "least" };
  if (median < Math.min(...SIDES)) return { side: median, limit: "images" };
  const fitting = SIDES.filter((side) => side <= median);
  const side = fitting.find((each) => images * each ** 2 <= AFFORDABLE_PIXELS) ?? Math.min(...SIDES);
  const isLimited = side < fitting[0] || side === LARGEST_SIDE;
  return { side, limit: isLimited ? "time" : "images" };
}

function reasonOf(
  limit: Limit,
  { isUniform, isMedian }: { readonly isUniform: boolean; readonly isMedian: boolean },
): string {
  if (limit === "time") return "larger is slower";
  if (limit === "least") return "no smaller size is allowed";
  if (isUniform) return "a larger size would enlarge them";
  return isMedian ? "most are no larger" : "a larger size would enlarge most";
}

/** The median of all images' shorter sides, in pixels. */
function medianSide({ sizes }: DataSizes): number {
  const sides = sizes.map(({ height, width, count }) => ({ side: Math.min(height, width), count }));
  sides.sort((a, b) => a.side - b.side);
  const half = sides.reduce((sum, { count }) => sum + count, 0) / 2;
  let counted = 0;
  for (const { side, count } of sides) {
    counted += count;
    if (counted >= half) return side;
  }
  throw new RangeError("there are no images");
}

/**
 * How many images train, and how many validate. `auto` gives the usual numbers if there are enough images, or one of
 * each class if there are more classes.
 */
export function chooseSetSizes(
  { train_set_size: train, validation_set_size: validation, reward }: GivenSizes,
  { counts }: DataSizes,
  classes = LEAST,
): SetCounts {
  const all = counts.train ?? 0;
  const usualValidation = reward === "averaged" ? USUAL.validationOnce : USUAL.validation;
  const most = { train: Math.max(USUAL.train, classes), validation: Math.max(usualValidation, classes) };
  const part = (value: number, images: number, why: string): SizeChoice<number> => ({
    value,
    reason: `${value.toLocaleString("en")} of ${images.toLocaleString("en")} images, ${why}`,
  });
  const usual = (value: number, images: number) =>
    part(value, images, value === classes ? "one of each class" : "the usual number");
  if (counts.validation !== undefined) {
    const from = (given: number | "auto", wanted: number, available: number) => {
      if (given !== "auto") return { value: given };
      if (available >= wanted) return usual(wanted, available);
      return part(Math.max(LEAST, available), available, "because the data have no more");
    };
    return {
      train: from(train, most.train, all),
      validation: from(validation, most.validation, counts.validation),
    };
  }
  if (train !== "auto" && validation !== "auto") {
    return { train: { value: train }, validation: { value: validation } };
  }
  const rest = (wanted: number, given: number, key: string): SizeChoice<number> => {
    const left = all - given;
    if (left >= wanted) return usual(wanted, all);
    return part(Math.max(LEAST, left), all, `because ${key} leaves no more`);
  };
  if (train !== "auto")
    return { train: { value: train }, validation: rest(most.validation, train, "train_set_size") };
  if (validation !== "auto")
    return {
      train: rest(most.train, validation, "validation_set_size"),
      validation: { value: validation },
    };
  const both = most.train + Math.max(USUAL.validation, classes);
  if (all >= both) {
    const validation = rest(most.validation, most.train, "train_set_size");
    return { train: usual(most.train, all), validation };
  }
  // Every class has one of the validation images, as far as there are images for it.
  const third = Math.max(LEAST, Math.min(Math.max(Math.floor(all / 3), classes), all - classes));
  const few = `because there are fewer than ${both.toLocaleString("en")}`;
  return {
    train: part(Math.max(LEAST, all - third), all, few),
    validation: part(third, all, "the others"),
  };
}

export interface SizedImages<Given = Config> {
  /** With the image size known. */
  readonly config: Given;
  readonly dataset: Dataset;
  readonly imageSize: SizeChoice<number | null>;
}

/** Loads a configuration's images at its image size, by `load`. @throws what `chooseImageSize` and `load` throw. */
export async function loadSized<Given extends GivenSizes>(
  config: Given,
  load: (imageSize: ImageSizeOption) => Promise<Dataset>,
): Promise<SizedImages<Given>> {
  let imageSize: SizeChoice<number | null> | undefined;
  const choose: ChooseImageSize = (data) => {
    imageSize = chooseImageSize(config, data);
    return imageSize.value ?? undefined;
  };
  const dataset = await load(config.image_size === "auto" ? choose : (config.image_size ?? undefined));
  imageSize ??= chooseImageSize(config, datasetSizes(dataset));
  return { config: { ...config, image_size: imageSize.value }, dataset, imageSize };
}

/** A configuration with the sizes that its data give it, and what the user should know about them, a line each. */
export interface SettledSizes {
  readonly config: SizedConfig;
  readonly sizes: SetSizes;
  /** Indices of training images that are held out for testing; ascending. */
  readonly heldOut: readonly number[];
  readonly notes: readonly string[];
}

/**
 * The numbers of images of a loaded dataset. An image size that is still `auto` is the dataset's own: null.
 * @throws UsageError if images are to be held out, and a class has too few.
 */
export function settleSizes(config: Config, dataset: Dataset): SettledSizes {
  const { test_share: share, seed } = config;
  const heldOut = share > 0 && !dataset.test ? drawHeldOut(dataset, { share, seed }) : [];
  const left = without(datasetSizes(dataset), heldOut.length);
  const counts = chooseSetSizes(config, left, dataset.classNames.length);
  const sizes = { ...counts, epochs: chooseEpochs(config, counts.train.value) };
  const image_size = config.image_size === "auto" ? null : config.image_size;
  return {
    config: {
      ...config,
      image_size,
      train_set_size: sizes.train.value,
      validation_set_size: sizes.validation.value,
      child_epochs: sizes.epochs.value,
    },
    ...{ sizes, heldOut },
    notes: [
      ...heldOutNote(heldOut),
      ...noteOf("train_set_size", sizes.train),
      ...noteOf("validation_set_size", sizes.validation),
      ...noteOf("child_epochs", sizes.epochs),
    ],
  };
}

function chooseEpochs({ child_epochs: given }: Config, trainImages: number): SizeChoice<number> {
  if (given !== "auto") return { value: given };
  const value = usualEpochs(trainImages);
  const why =
    value > usualEpochs(USUAL.train) ? "more than usual, because there are few images" : "the usual number";
  return { value, reason: `${value}, ${why}` };
}

function heldOutNote(heldOut: readonly number[]): string[] {
  if (heldOut.length === 0) return [];
  return [
    `${count(heldOut.length, "image is", "images are")} held out for testing: the search uses none of them`,
  ];
}

/** The note about a size, if `auto` chose it. */
export function noteOf(key: string, { reason }: SizeChoice<number | null>): string[] {
  return reason === undefined ? [] : [`${key} auto: ${reason}`];
}
