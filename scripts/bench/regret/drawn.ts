// Made-up objectives in the space of the default search, recipes and families of techniques: functions drawn from a Gaussian process
// by random features (Rahimi and Recht 2007, "Random features for large-scale kernel machines"), of whose coordinates some matter much
// and others little. That is what the controller's model expects, so they say less about other methods than about its own details: how
// many points it looks at, and how many trials it learns from.

import { Random } from "../../../src/common/random.ts";
import { resolveConfig } from "../../../src/config/load.ts";
import { type Point, randomPoint } from "../../../src/controller/controller.ts";
import { coordinatesOf } from "../../../src/controller/coordinates.ts";
import { spaceOf } from "../../../src/search/settle/controller.ts";
import type { Landscape, Objective } from "./objective.ts";

const MEAN = 0.5;
/** The standard deviation over random points, about; and of the noise. */
const SPREAD = 0.025;
const NOISE = 0.01;
const FEATURES = 200;
/** Of the length scales' logarithms. */
const LENGTHS = { mean: 0, deviation: 0.7 };
/** The greatest value is that of the best of these random points, and of steps from it. */
const POINTS = 20_000;
const STEPS = 2000;

const { dimensions } = spaceOf(resolveConfig({ data: "photos" }));

export function drawnObjective(): Objective {
  return {
    name: "families",
    description: [
      "Functions drawn from a Gaussian process over the space of the default search, another for each seed, with a standard",
      `deviation of ${SPREAD}. One sample per trial, with noise of standard deviation ${NOISE}.`,
    ].join(" "),
    dimensions,
    baseline: dimensions.map((dimension) => (dimension.kind === "real" ? dimension.low : 0)),
    samples: 1,
    noise: NOISE,
    digest: "",
    create: createLandscape,
  };
}

function createLandscape(seed: number): Landscape {
  const random = new Random(seed, "drawn");
  const width = coordinatesOf(dimensions, [randomPoint(dimensions, random)])[0].length;
  const lengths = Array.from({ length: width }, () =>
    Math.exp(random.normal(LENGTHS.mean, LENGTHS.deviation)),
  );
  const features = Array.from({ length: FEATURES }, () => ({
    frequencies: lengths.map((length) => random.normal(0, 1 / length)),
    phase: random.uniform(0, 2 * Math.PI),
    weight: random.normal(0, SPREAD * Math.sqrt(2 / FEATURES)),
  }));
  const rewardAt = (point: Point) => {
    const [at] = coordinatesOf(dimensions, [point]);
    let sum = MEAN;
    for (const { frequencies, phase, weight } of features) {
      let angle = phase;
      for (let index = 0; index < width; index++) angle += frequencies[index] * at[index];
      sum += weight * Math.cos(angle);
    }
    return sum;
  };
  return { rewardAt, greatest: greatestOf(rewardAt, random) };
}

/** By a search of its own: random points, then steps from the best one. */
function greatestOf(rewardAt: (point: Point) => number, random: Random): number {
  let best = randomPoint(dimensions, random);
  let greatest = rewardAt(best);
  const consider = (point: number[]) => {
    const reward = rewardAt(point);
    if (reward > greatest) [best, greatest] = [point, reward];
  };
  for (let count = 0; count < POINTS; count++) consider(randomPoint(dimensions, random));
  for (let count = 0; count < STEPS; count++) {
    const other = randomPoint(dimensions, random);
    consider(best.map((value, index) => (random.chance(2 / dimensions.length) ? other[index] : value)));
  }
  return greatest;
}
