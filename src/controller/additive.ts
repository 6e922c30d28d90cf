// An additive model of the rewards (Bayesian linear regression: Rasmussen and Williams 2006, "Gaussian processes for
// machine learning", section 2.1). Most of what operations do to a reward adds up, and that part can be learnt from few
// trials. The ratio of noise to effects, and the power with which the portion scales effects, are chosen by their
// likelihood.

import type { Random } from "../common/random.ts";
import { emptyTriangle, factorize, solveLower, solveUpper, type Triangle } from "./cholesky.ts";
import type { Dimension, Point } from "./controller.ts";
import { Features, type Terms } from "./features.ts";
import type { Noise } from "./noise-variance.ts";

/** Alternatives to power 1 of the dimension that scales: effects may saturate or set in late. */
const OTHER_POWERS = [0.5, 2];

/** Candidate ratios of the unexplained variance to the variance of the effects. */
const RATIOS = [0.03, 0.1, 0.3, 1, 3, 10];

/** The prior of the ratio: its median and the standard deviation of its logarithm. */
const RATIO_PRIOR = { median: 0.5, deviation: 1.5 };

/** Maximum number of trials used for the choice: it takes trials³ steps, and this many are enough. */
const CHOSEN_BY = 150;

/** The posterior of the terms' weights. */
export class AdditiveModel {
  /** The variance that the model leaves unexplained: noise, and effects that do not add up. */
  readonly unexplained: number;
  readonly power: number;
  readonly #features: Features;
  readonly #offset: number;
  /** The square root of the effects' variance. */
  readonly #scale: number;
  readonly #weights: Float64Array;
  /** The terms that occur in the trials; the others keep their priors. */
  readonly #known: Int32Array;
  /** Cholesky factor of the precision of those terms' weights, in units of the effects' variance. */
  readonly #factor: Triangle;

  /** @param points at least one. */
  constructor(
    dimensions: readonly Dimension[],
    points: readonly Point[],
    rewards: Float64Array,
    noise: Noise,
  ) {
    const features = new Features(dimensions);
    const { priors } = features;
    const count = points.length;
    const offset = rewards.reduce((sum, reward) => sum + reward, 0) / count;
    const { power, ratio, signal } = choose(features, points, rewards, offset, noise);
    const { perPoint, indices, values } = features.termsOf(points, power);
    const known = knownTerms(indices, priors.length);
    const size = known.terms.length;
    const matrix = emptyTriangle(size);
    const right = new Float64Array(size);
    for (let row = 0; row < count; row++) {
      const weight = 1 / (ratio * noise.relative[row]);
      const end = (row + 1) * perPoint;
      for (let a = row * perPoint; a < end; a++) {
        const value = values[a] * weight;
        const here = known.places[indices[a]];
        right[here] += value * (rewards[row] - offset);
        for (let b = row * perPoint; b < end; b++) {
          const there = known.places[indices[b]];
          if (there <= here) matrix[here][there] += value * values[b];
        }
      }
    }
    for (const [place, term] of known.terms.entries()) matrix[place][place] += 1 / priors[term];
    factorize(matrix);
    this.#features = features;
    this.#offset = offset;
    this.#scale = Math.sqrt(signal);
    this.#factor = matrix;
    this.#known = known.terms;
    this.#weights = new Float64Array(priors.length);
    const solution = solveUpper(matrix, solveLower(matrix, right));
    for (const [place, term] of known.terms.entries()) this.#weights[term] = solution[place];
    this.unexplained = signal * ratio;
    this.power = power;
  }

  /** The terms of points, in the form that the model reads. */
  termsOf(points: readonly Point[]): Terms {
    return this.#features.termsOf(points, this.power);
  }

  /** The expected rewards. */
  expected(terms: Terms): Float64Array {
    return product(terms, this.#weights).map((value) => this.#offset + value);
  }

  /** A draw from the posterior, as the weights' deviations from their expected values. */
  draw(random: Random): Float64Array {
    const weights = this.#features.priors.map((prior) => random.normal(0, this.#scale * Math.sqrt(prior)));
    const normals = Float64Array.from(this.#known, () => random.normal(0, this.#scale));
    const drawn = solveUpper(this.#factor, normals);
    for (const [place, term] of this.#known.entries()) weights[term] = drawn[place];
    return weights;
  }
}

/** The terms that occur in any point, ascending, and the position of each among them. */
function knownTerms(indices: Int32Array, count: number): { terms: Int32Array; places: Int32Array } {
  const places = new Int32Array(count).fill(-1);
  for (const index of indices) places[index] = 0;
  const terms = Int32Array.from(places.keys()).filter((term) => places[term] === 0);
  for (const [place, term] of terms.entries()) places[term] = place;
  return { terms, places };
}

/** The sums of the terms times their weights. */
export function product({ perPoint, indices, values }: Terms, weights: Float64Array): Float64Array {
  const sums = new Float64Array(values.length / perPoint);
  for (let row = 0, next = 0; row < sums.length; row++) {
    let sum = 0;
    for (const end = next + perPoint; next < end; next++) sum += values[next] * weights[indices[next]];
    sums[row] = sum;
  }
  return sums;
}

interface Choice {
  readonly power: number;
  readonly ratio: number;
  readonly signal: number;
}

/**
 * A power and a ratio with high posterior density, and the effects' variance that fits them best; chosen one after the
 * other.
 */
function choose(
  features: Features,
  points: readonly Point[],
  rewards: Float64Array,
  offset: number,
  { relative, variance = 0 }: Noise,
): Choice {
  const count = Math.min(CHOSEN_BY, points.length);
  const rows = Array.from({ length: count }, (_, index) => Math.floor((index * points.length) / count));
  const targets = Float64Array.from(rows, (row) => rewards[row] - offset);
  const chosenPoints = rows.map((row) => points[row]);
  const best = (power: number, ratios: readonly number[]) => {
    const kernel = kernelOf(features.termsOf(chosenPoints, power), features.priors);
    const rated = ratios.map((ratio) => {
      const matrix = kernel.map((row) => row.slice());
      for (const [index, row] of rows.entries()) matrix[index][index] += ratio * relative[row];
      const logDeterminant = factorize(matrix);
      const square = solveLower(matrix, targets).reduce((sum, value) => sum + value * value, 0);
      // The unexplained variance is at least the noise.
      const signal = Math.max(square / count, variance / ratio, 1e-12);
      const surprise = Math.log(ratio / RATIO_PRIOR.median) / RATIO_PRIOR.deviation;
      const density =
        -0.5 * (count * Math.log(signal) + square / signal + logDeterminant + surprise * surprise);
      return { power, ratio, signal, density };
    });
    return rated.reduce((a, b) => (b.density > a.density ? b : a));
  };
  const proportional = best(1, RATIOS);
  const others = features.scaled ? OTHER_POWERS.map((power) => best(power, [proportional.ratio])) : [];
  return [proportional, ...others].reduce((a, b) => (b.density > a.density ? b : a));
}

/** The prior covariances of the rewards. */
function kernelOf({ perPoint, indices, values }: Terms, priors: Float64Array): Triangle {
  const kernel = emptyTriangle(values.length / perPoint);
  const dense = new Float64Array(priors.length);
  for (const [i, row] of kernel.entries()) {
    const [start, end] = [i * perPoint, (i + 1) * perPoint];
    for (let k = start; k < end; k++) dense[indices[k]] += values[k] * priors[indices[k]];
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = j * perPoint; k < (j + 1) * perPoint; k++) sum += dense[indices[k]] * values[k];
      row[j] = sum;
    }
    for (let k = start; k < end; k++) dense[indices[k]] = 0;
  }
  return kernel;
}
