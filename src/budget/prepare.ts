// Plans a run within a budget before it begins: what it resolves, how fast this machine is, and what fits. Nothing is written.

import { formatDuration } from "../common/duration.ts";
import { UsageError } from "../common/errors.ts";
import type { Config } from "../config/schema.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { countSplit, splitForTest } from "../evaluate/split.ts";
import { type SettledRun, settleRun } from "../search/settle/run.ts";
import type { SizedImages } from "../search/settle/sizes.ts";
import type { Clock, Planned } from "./account.ts";
import { TEST_SHARE } from "./evaluation.ts";
import { type EvaluationImages, evaluationSize, planBudget } from "./plan.ts";
import { measureSpeed } from "./speed.ts";

export interface PrepareRequest {
  readonly images: SizedImages;
  /** Keys that stay as they are. */
  readonly given: ReadonlySet<string>;
  /** The whole budget. */
  readonly seconds: number;
  /** When the budget began, by the clock. */
  readonly begun: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface PreparedBudget {
  /** With the planned keys. */
  readonly images: SizedImages;
  readonly run: SettledRun;
  readonly planned: Planned;
  /** Seconds of the budget that are used already. */
  readonly setup: number;
}

/** The configuration with what a budget changes before the images are loaded; given keys stay as they are. */
export function withBudgetDefaults(config: Config, given: ReadonlySet<string>): Config {
  return given.has("test_share") ? config : { ...config, test_share: TEST_SHARE };
}

/**
 * @throws UsageError if the configuration does not fit the data or the machine, or the budget is too short; RunError if a
 *   training cannot be measured; InterruptedError
 */
export async function prepareBudget(request: PrepareRequest): Promise<PreparedBudget> {
  const { images, given, seconds, begun, clock, signal } = request;
  const run = await settleRun(images);
  const forTest = evaluationImages(images.dataset, run);
  const { trainImages } = evaluationSize(run.config, given, forTest);
  const speed = await measureSpeed(run, trainImages, signal);
  const setup = clock() - begun;
  const plan = planBudget({ seconds: seconds - setup, config: run.config, given, images: forTest, speed });
  if ("needed" in plan) {
    throw new UsageError(
      `--budget: ${formatDuration(seconds)} is too short for these images: give ${formatDuration(enough(setup + plan.needed))} or more, or fewer images (train_set_size) or a smaller image_size`,
    );
  }
  const config = { ...images.config, ...plan.keys };
  const planned = { seconds, given: [...given], images: forTest, speed, plan };
  return { images: { ...images, config }, run, planned, setup };
}

/** A round time with which another run is not too short by a little, although it measures another speed. */
function enough(needed: number): number {
  return 10 * Math.ceil((1.2 * needed) / 10);
}

/** As the evaluation will divide them, so that data that it cannot divide are refused now. */
function evaluationImages(dataset: Dataset, { config, drawn }: SettledRun): EvaluationImages {
  const { train, validation, validationFrom } = drawn;
  const isOwn = validationFrom === "validation";
  const split = splitForTest(dataset, {
    share: config.test_share || TEST_SHARE,
    seed: config.seed,
    used: {
      train: [...train],
      ...(isOwn ? { validation: [], ownValidation: [...validation] } : { validation: [...validation] }),
    },
  });
  const { train: trainable, test } = countSplit(dataset, split);
  return { trainable, test };
}
