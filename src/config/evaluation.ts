// The configuration keys of an evaluation.

import type { z } from "zod";
import { ARM_NAMES, FREE_ARMS, POLICY_ARMS, parseArm } from "./arms.ts";
import { DATA_KEYS } from "./data.ts";
import { ENGINE_CHOICES, PRECISION_CHOICES } from "./engines.ts";
import {
  autoOr,
  choice,
  datasetOrPath,
  KeySet,
  key,
  listOf,
  modelOrPath,
  numberFrom,
  optional,
  path,
  queueKeys,
  text,
  whole,
  yesOrNo,
} from "./keys.ts";

/** `child`: the optimizer of the search's child; `sgd`: the usual training of Wide ResNets. */
const TRAINING_RECIPES = ["child", "sgd"] as const;

const parseArmName = Object.assign((text: string) => parseArm(text).name, { names: ARM_NAMES });

/** The parts of an arm may be in any order. */
const armList = { schema: listOf(parseArmName, "any"), type: "a list of at least one arm" };

const KEYS = {
  experiment: key(
    optional(path("a path")),
    "The folder of the experiment whose policies are evaluated, on its data. Relative to the working directory.",
    null,
  ),
  policy: key(
    optional(path("a path")),
    "A policy file, such as best.json, or an experiment's folder; or a pipeline of Albumentations, or torchvision:<name> (pipelines.md). Unless given, the policies.json of the experiment.",
    null,
  ),
  data: key(optional(datasetOrPath()), "The images, as for a search; null: those of the experiment.", null),
  ...DATA_KEYS,
  image_size: key(
    autoOr(optional(whole(8, 4096))),
    "Images are resized to this height and width, in pixels. auto: as in the experiment. null: not resized, so all images must have the same size.",
    "auto",
  ),
  arms: key(
    autoOr(armList),
    `What is compared: none, a recipe (${FREE_ARMS.slice(1).join(", ")}), policy (the best one as the search judged it), top-policies (all in the file, drawn anew for every image), or a recipe and policies, such as flip-crop+top-policies. auto: ${FREE_ARMS.join(", ")}, and, if there are policies, the best recipe of their search, ${POLICY_ARMS.join(", ")}.`,
    "auto",
  ),
  model: key(
    autoOr(modelOrPath()),
    "The model that is trained, as for a search. auto: the child of the experiment, or basiccnn.",
    "auto",
  ),
  replace_head: key(yesOrNo, "As for a search.", false),
  recipe: key(
    choice(TRAINING_RECIPES),
    "How it is trained. child: with the optimizer and the constant learning rate of the search; the reported accuracy is that of the mean of the weights over the last quarter of the epochs. sgd: gradient descent with Nesterov momentum 0.9, weight decay, and a learning rate that rises linearly for warmup_epochs and then falls to zero by a cosine, the usual training of Wide ResNets; the reported accuracy is that of the final weights.",
    "child",
  ),
  epochs: key(
    autoOr(whole(1, 100_000)),
    "Epochs of each training. An epoch is as many steps as the training images need without added ones, so that all arms take the same number of steps. auto: twice the child_epochs of the experiment; without one, twice those of a search on as many images: 100, or more for fewer than 2,000.",
    "auto",
  ),
  samples: key(
    whole(1, 1000),
    "Trainings of each arm; three or more for a useful interval. Sample k of all arms has the same training images, initial weights and order.",
    5,
  ),
  train_size: key(
    autoOr(whole(2, 10_000_000)),
    "Number of training images, drawn anew for each sample, stratified by class. auto: all that are not held out for testing.",
    "auto",
  ),
  test_share: key(
    numberFrom(0.01, 0.9),
    "If the data have no test split of their own, this share of the images is held out for testing, stratified by class; never one that validated the search.",
    0.2,
  ),
  top: key(whole(1, 1000), "top-policies draws from this many of the best policies in the file.", 20),
  augment_chance: key(
    numberFrom(0, 1),
    "Probability that an image is augmented in top-policies, as in the library's generator.",
    0.5,
  ),
  batch_size: key(
    autoOr(whole(1, 65_536)),
    "Images per training step. auto: for child that of the experiment, or 64; for sgd 128.",
    "auto",
  ),
  learning_rate: key(
    numberFrom(1e-8, 100),
    "Highest learning rate of sgd, for batches of 128 images; in proportion for others.",
    0.1,
  ),
  weight_decay: key(
    numberFrom(0, 1),
    "Weight decay of sgd: this share of each weight is added to its gradient.",
    0.0005,
  ),
  warmup_epochs: key(numberFrom(0, 1000), "Epochs in which the learning rate of sgd rises from zero.", 1),
  save_weights: key(
    yesOrNo,
    "Whether the trained weights of the best arm are written in the end, as safetensors and as a TensorFlow.js model: those of its first sample.",
    false,
  ),
  checkpoint_seconds: key(
    numberFrom(0, 86_400),
    "Time between checkpoints of a training: at most this much of it is lost if it is interrupted.",
    60,
  ),
  seed: key(
    whole(0, 2 ** 32 - 1),
    "The seed of everything random: the same seed on the same engine and machine gives the same result.",
    0,
  ),
  engine: key(choice(ENGINE_CHOICES), "As for a search.", "auto"),
  precision: key(choice(PRECISION_CHOICES), "As for a search.", "auto"),
  threads: key(
    whole(1, 256),
    "Threads of each training on engine native; more than 1 helps if there are fewer trainings than cores.",
    1,
  ),
  workers: key(
    autoOr(whole(1, 1024)),
    "Processes of this machine that train at the same time, as for a search.",
    "auto",
  ),
  ...queueKeys("evaluation"),
  out: key(
    path("a path"),
    "The folder in which each evaluation creates its own folder. Relative to the working directory.",
    "reports/evaluations",
  ),
  name: key(optional(text("a string")), "Added to the name of the evaluation's folder.", null),
};

/** The keys of an evaluation. */
export const EVALUATION = new KeySet(KEYS);

/** A configuration of an evaluation with every key; keys that are left unset are null. */
export type EvaluationConfig = z.output<typeof EVALUATION.schema>;

/** As given: any subset of the keys. */
export type EvaluationInput = Partial<z.input<typeof EVALUATION.schema>>;
