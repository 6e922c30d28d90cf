// Trainings of an evaluation, as they travel between machines.

import { z } from "zod";
import type { FinalProgress } from "../child/final-trainer.ts";
import { armTrainingName } from "../experiment/machines.ts";
import { POLICY, RECIPE } from "../policy/policy-schema.ts";
import type { TaskKind } from "../search/executors/queue/kind.ts";
import { FILE, NUMBER } from "../search/executors/queue/messages.ts";
import { COMMON_TASK, MOST_EPOCHS } from "../search/executors/queue/training-kind.ts";
import type { FinalResult, FinalTask } from "./final-task.ts";

/** Of each. */
const MOST_IMAGES = 10_000_000;
const MOST_STEPS = 100;
const SHARE = z.number().min(0).max(1);

const STEP = z.union([
  z.strictObject({ recipe: RECIPE }),
  z.strictObject({ policies: z.array(POLICY).min(1).max(1000), chance: SHARE }),
  z.strictObject({ policy: POLICY }),
]);

const EPOCH = z.strictObject({
  epoch: z.int().min(1).max(MOST_EPOCHS),
  ...{ loss: NUMBER, accuracy: SHARE, seconds: z.number().nonnegative() },
});

const TEST = { loss: NUMBER, accuracy: SHARE };

const RECIPE_OF_TRAINING = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("child") }),
  z.strictObject({
    kind: z.literal("sgd"),
    ...{ learningRate: z.number().positive(), weightDecay: SHARE, warmupEpochs: z.number().min(0).max(1000) },
  }),
]);

export const EVALUATION_KIND: TaskKind<FinalTask, FinalResult, FinalProgress> = {
  name: "evaluate",
  files: ["model", "images"],
  local: ["checkpoint"],
  task: z.strictObject({
    ...COMMON_TASK,
    arm: z.strictObject({
      name: z.string().max(1000),
      added: POLICY.optional(),
      redrawn: z.array(STEP).max(MOST_STEPS),
    }),
    replaceHead: z.boolean(),
    recipe: RECIPE_OF_TRAINING,
    images: FILE,
    trainSize: z.int().min(1).max(MOST_IMAGES).nullable(),
    judgedShape: z.tuple([z.int().positive(), z.int().positive()], z.int().positive()).optional(),
    returnsWeights: z.boolean(),
  }),
  report: z.strictObject({
    ...{ epoch: EPOCH.shape.epoch, share: SHARE },
    result: EPOCH.optional(),
  }),
  result: z.strictObject({
    history: z.array(EPOCH).min(1).max(MOST_EPOCHS),
    test: z.strictObject({
      ...TEST,
      predictions: z
        .array(z.int().nonnegative())
        .max(MOST_IMAGES)
        .transform((classes) => Int32Array.from(classes)),
    }),
    lastEpoch: z.strictObject(TEST).optional(),
  }),
  nameOf: ({ arm, sample }) => armTrainingName(arm.name, sample),
  imagesOf: ({ images }) => images,
  epochsIn: ({ epoch, share }) => epoch - 1 + share,
  imagesPerEpoch: ({ trainSize }, available) => trainSize ?? available,
};
