// Defines every configuration key in one place: its type, range, default and explanation. Types are inferred from here,
// and the set of keys provides the help text and the documentation's table. The keys of the original DeepAugment (2019)
// keep their names; configs/cifar10.yaml has its values, and the defaults are what was found to be better since.

import type { z } from "zod";
import { DATA_KEYS } from "./data.ts";
import { DATASET_NAMES } from "./datasets.ts";
import { ENGINE_CHOICES, PRECISION_CHOICES } from "./engines.ts";
import { FAMILIES, FAMILY_NAMES } from "./families.ts";
import {
  ascending,
  autoOr,
  baseList,
  choice,
  datasetOrPath,
  familyList,
  KeySet,
  key,
  modelOrPath,
  numberFrom,
  optional,
  path,
  queueKeys,
  shareBelowOne,
  techniqueList,
  text,
  whole,
  yesOrNo,
} from "./keys.ts";
import { BASES, USUAL_BASES } from "./recipes.ts";
import { EXTENDED_TECHNIQUES, PILLOW_TECHNIQUES, TECHNIQUES } from "./techniques.ts";

const FAMILIES_IN_WORDS = FAMILIES.map(({ name, techniques }) => {
  return `${name} (${techniques.map(([technique]) => technique).join(", ")})`;
}).join(", ");

const KEYS = {
  data: key(
    datasetOrPath(),
    `The images: ${DATASET_NAMES.join(", ")}, or the path of a folder with one subfolder per class, of a folder with a CSV file of labels, of Parquet files or WebDataset shards, or of an archive (docs/data-layouts.md). Relative to the working directory; ~/ is your home folder, as in all paths.`,
  ),
  ...DATA_KEYS,
  image_size: key(
    autoOr(optional(whole(8, 4096))),
    "Images are resized to this height and width, in pixels. auto: not resized if all have the same size, of at most 64 pixels a side; otherwise 64, 48 or 32, the largest of them that enlarges less than half of the images and with which the training images have at most as many pixels as 500 images of 32 × 32; the model's smallest size if that is larger. With --budget also 24 or 16, if the time does not suffice otherwise. null: not resized, so all images must have the same size.",
    "auto",
  ),
  train_set_size: key(
    autoOr(whole(2, 10_000_000)),
    "Number of training images of the child, drawn once per experiment, stratified by class: at least one of each. auto: 2,000, or one of each class if there are more classes; if there are too few images, two thirds of them, or all that the validation images leave.",
    "auto",
  ),
  validation_set_size: key(
    autoOr(whole(2, 10_000_000)),
    "Number of validation images for the reward, drawn once per experiment, stratified by class (at least one of each) and disjoint from the training images. auto: 5,000, or 1,000 with reward: original, which validates after every epoch, or one of each class if there are more classes; if there are too few images, all that the training images leave, but at least a third.",
    "auto",
  ),
  test_share: key(
    numberFrom(0, 0.9),
    "If the data have no test split of their own, this share of the images is held out for `evaluate`, stratified by class and drawn by the seed: the search uses none of them. 0: none, except with --budget, which holds out 0.2 unless this key is given.",
    0,
  ),
  model: key(
    modelOrPath(),
    "The child model that judges policies: basiccnn, wrn_<depth>_<width>, mobilenetv2 (images of at least 32 pixels), inceptionv3 (at least 75); the command `models` lists them. Or the path of your own model file: a TensorFlow.js Layers model.json, the JSON of Keras's model.to_json(), or a .keras archive (docs/own-model.md). Relative to the working directory.",
    "wrn_10_1",
  ),
  replace_head: key(
    yesOrNo,
    "Whether the last layer of your own model is replaced if its number of classes differs from the dataset's, or added if there is none.",
    false,
  ),
  child_epochs: key(
    autoOr(whole(1, 100_000)),
    "Epochs of each training of the child. auto: 50; if there are fewer than 2,000 training images, as many more as make as many steps, up to 400.",
    "auto",
  ),
  child_batch_size: key(whole(1, 65_536), "Images per training step of the child.", 64),
  child_first_train_epochs: key(
    whole(0, 100_000),
    "If above 0, the child is first trained once without augmentation for this many epochs, and every training starts from the resulting weights.",
    0,
  ),
  pre_aug_weights_path: key(
    optional(path("a path")),
    "Where the weights of child_first_train_epochs are stored; an existing file from another run is used as it is. null: in the experiment's folder. Relative to the working directory.",
    null,
  ),
  method: key(
    choice(["bayesian_optimization", "random"]),
    "How policies are proposed: Bayesian optimization (docs/search.md) with a Gaussian process, or for chains of techniques an additive model and a random forest; or random search.",
    "bayesian_optimization",
  ),
  iterations: key(whole(1, 1_000_000), "Number of trials, not counting the baseline.", 100),
  opt_samples: key(
    whole(1, 1000),
    "Trainings per trial, each with its own seed; the trial's reward is their mean.",
    1,
  ),
  confirm_top: key(
    whole(0, 1000),
    "After the search, this many of the most promising policies are trained again together with the baseline; 0: none.",
    5,
  ),
  confirm_samples: key(
    whole(0, 1000),
    "Trainings per confirmed policy, with seeds that no trial used; their means become the reported rewards. 0: none.",
    5,
  ),
  warm_start: key(
    optional(path("a path")),
    "The folder or notebook of another experiment with policies of the same form: the search learns from its trials before it proposes the first policy. Relative to the working directory.",
    null,
  ),
  opt_initial_points: key(
    whole(1, 1_000_000),
    "Number of trials before Bayesian optimization starts to choose. Those among them that do not judge a base or a policy that is good on other data are random.",
    10,
  ),
  reward: key(
    choice(["original", "averaged"]),
    "What a training's reward is. original: by opt_last_n_epochs and opt_overfit_margin, from validations after every epoch. averaged: the validation accuracy, in the end, of the weights averaged over the last quarter of the epochs; a training then takes as many steps an epoch as without augmentation.",
    "averaged",
  ),
  opt_last_n_epochs: key(
    whole(1, 100_000),
    "With reward: original, the reward of a training is the mean of this many highest validation accuracies among the epochs that do not overfit.",
    3,
  ),
  opt_overfit_margin: key(
    numberFrom(0, 1),
    "An epoch overfits if its training accuracy exceeds its validation accuracy by more than this.",
    0.1,
  ),
  stop_epochs: key(
    ascending(1, 100_000),
    "With reward: averaged, the epochs after which the worst trainings of the search are stopped, all below child_epochs. Each training is also validated there. []: none is stopped.",
    [],
  ),
  stop_share: key(
    shareBelowOne,
    "The share of the trainings that is stopped at each of stop_epochs: those that do worse there than this share of the trainings before them. The baseline, the recipes and the confirmation are never stopped.",
    0.5,
  ),
  balanced_validation: key(
    yesOrNo,
    "Whether the validation accuracy, and with it the reward, is the mean recall of the classes instead of the share of images that are classified correctly. Each class then counts alike, also if it has few images; with few validation images of a class, the reward is noisier.",
    false,
  ),
  families: key(
    familyList,
    `The families of techniques of which policies consist, a list of: ${FAMILIES_IN_WORDS}. A policy has an amount of each family, how many of its techniques an image goes through on average, and a strength, which multiplies the magnitudes. none: policies are chains of any techniques; so they are also with redraw: once or magnitudes: fixed, and if policy_chains or operations_per_chain is given and this is not.`,
    [...FAMILY_NAMES],
  ),
  policy_chains: key(
    whole(1, 50),
    "With families: none, chains in a policy; each drawn image goes through all of them, or through one of them with redraw: epoch.",
    3,
  ),
  operations_per_chain: key(whole(1, 10), "With families: none, operations in a chain, applied in order.", 1),
  operations: key(
    techniqueList,
    `The techniques that a policy may use. original: ${TECHNIQUES.join(", ")}; extended or all: these and TrivialAugment's others, ${PILLOW_TECHNIQUES.join(", ")}; or a list of some. Hyphens, underscores and case are ignored.`,
    [...EXTENDED_TECHNIQUES],
  ),
  bases: key(
    baseList,
    `What a policy may be based on, a list of: ${BASES.join(", ")}. Images go through the base first. all: each of these; usual: without the pairs with trivialaugment. With redraw: epoch, each base alone is one of the first trials.`,
    [...USUAL_BASES],
  ),
  mixture: key(
    yesOrNo,
    "Whether a drawn image goes through one of the policy's chains instead of through each of them; with redraw: epoch, it always does.",
    false,
  ),
  magnitudes: key(
    choice(["fixed", "drawn"]),
    "How operations have their magnitudes. fixed: all images get an operation at its magnitude. drawn: the magnitude is drawn for each image, uniformly from 0 to the policy's.",
    "drawn",
  ),
  redraw: key(
    choice(["once", "epoch"]),
    "When images are augmented. once: the policy's images are drawn once and added to the originals. epoch: images are drawn anew for every epoch and replace their originals, so that an epoch has as many images under every policy.",
    "epoch",
  ),
  seed: key(
    whole(0, 2 ** 32 - 1),
    "The seed of everything random: the same seed on the same engine and machine gives the same notebook.",
    0,
  ),
  engine: key(
    choice(ENGINE_CHOICES),
    "What trains the child; auto uses webgpu if there is a graphics card, else native if it was built, else wasm. `deepaugment doctor` shows which are available.",
    "auto",
  ),
  precision: key(
    choice(PRECISION_CHOICES),
    "The type of the numbers that engine native multiplies; sums and weights are always float32, and the other engines only support float32. auto uses the faster one for the model: bfloat16 on processors with AMX; with AVX-512's bfloat16 instructions float32 for models whose multiplications are nearly all in 3 × 3 convolutions of stride 1, such as basiccnn and wrn_16_2, and bfloat16 for others; float32 on all other processors.",
    "auto",
  ),
  threads: key(
    whole(1, 256),
    "Threads of each training on engine native; more than 1 helps with a single large training.",
    1,
  ),
  workers: key(
    autoOr(whole(1, 1024)),
    "Processes of this machine that train at the same time; auto: one per core, or fewer if a training has several threads; 4 if they share a graphics card; none with a queue.",
    "auto",
  ),
  ...queueKeys("experiment"),
  in_flight: key(
    autoOr(whole(1, 10_000)),
    "About how many trainings are under way at the same time; a trial or two more may be. It decides which results are known when a policy is proposed, so a run depends on it, but not on the number of machines. Fixed when the experiment begins. auto: as many as workers; 8 with a queue.",
    "auto",
  ),
  out: key(
    path("a path"),
    "The folder in which each experiment creates its own folder. Relative to the working directory.",
    "reports/experiments",
  ),
  name: key(optional(text("a string")), "Added to the name of the experiment's folder.", null),
  notebook_path: key(
    optional(path("a path")),
    "Where the notebook is written; null: notebook.csv in the experiment's folder. Relative to the working directory.",
    null,
  ),
  logging: key(
    choice(["debug", "info", "warn", "error"]),
    "The lowest level that is written to the log.",
    "info",
  ),
};

/** What a configuration of an earlier version means, which has none of these keys: a search of the original's form. */
export const EARLIER = {
  ...{ reward: "original", redraw: "once", bases: ["none"], mixture: false, magnitudes: "fixed" },
  ...{ stop_epochs: [], families: "none" },
};

/** The keys of a search. */
export const CONFIG = new KeySet(KEYS);

/** A configuration with every key resolved; keys that are left unset are null. */
export type Config = z.output<typeof CONFIG.schema>;

/** The keys that may be left to the data. */
export const SIZES = ["image_size", "train_set_size", "validation_set_size", "child_epochs"] as const;

/** A configuration of which nothing is left to the data, as an experiment keeps it. */
export type SizedConfig = Config & {
  /** In pixels; null: not resized. */
  readonly image_size: number | null;
  readonly train_set_size: number;
  readonly validation_set_size: number;
  readonly child_epochs: number;
};

/** A configuration as given: any subset of the keys, techniques in any spelling. */
export type ConfigInput = Partial<z.input<typeof CONFIG.schema>>;
