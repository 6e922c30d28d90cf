// Points as the terms of an additive model. Every choice of a category has an effect, as a function of the real number
// for its strength (a technique and its magnitude), once for the dimension's whole group and once for its place alone;
// every two choices of a chain have a joint effect; every other real number has such a function.
//
// The functions are a constant, a sine and a cosine of half a turn over the range, which can rise, fall, or have a peak
// anywhere. The sum of the squares of the latter two is constant, so that a priori no magnitude is more uncertain than
// another (features of a stationary kernel: Rahimi and Recht 2007, "Random features for large-scale kernel machines").
// Polynomials would be most uncertain at the ends of the range, and the search would spend its trials there. All
// effects are multiplied by a power of the dimension that scales them (the portion of images that a policy adds: at 0
// nothing else matters).

import type { Dimension, Point } from "./controller.ts";

/** Prior variances of the terms; 1 is that of all categories' effects together. */
const PRIOR = {
  /** The reward if nothing has an effect. */
  constant: 10,
  /** The mean effect. */
  mean: 1,
  /** Of a single place, relative to its group. */
  place: 0.5,
  /** Of all pairs together. */
  pairs: 0.1,
  /** Of a function's terms: constant, sine, cosine. */
  terms: [1, 0.25, 0.25],
};

/** Nonzero terms of some points: [point][term], the same number for each. */
export interface Terms {
  readonly perPoint: number;
  /** Which term each value belongs to. */
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

interface Effect {
  /** Whether it is multiplied by the power of the dimension that scales. */
  readonly isScaled: boolean;
  /** Index of the category; -1 for a real number on its own. */
  readonly category: number;
  /** Index of the real number; -1 if the category has none. */
  readonly real: number;
  /** Terms besides the constant one: 2, or 0 if there is no strength. */
  readonly waves: number;
  /** Index of its first term. */
  readonly first: number;
}

/** Two categories of a chain. */
interface Pair {
  readonly earlier: number;
  readonly later: number;
  readonly choices: number;
  readonly first: number;
}

/** A space's terms. */
export class Features {
  /** The prior variance of each term. */
  readonly priors: Float64Array;
  /** Whether there is a dimension that scales all effects. */
  readonly scaled: boolean;
  readonly #dimensions: readonly Dimension[];
  readonly #effects: readonly Effect[];
  readonly #pairs: readonly Pair[];
  readonly #scale: number;

  constructor(dimensions: readonly Dimension[]) {
    this.#dimensions = dimensions;
    this.#scale = dimensions.findIndex((dimension) => dimension.kind === "real" && dimension.scales);
    this.scaled = this.#scale >= 0;
    const priors = [PRIOR.constant, PRIOR.mean];
    const effects: Effect[] = [];
    const parts = dimensions.filter(
      (dimension) => dimension.kind === "category" || isAlone(dimension),
    ).length;
    const add = (category: number, real: number, choices: number, variance: number) => {
      const first = priors.length;
      const terms = PRIOR.terms.slice(category < 0 ? 1 : 0, real < 0 ? 1 : 3);
      for (let choice = 0; choice < choices; choice++) {
        priors.push(...terms.map((term) => (variance * term) / parts));
      }
      return first;
    };
    /** Index of the first term for this key: dimensions that share a key share their effects. */
    const firsts = new Map<string, number>();
    const shared = (key: string, create: () => number) => {
      const first = firsts.get(key) ?? create();
      firsts.set(key, first);
      return first;
    };
    for (const [index, dimension] of dimensions.entries()) {
      if (dimension.kind === "real") {
        if (isAlone(dimension)) {
          const first = add(-1, index, 1, 1);
          effects.push({ isScaled: true, category: -1, real: index, waves: 2, first });
        }
        continue;
      }
      const { name, choices, group = name, place = name } = dimension;
      const real = dimensions.findIndex((other) => other.kind === "real" && other.strengthOf === name);
      const waves = real < 0 ? 0 : 2;
      const category = index;
      const isScaled = !dimension.unscaled;
      const first = shared(`${group} ${waves}`, () => add(category, real, choices, 1));
      effects.push({ isScaled, category, real, waves, first });
      if (group === name) continue;
      const own = shared(`${group} ${waves} ${place}`, () => add(category, real, choices, PRIOR.place));
      effects.push({ isScaled, category, real, waves, first: own });
    }
    const pairs = pairsOf(dimensions);
    this.#pairs = pairs.map(({ earlier, later, rows, choices, key }) => {
      const first = shared(`pair ${key}`, () => {
        const start = priors.length;
        for (let term = 0; term < rows * choices; term++) priors.push(PRIOR.pairs / pairs.length);
        return start;
      });
      return { earlier, later, choices, first };
    });
    this.#effects = effects;
    this.priors = Float64Array.from(priors);
  }

  /** @param power of the dimension that scales. */
  termsOf(points: readonly Point[], power: number): Terms {
    const perPoint =
      2 +
      this.#pairs.length +
      this.#effects.reduce((sum, { category, waves }) => sum + waves + (category < 0 ? 0 : 1), 0);
    const indices = new Int32Array(points.length * perPoint);
    const values = new Float64Array(points.length * perPoint);
    let next = 0;
    for (const point of points) {
      const scaled = this.#scale < 0 ? 1 : this.#unit(point, this.#scale) ** power;
      indices[next] = 0;
      values[next++] = 1;
      indices[next] = 1;
      values[next++] = scaled;
      for (const { earlier, later, choices, first } of this.#pairs) {
        indices[next] = first + point[earlier] * choices + point[later];
        values[next++] = scaled;
      }
      for (const { isScaled, category, real, waves, first } of this.#effects) {
        const scale = isScaled ? scaled : 1;
        let index = category < 0 ? first : first + point[category] * (waves + 1);
        if (category >= 0) {
          indices[next] = index++;
          values[next++] = scale;
        }
        if (waves === 0) continue;
        const angle = Math.PI * (this.#unit(point, real) - 0.5);
        indices[next] = index++;
        values[next++] = scale * Math.SQRT2 * Math.sin(angle);
        indices[next] = index;
        values[next++] = scale * Math.SQRT2 * Math.cos(angle);
      }
    }
    return { perPoint, indices, values };
  }

  /** A real coordinate as a share of its range. */
  #unit(point: Point, index: number): number {
    const dimension = this.#dimensions[index];
    if (dimension.kind === "category" || dimension.high === dimension.low) return 0;
    return (point[index] - dimension.low) / (dimension.high - dimension.low);
  }
}

/** All pairs of categories of the same chain, the earlier one first, with the number of choices of each. */
function pairsOf(
  dimensions: readonly Dimension[],
): { earlier: number; later: number; rows: number; choices: number; key: string }[] {
  return dimensions.flatMap((a, earlier) =>
    dimensions.flatMap((b, later) => {
      if (later <= earlier || a.kind === "real" || b.kind === "real") return [];
      if (a.chain === undefined || a.chain !== b.chain) return [];
      const key = [a.group ?? a.name, b.group ?? b.name].join(" ");
      return [{ earlier, later, rows: a.choices, choices: b.choices, key }];
    }),
  );
}

/** Whether it is a real number that is neither a category's strength nor the scale. */
function isAlone(dimension: Dimension): boolean {
  return dimension.kind === "real" && dimension.strengthOf === undefined && !dimension.scales;
}
