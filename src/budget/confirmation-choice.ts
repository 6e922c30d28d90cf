// What is confirmed within a budget: how many policies, and how often each is trained again.

import { largest } from "../common/largest.ts";
import type { Config, SizedConfig } from "../config/schema.ts";
import { confirmationSeconds, type Speed } from "./times.ts";

const MOST_CONFIRMED = 5;
/** With three samples of a policy an interval is useful; the plan rather confirms fewer policies than with fewer samples. */
const USEFUL_SAMPLES = 3;
/** An interval needs two. */
const LEAST_SAMPLES = 2;
const MOST_SAMPLES = 10;

/** Whether a plan has something to choose about the confirmation. @param isCut whether there is no time for one. */
export function hasConfirmationChoice(
  { confirm_top, confirm_samples }: SizedConfig,
  given: ReadonlySet<string>,
  isCut: boolean,
): boolean {
  const [hasTop, hasSamples] = [given.has("confirm_top"), given.has("confirm_samples")];
  const isNone = (hasTop && confirm_top === 0) || (hasSamples && confirm_samples === 0);
  return !isNone && !(hasTop && hasSamples) && !(isCut && !hasTop);
}

export interface ConfirmationOptions {
  readonly config: SizedConfig;
  /** The keys that stay as they are. */
  readonly given: ReadonlySet<string>;
  readonly seconds: number;
  readonly speed: Speed;
  /** Whether there is no time for a confirmation: then there is none, unless the number of policies is given. */
  readonly isCut: boolean;
}

/** How many policies are confirmed and how often, within this time if that is enough for the least. */
export function chooseConfirmation({
  config,
  given,
  seconds,
  speed,
  isCut,
}: ConfirmationOptions): Pick<Config, "confirm_top" | "confirm_samples"> {
  const { confirm_top, confirm_samples } = config;
  if (isCut && !given.has("confirm_top")) return { confirm_top: 0, confirm_samples };
  if (!hasConfirmationChoice(config, given, isCut)) return { confirm_top, confirm_samples };
  const most = Math.min(MOST_CONFIRMED, config.iterations);
  const tops = given.has("confirm_top") ? [confirm_top] : Array.from({ length: most }, (_, i) => most - i);
  const [low, high] = given.has("confirm_samples")
    ? [confirm_samples, confirm_samples]
    : [LEAST_SAMPLES, MOST_SAMPLES];
  const choices = tops.map((top) => {
    const fits = (samples: number) =>
      confirmationSeconds({ ...config, confirm_top: top, confirm_samples: samples }, speed) <= seconds;
    return { confirm_top: top, confirm_samples: fits(low) ? largest(low, high, fits) : 0 };
  });
  const choice =
    choices.find((each) => each.confirm_samples >= Math.max(low, USEFUL_SAMPLES)) ??
    choices.find((each) => each.confirm_samples > 0);
  return choice ?? { confirm_top: tops.at(-1)!, confirm_samples: low };
}
