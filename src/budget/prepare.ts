// Plans a run within a budget before it begins: what it resolves, how fast this machine is, and what fits. Nothing is written.

import { formatDuration, roundUpDuration } from "../common/duration.ts";
import { UsageError } from "../common/errors.ts";
import type { Config } from "../config/schema.ts";
import type { Dataset } from "../dataset/dataset.ts";
import { countSplit, splitForTest } from "../evaluate/split.ts";
import { type SettledRun, settleRun } from "../search/settle/run.ts";
import { type SizedImages, smallerSides } from "../search/settle/sizes.ts";
import type { Clock, Planned } from "./account.ts";
import { TEST_SHARE } from "./evaluation.ts";
import { type EvaluationImages, evaluationSize } from "./evaluation-choice.ts";
import { type BudgetPlan, neededWithoutCuts, planBudget, type TooShort } from "./plan.ts";
import { measureSpeed } from "./speed.ts";
import type { Speed } from "./times.ts";

export interface PrepareRequest {
  readonly images: SizedImages;
  /** Keys that stay as they are. */
  readonly given: ReadonlySet<string>;
  /** The whole budget. */
  readonly seconds: number;
  /** When the budget began, by the clock. */
  readonly begun: number;
  readonly clock: Clock;
  /** Loads the images again, at the configuration's size. */
  readonly load: (config: Config) => Promise<SizedImages>;
  /** By default the speed of this machine. */
  readonly measure?: typeof measureSpeed;
  readonly signal?: AbortSignal;
}

export interface PreparedBudget {
  /** With the planned keys. */
  readonly images: SizedImages;
  readonly run: SettledRun;
  readonly planned: Planned;
  /** Seconds of the budget that are used already. */
  readonly setup: number;
  /** The budget in seconds with which nothing would be left out; undefined if nothing is. */
  readonly withoutCuts?: number;
}

/** The configuration with what a budget changes before the images are loaded; given keys stay as they are. */
export function withBudgetDefaults(config: Config, given: ReadonlySet<string>): Config {
  return given.has("test_share") ? config : { ...config, test_share: TEST_SHARE };
}

/**
 * If the least does not fit, images are resized to a smaller side, unless their size is given.
 * @throws UsageError if the configuration does not fit the data or the machine, or the budget is too short; RunError if a
 *   training cannot be measured; InterruptedError
 */
export async function prepareBudget(request: PrepareRequest): Promise<PreparedBudget> {
  const { images, given, seconds, begun, clock } = request;
  const first = await tryBudget(images, request);
  let tried = first;
  const sides = given.has("image_size") ? [] : smallerSides(images.config.model, sideOf(images));
  for (const side of sides) {
    if ("keys" in tried.plan) break;
    const expected = (side / sideOf(tried.images)) ** 2 * tried.plan.needed;
    const isHopeless = expected > seconds - (clock() - begun);
    if (isHopeless && side !== sides.at(-1)) continue;
    tried = await tryBudget(await withSide(request, side), request);
  }
  const { run, forTest, speed, plan } = tried;
  const setup = clock() - begun;
  if ("needed" in plan) throw tooShort(tried, { ...request, needed: enough(setup + plan.needed) });
  const cuts = tried === first ? plan.cuts : [...plan.cuts, "image_size" as const];
  const config = { ...tried.images.config, ...plan.keys, ...(plan.bases && { bases: [...plan.bases] }) };
  const planned = { seconds, given: [...given], images: forTest, speed, plan: { ...plan, cuts } };
  const withoutCuts = cuts.length > 0 ? enough(setup + first.withoutCuts) : undefined;
  return { images: { ...tried.images, config }, run, planned, setup, withoutCuts };
}

/** A plan for images of one size. */
interface Tried {
  readonly images: SizedImages;
  readonly run: SettledRun;
  readonly forTest: EvaluationImages;
  readonly speed: Speed;
  readonly plan: BudgetPlan | TooShort;
  /** Seconds that it needs without cuts. */
  readonly withoutCuts: number;
}

async function tryBudget(
  images: SizedImages,
  { given, seconds, begun, clock, measure = measureSpeed, signal }: PrepareRequest,
): Promise<Tried> {
  const run = await settleRun(images);
  const forTest = evaluationImages(images.dataset, run);
  const { trainImages } = evaluationSize(run.config, given, forTest);
  const speed = await measure(run, trainImages, signal);
  const setup = clock() - begun;
  const input = { seconds: seconds - setup, config: run.config, given, images: forTest, speed };
  return {
    ...{ images, run, forTest, speed },
    ...{ plan: planBudget(input), withoutCuts: neededWithoutCuts(input) },
  };
}

async function withSide({ images, load }: PrepareRequest, side: number): Promise<SizedImages> {
  const smaller = await load({ ...images.config, image_size: side });
  const reason = `${side}, because larger takes longer than the budget allows`;
  return { ...smaller, imageSize: { value: side, reason } };
}

/** Of a square with as many pixels. */
function sideOf({ dataset }: SizedImages): number {
  const { height, width } = dataset.train.images;
  return Math.sqrt(height * width);
}

/** Keys that decide how long a run takes. */
const COSTLY = ["iterations", "child_epochs", "confirm_top", "confirm_samples", "bases", "image_size"];

function tooShort(
  { run, speed }: Tried,
  { given, seconds, needed }: PrepareRequest & { readonly needed: number },
): UsageError {
  const { height, width } = run.dataset.train.images;
  const rate = Number(speed.rates.training.toPrecision(2)).toLocaleString("en");
  const costly = COSTLY.filter((key) => given.has(key));
  const orLeave = costly.length === 0 ? "" : `, or leave ${costly.join(", ")} to the plan`;
  return new UsageError(
    `--budget: ${formatDuration(seconds)} is too short for even the smallest plan, because this machine trains ${rate} images of ${width} × ${height} pixels a second (engine ${run.engine.name}): give ${roundUpDuration(needed)} or more${orLeave}`,
  );
}

/** A time with which another run is not too short by a little, although it measures another speed. */
function enough(needed: number): number {
  return 1.2 * needed;
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
