// How much each part of a policy matters: the standard deviation of its partial dependence over its values (Greenwell, Boehmke
// and McCarthy 2018, "A simple and effective model-based variable importance measure").

import type { Effect, EffectPoint } from "./effects.ts";

/** How much the expected reward changes with one part of the policies. */
export interface Importance extends Pick<Effect, "kind" | "name" | "policies"> {
  /**
   * In units of the reward, 0 or more: the standard deviation of the effect over its points. What has one point, such as a base
   * or a technique without magnitude, is compared with 0, which is the value of what it is compared with.
   */
  readonly importance: number;
  /** The point with the greatest mean. */
  readonly best: EffectPoint;
  /**
   * helps: the interval of the best point is above 0. harms: no point has a mean above 0, and the interval of one is below 0.
   * unclear: neither was shown.
   */
  readonly verdict: "helps" | "harms" | "unclear";
}

/** The importance of each effect, in the order of their best points: what helps most comes first. */
export function importanceOf(effects: readonly Effect[]): Importance[] {
  return effects
    .map(({ kind, name, policies, points }) => {
      const best = points.reduce((one, other) => (other.mean > one.mean ? other : one));
      return { kind, name, policies, importance: spreadOf(points), best, verdict: verdictOn(points, best) };
    })
    .sort((a, b) => b.best.mean - a.best.mean || b.importance - a.importance);
}

function spreadOf(points: readonly EffectPoint[]): number {
  const means = points.length > 1 ? points.map(({ mean }) => mean) : [0, points[0].mean];
  const centre = means.reduce((sum, mean) => sum + mean, 0) / means.length;
  return Math.sqrt(means.reduce((sum, mean) => sum + (mean - centre) ** 2, 0) / means.length);
}

function verdictOn(points: readonly EffectPoint[], best: EffectPoint): Importance["verdict"] {
  if (best.low > 0) return "helps";
  return best.mean <= 0 && points.some(({ high }) => high < 0) ? "harms" : "unclear";
}
