// Trainings of a search, as they travel between machines.

import { z } from "zod";
import type { EpochReport } from "../../../child/reward.ts";
import { ENGINE_NAMES, PRECISIONS } from "../../../config/engines.ts";
import { trainingName } from "../../../experiment/machines.ts";
import { POLICY } from "../../../policy/policy-schema.ts";
import type { TrainingResult, TrainingTask } from "../../training.ts";
import { relativeImages } from "../silence-limit.ts";
import type { TaskKind } from "./kind.ts";
import { FILE, NUMBER } from "./messages.ts";

/** Of a configuration; an attacker could ask for no larger ones. */
export const MOST_EPOCHS = 100_000;
const EPOCH = z.int().min(1).max(MOST_EPOCHS);
const SHARE = z.number().min(0).max(1);

/** The name of a model that this program has: no path of a file. */
const MODEL_NAME = z.string().regex(/^[a-z0-9_]{1,64}$/);

/** What all trainings have. */
export const COMMON_TASK = {
  sample: z.int().nonnegative(),
  seed: z.int().nonnegative(),
  model: z.union([MODEL_NAME, FILE]),
  ...{ engine: z.enum(ENGINE_NAMES), precision: z.enum(PRECISIONS), threads: z.int().min(1).max(256) },
  epochs: EPOCH,
  batchSize: z.int().min(1).max(65_536),
};

const REPORT = z.strictObject({
  epoch: EPOCH,
  ...{ loss: NUMBER, accuracy: SHARE, seconds: z.number().nonnegative() },
  ...{ validationLoss: NUMBER.optional(), validationAccuracy: SHARE.optional() },
});

export const TRAINING_KIND: TaskKind<TrainingTask, TrainingResult, EpochReport> = {
  name: "train",
  files: ["model", "subsets", "initialWeights"],
  local: [],
  task: z.strictObject({
    ...COMMON_TASK,
    trial: z.int().nonnegative(),
    policy: POLICY,
    replaceHead: z.boolean().optional(),
    subsets: FILE,
    initialWeights: FILE.optional(),
    returnsWeights: z.boolean().optional(),
    validatedAt: z.array(EPOCH).max(MOST_EPOCHS).optional(),
    stops: z
      .array(z.strictObject({ epoch: EPOCH, below: z.number() }))
      .max(MOST_EPOCHS)
      .optional(),
    balancedValidation: z.boolean().optional(),
  }),
  report: REPORT,
  result: z.strictObject({
    history: z.array(REPORT.required()).min(1).max(MOST_EPOCHS),
  }),
  nameOf: trainingName,
  imagesOf: ({ subsets }) => subsets,
  epochsIn: ({ epoch }) => epoch,
  imagesPerEpoch: ({ policy }, available) => available * relativeImages(policy),
};
