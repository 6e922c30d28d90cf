// Made-up objectives of the search's shape: 20 techniques, whose effects spread over about 0.1, most of them harmful,
// each with a best magnitude, and with interactions between the first and the second of a chain. Over random policies of
// one chain the gain lies between -0.12 and +0.05 (the first and the last hundredth), and the best possible is about
// +0.09. Trials have three samples, and a standard error of 0.01.

import { Random } from "../../../src/common/random.ts";
import { TECHNIQUES } from "../../../src/config/techniques.ts";
import type { Point } from "../../../src/controller/controller.ts";
import { noAugmentation } from "../../../src/policy/policy.ts";
import { createSpace, policyToPoint } from "../../../src/policy/space.ts";
import { type Landscape, type Objective, withAllStrengths } from "./objective.ts";

const BASELINE = 0.45;
const SAMPLES = 3;
const STANDARD_ERROR = 0.01;
/** The effect of a chain's second operation relative to its first. */
const SECOND = 0.7;

/** Policies of some chains gain the mean of what their chains gain. */
export function syntheticObjective(chains: number): Objective {
  const space = createSpace({ chains, operationsPerChain: 2, operations: TECHNIQUES });
  return {
    name: chains === 1 ? "synthetic" : `synthetic-${chains}-chains`,
    description: [
      `Made-up effects of 20 techniques on ${chains === 1 ? "one chain of two operations" : `${chains} chains of two operations each`}, another for each seed:`,
      `best magnitudes, interactions. ${SAMPLES} samples per trial, whose mean has a standard error of ${STANDARD_ERROR}.`,
    ].join(" "),
    dimensions: withAllStrengths(space.dimensions),
    baseline: policyToPoint(space, noAugmentation(chains, 2)),
    samples: SAMPLES,
    noise: STANDARD_ERROR * Math.sqrt(SAMPLES),
    digest: "",
    create: (seed) => createLandscape(seed, chains),
  };
}

/** The greatest reward is found with magnitudes on a grid, and is that of the best chain in all places. */
function createLandscape(seed: number, chains: number): Landscape {
  const count = TECHNIQUES.length;
  const random = new Random(seed, "objective");
  const techniques = TECHNIQUES.map(() => ({
    effect: random.normal(-0.01, 0.035),
    bestMagnitude: random.uniform(),
    curvature: random.uniform(0, 0.12),
  }));
  const interactions = Array.from({ length: count * count }, () => random.normal(0, 0.01));
  const gain = (technique: number, magnitude: number) => {
    const { effect, bestMagnitude, curvature } = techniques[technique];
    return effect * Math.min(1, 3 * magnitude) - curvature * (magnitude - bestMagnitude) ** 2;
  };
  const rewardAt = (point: Point) => {
    let sum = 0;
    for (let chain = 0; chain < chains; chain++) {
      const [first, firstMagnitude, second, secondMagnitude] = point.slice(4 * chain);
      sum += gain(first, firstMagnitude) + SECOND * gain(second, secondMagnitude);
      sum += interactions[first * count + second];
    }
    return BASELINE + (Math.sqrt(point[4 * chains]) * sum) / chains;
  };
  const peaks = techniques.map((_, technique) =>
    Math.max(...Array.from({ length: 101 }, (_, step) => gain(technique, step / 100))),
  );
  const pairs = interactions.map(
    (interaction, pair) => peaks[Math.floor(pair / count)] + SECOND * peaks[pair % count] + interaction,
  );
  return { rewardAt, greatest: BASELINE + Math.max(0, ...pairs) };
}
