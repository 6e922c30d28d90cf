// A made-up speed, and configurations to plan for.

import type { Speed } from "../../src/budget/times.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { ConfigInput, SizedConfig } from "../../src/config/schema.ts";

/** A laptop's two cores with the basic CNN on small images. */
export const SPEED: Speed = {
  rates: { training: 4000, validation: 16_000, start: 2 },
  workers: 2,
  draw: {
    recipes: { flip: 2e-6, "flip-crop": 4e-6, trivialaugment: 8e-6, randaugment: 1e-5 },
    policy: 2e-5,
  },
  momentEpochs: 0,
};

export function sizedConfig(given: ConfigInput = {}): SizedConfig {
  const sizes = { image_size: 32, train_set_size: 400, validation_set_size: 200 };
  return resolveConfig({ data: "photos", opt_samples: 1, ...sizes, ...given }) as SizedConfig;
}
