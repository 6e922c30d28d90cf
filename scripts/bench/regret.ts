// What the Bayesian controller gains over random search, on made-up objectives of the search's shape: two operations
// of 20 techniques, whose effects spread over about 0.1, most of them harmful, with a best magnitude each and with
// interactions; rewards have noise of standard deviation 0.01. Prints the simple regret after 100 trials (the best
// possible value less the best true value among the trials), mean and standard error over the seeds, as JSON lines.
//   node scripts/bench/regret.ts [seeds, 30 unless told] [pending trials at a time, 0 unless told]

import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { BayesianController } from "../../src/controller/bayesian.ts";
import type { Controller, Point } from "../../src/controller/controller.ts";
import { RandomController } from "../../src/controller/random.ts";
import { createSpace } from "../../src/policy/space.ts";

const TRIALS = 100;
const INITIAL_POINTS = 10;
const NOISE = 0.01;
/** The effect of the second operation relative to the first. */
const SECOND = 0.7;

const seeds = Number(process.argv[2] ?? 30);
const lag = Number(process.argv[3] ?? 0);
const count = TECHNIQUES.length;
const { dimensions } = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });

/** A true reward for every point, and the greatest of them (magnitudes on a grid). */
function createObjective(seed: number): { rewardAt: (point: Point) => number; greatest: number } {
  const random = new Random(seed, "objective");
  const techniques = Array.from({ length: count }, () => ({
    effect: random.normal(-0.01, 0.035),
    bestMagnitude: random.uniform(),
    curvature: random.uniform(0, 0.12),
  }));
  const interactions = Array.from({ length: count * count }, () => random.normal(0, 0.01));
  const gain = (technique: number, magnitude: number) => {
    const { effect, bestMagnitude, curvature } = techniques[technique];
    return effect * Math.min(1, 3 * magnitude) - curvature * (magnitude - bestMagnitude) ** 2;
  };
  const rewardAt = ([first, firstMagnitude, second, secondMagnitude, portion]: Point) =>
    0.45 +
    Math.sqrt(portion) *
      (gain(first, firstMagnitude) +
        SECOND * gain(second, secondMagnitude) +
        interactions[first * count + second]);
  const peaks = techniques.map((_, technique) =>
    Math.max(...Array.from({ length: 101 }, (_, step) => gain(technique, step / 100))),
  );
  const pairs = interactions.map(
    (interaction, pair) => peaks[Math.floor(pair / count)] + SECOND * peaks[pair % count] + interaction,
  );
  return { rewardAt, greatest: 0.45 + Math.max(0, ...pairs) };
}

/** The regret of one search in which each trial is told only after `lag` further ones were asked. */
function regretOf(controller: Controller, seed: number): number {
  const { rewardAt, greatest } = createObjective(seed);
  const noise = new Random(seed, "noise");
  const baseline = [2, 0, 2, 0, 0];
  controller.tell(0, baseline, rewardAt(baseline) + noise.normal(0, NOISE));
  const asked: Point[] = [];
  let best = Number.NEGATIVE_INFINITY;
  for (let trial = 1; trial <= TRIALS + lag; trial++) {
    if (trial <= TRIALS) asked[trial] = controller.ask(trial);
    const due = trial - lag;
    if (due < 1) continue;
    const value = rewardAt(asked[due]);
    controller.tell(due, asked[due], value + noise.normal(0, NOISE));
    best = Math.max(best, value);
  }
  return greatest - best;
}

const methods: Record<string, (seed: number) => Controller> = {
  random: (seed) => new RandomController(dimensions, seed),
  bayesian: (seed) => new BayesianController(dimensions, seed, INITIAL_POINTS),
};

for (const [method, create] of Object.entries(methods)) {
  const regrets = Array.from({ length: seeds }, (_, seed) => regretOf(create(seed), seed));
  const mean = regrets.reduce((sum, regret) => sum + regret, 0) / seeds;
  const variance = regrets.reduce((sum, regret) => sum + (regret - mean) ** 2, 0) / (seeds - 1);
  const standardError = Math.sqrt(variance / seeds);
  console.log(JSON.stringify({ bench: "regret", method, seeds, lag, trials: TRIALS, mean, standardError }));
}
