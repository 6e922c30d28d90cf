// The original's search: random trials first, then the point of the greatest expected improvement by a forest alone.
// As in scikit-optimize, which the original used, the improvement is sought over the greatest reward so far by a margin of
// 0.01, among 10,000 points drawn at random, and trials that are being judged are taken to be as good as the best one so
// far (the constant liar of Ginsbourger, Le Riche and Carraro 2010).

import { Random, seedOf } from "../../../src/common/random.ts";
import { expectedImprovement } from "../../../src/controller/acquisition.ts";
import { type Dimension, type Point, randomPoint } from "../../../src/controller/controller.ts";
import { LearningController } from "../../../src/controller/learning.ts";
import { Forest } from "./forest.ts";

const CANDIDATES = 10_000;

/** Improvements smaller than this are not sought (xi). */
const MARGIN = 0.01;

export class ForestController extends LearningController {
  /** @param initialPoints how many trials are those of random search. */
  constructor(dimensions: readonly Dimension[], seed: number, initialPoints: number) {
    super(dimensions, seed, { first: initialPoints, every: Infinity });
  }

  protected propose(trial: number): Point {
    const judged = this.judged();
    const best = Math.max(...judged.map(({ reward }) => reward));
    const believed = this.pending().map((point) => ({ point, reward: best, standardError: null }));
    const forest = new Forest(this.dimensions, [...judged, ...believed], seedOf(this.seed, "forest", trial));
    const random = new Random(this.seed, "candidates", trial);
    const candidates = Array.from({ length: CANDIDATES }, () => randomPoint(this.dimensions, random));
    const { mean, deviation } = forest.predict(candidates);
    const improvements = mean.map((value, row) => expectedImprovement(value, deviation[row], best, MARGIN));
    return candidates[improvements.indexOf(Math.max(...improvements))];
  }
}
