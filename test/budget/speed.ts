// A made-up speed, and configurations to plan for.

import type { Speed } from "../../src/budget/times.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { ConfigInput, SizedConfig } from "../../src/config/schema.ts";
import { ORIGINAL } from "../config/original.ts";

/** A machine that trains 2,000 images as fast as a laptop's two cores train 400 small ones with the basic CNN. */
export const SPEED: Speed = {
  rates: { training: 20_000, validation: 80_000, start: 2 },
  workers: 2,
  draw: {
    recipes: { flip: 4e-7, "flip-crop": 8e-7, trivialaugment: 1.6e-6, randaugment: 2e-6 },
    policy: 4e-6,
  },
  momentEpochs: 0,
};

/** Of the original's form, but with one training per trial, as every search within a budget. */
export function sizedConfig(given: ConfigInput = {}): SizedConfig {
  const sizes = { image_size: 32, train_set_size: 2000, validation_set_size: 1000 };
  return resolveConfig({ data: "photos", ...ORIGINAL, opt_samples: 1, ...sizes, ...given }) as SizedConfig;
}
