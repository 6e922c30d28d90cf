// What a search has learnt about the parts of its policies: partial dependence (Friedman 2001, "Greedy function approximation",
// section 8.2) in the controller's model: the Gaussian process, or the additive model. A part is set to a value in every judged policy, and the model's
// expected rewards are averaged; the posterior of the model says how certain the average is.

import { Random } from "../common/random.ts";
import { usesMagnitude } from "../config/techniques.ts";
import { AdditiveModel, product } from "../controller/additive.ts";
import { canonicalPoints, type Dimension, type Judged, type Point } from "../controller/controller.ts";
import { hasCoordinates } from "../controller/coordinates.ts";
import { GaussianProcess } from "../controller/gaussian-process.ts";
import { noiseOf } from "../controller/noise-variance.ts";
import type { TrialRecord } from "../experiment/records.ts";
import { familyColumns } from "../policy/columns.ts";
import type { SearchSpace } from "../policy/space.ts";
import { judgedPoints } from "../search/settle/controller.ts";

/** An estimate with its 95% interval, in units of the reward. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface EffectPoint extends Estimate {
  /** The magnitude, amount, strength or portion; 0 for what has none. */
  readonly at: number;
}

/** What the reward gains on average if a part of the policies has a value. */
export interface Effect {
  /**
   * technique: at a place of a chain, along its magnitude, compared with an average judged policy. amount: of a family, compared
   * with none of it. strength: of a family, compared with its mean. base: compared with no base, or the first one. portion:
   * compared with 0.
   */
  readonly kind: "technique" | "amount" | "strength" | "base" | "portion";
  readonly name: string;
  readonly points: readonly EffectPoint[];
  /** The number of judged policies that have it: with this technique or base, or more than 0 of the family or portion. */
  readonly policies: number;
}

/** What two parts gain together beyond what each gains alone. */
export interface JointEffect extends Estimate {
  readonly names: readonly [string, string];
}

export interface Effects {
  readonly effects: readonly Effect[];
  /** The strongest relative to their uncertainty first. */
  readonly joint: readonly JointEffect[];
}

/** Values along a real number. */
const STEPS = 11;
/** At most this many judged policies are averaged over. */
const AVERAGED = 100;
/** Draws from the posterior. */
const DRAWS = 200;
/** The quantile of the normal distribution for 95%. */
const WIDTH = 1.96;
/** Terms below this are differences of equal numbers. */
const ROUNDING = 1e-12;
/** Joint effects that are returned. */
const JOINT = 20;

/**
 * The effects of a search's techniques or families, bases and portions, from its trials.
 * @param trials at least one; stopped ones count by what they let expect.
 */
export function effectsOf(trials: readonly TrialRecord[], space: SearchSpace, seed: number): Effects {
  const dependence = new Dependence(trials, space, seed);
  const { dimensions } = space;
  const effects = dimensions.flatMap((dimension, index) => {
    if (dimension.kind === "category")
      return dimension.name === "base" ? baseEffects(dependence, space, index) : [];
    return dimension.scales ? [alongReal(dependence, "portion", "portion", index)] : [];
  });
  for (const { name, amount, strength } of familiesIn(space)) {
    effects.push(alongReal(dependence, "amount", name, amount));
    if (strength >= 0) effects.push(strengthEffect(dependence, name, amount, strength));
  }
  if (!space.families) effects.push(...techniqueEffects(dependence, space));
  return { effects, joint: jointEffects(dependence, space) };
}

/** A change of a point: coordinates by their index. */
type Setting = ReadonlyMap<number, number>;

/** The weighted sum of the rewards of points, with weights that sum to 0: what to expect, and the variance of that. */
type Contrast = (points: readonly Point[], weights: readonly number[]) => { mean: number; variance: number };

/** By the controller's model, without the forest. */
function contrastOf(dimensions: readonly Dimension[], judged: readonly Judged[], random: Random): Contrast {
  if (hasCoordinates(dimensions)) {
    const process = new GaussianProcess(dimensions, judged);
    return (points, weights) => process.contrast(points, weights);
  }
  const points = canonicalPoints(
    dimensions,
    judged.map(({ point }) => point),
  );
  const rewards = Float64Array.from(judged, ({ reward }) => reward);
  const model = new AdditiveModel(dimensions, points, rewards, noiseOf(judged));
  const draws = Array.from({ length: DRAWS }, () => model.draw(random));
  return (points, weights) => {
    // Predictions are linear in the terms, so these are summed first.
    const totals = new Map<number, number>();
    const { perPoint, indices, values } = model.termsOf(points);
    for (const [i, term] of indices.entries())
      totals.set(term, (totals.get(term) ?? 0) + weights[Math.floor(i / perPoint)] * values[i]);
    for (const [term, value] of totals) if (Math.abs(value) < ROUNDING) totals.delete(term);
    if (totals.size === 0) return { mean: 0, variance: 0 };
    const terms = {
      perPoint: totals.size,
      indices: Int32Array.from(totals.keys()),
      values: Float64Array.from(totals.values()),
    };
    const zero = { ...terms, values: new Float64Array(totals.size) };
    const mean = model.expected(terms)[0] - model.expected(zero)[0];
    const squares = draws.reduce((total, draw) => total + product(terms, draw)[0] ** 2, 0);
    return { mean, variance: squares / DRAWS };
  };
}

/** Averages of the model's predictions over the judged points, with settings. */
class Dependence {
  readonly points: readonly Point[];
  readonly dimensions: readonly Dimension[];
  readonly #contrast: Contrast;

  constructor(trials: readonly TrialRecord[], space: SearchSpace, seed: number) {
    this.dimensions = space.dimensions;
    const judged = judgedPoints(trials, space);
    const random = new Random(seed, "effects");
    this.#contrast = contrastOf(this.dimensions, judged, random);
    this.points = Array.from(
      random.choose(judged.length, Math.min(judged.length, AVERAGED)),
      (i) => judged[i].point,
    );
  }

  /** The weighted sum of the averages at these settings; the weights sum to 0, so that it is a difference. */
  contrast(settings: readonly (readonly [weight: number, setting: Setting])[]): Estimate {
    const weights = new Map<string, { point: Point; weight: number }>();
    for (const [weight, setting] of settings) {
      const changed = this.points.map((point) => point.map((value, index) => setting.get(index) ?? value));
      for (const point of canonicalPoints(this.dimensions, changed)) {
        const before = weights.get(String(point))?.weight ?? 0;
        weights.set(String(point), { point, weight: before + weight / changed.length });
      }
    }
    const different = [...weights.values()].filter(({ weight }) => Math.abs(weight) > ROUNDING);
    if (different.length === 0) return { mean: 0, low: 0, high: 0 };
    const { mean, variance } = this.#contrast(
      different.map(({ point }) => point),
      different.map(({ weight }) => weight),
    );
    const width = WIDTH * Math.sqrt(variance);
    return { mean, low: mean - width, high: mean + width };
  }

  /** How many judged points this holds for. */
  count(holds: (point: Point) => boolean): number {
    return this.points.filter(holds).length;
  }
}

function alongReal(dependence: Dependence, kind: "amount" | "portion", name: string, index: number): Effect {
  const { low, high } = dependence.dimensions[index] as { low: number; high: number };
  const points = steps(low, high).map((at) => ({
    at,
    ...dependence.contrast([
      [1, new Map([[index, at]])],
      [-1, new Map([[index, low]])],
    ]),
  }));
  return { kind, name, points, policies: dependence.count((point) => point[index] > low) };
}

/** Of a family of which each image goes through one technique. */
function strengthEffect(dependence: Dependence, name: string, amount: number, index: number): Effect {
  const all = steps(0, 1);
  const at = (strength: number) =>
    new Map([
      [amount, 1],
      [index, strength],
    ]);
  const others = all.map((strength) => [-1 / all.length, at(strength)] as const);
  const points = all.map((strength) => ({
    at: strength,
    ...dependence.contrast([[1, at(strength)], ...others]),
  }));
  return {
    kind: "strength",
    name,
    points,
    policies: dependence.count((point) => point[amount] > 0),
  };
}

function baseEffects(dependence: Dependence, { extension }: SearchSpace, index: number): Effect[] {
  const { bases } = extension!;
  const reference = Math.max(0, bases.indexOf("none"));
  return bases.map((name, base) => {
    const contrast = dependence.contrast([
      [1, new Map([[index, base]])],
      [-1, new Map([[index, reference]])],
    ]);
    return {
      kind: "base" as const,
      name,
      points: [{ at: 0, ...contrast }],
      policies: dependence.count((point) => point[index] === base),
    };
  });
}

/** Where techniques are chosen: the coordinates of their choice and magnitude. */
function places(dimensions: readonly Dimension[]): { readonly type: number; readonly magnitude: number }[] {
  return dimensions.flatMap((dimension, type) => {
    if (dimension.kind !== "category" || dimension.group !== "technique") return [];
    const magnitude = dimensions.findIndex(
      (other) => other.kind === "real" && other.strengthOf === dimension.name,
    );
    return [{ type, magnitude }];
  });
}

function techniqueEffects(dependence: Dependence, { dimensions, operations }: SearchSpace): Effect[] {
  const all = places(dimensions);
  return operations.map((name, choice) => {
    const magnitudes = usesMagnitude(name) ? steps(0, 1) : [0];
    const points = magnitudes.map((at) => {
      const settings = all.flatMap(({ type, magnitude }) => [
        [
          1 / all.length,
          new Map([
            [type, choice],
            [magnitude, at],
          ]),
        ] as const,
        [-1 / all.length, new Map<number, number>()] as const,
      ]);
      return { at, ...dependence.contrast(settings) };
    });
    const policies = dependence.count((point) => all.some(({ type }) => point[type] === choice));
    return { kind: "technique" as const, name, points, policies };
  });
}

function jointEffects(dependence: Dependence, space: SearchSpace): JointEffect[] {
  const joint = space.families ? jointAmounts(dependence, space) : jointTechniques(dependence, space);
  const certainty = ({ mean, high }: Estimate) => Math.abs(mean) / Math.max(high - mean, 1e-12);
  return joint.sort((a, b) => certainty(b) - certainty(a)).slice(0, JOINT);
}

/** One technique of each family, compared with the sum of each alone. */
function jointAmounts(dependence: Dependence, space: SearchSpace): JointEffect[] {
  const families = familiesIn(space);
  return families.flatMap((first, place) =>
    families.slice(place + 1).map((second) => {
      const at = (one: number, other: number) =>
        new Map([
          [first.amount, one],
          [second.amount, other],
        ]);
      const contrast = dependence.contrast([
        [1, at(1, 1)],
        [-1, at(1, 0)],
        [-1, at(0, 1)],
        [1, at(0, 0)],
      ]);
      return { names: [first.name, second.name] as const, ...contrast };
    }),
  );
}

/** Of techniques that follow one another in the first chain of a judged policy, at the magnitudes that were judged. */
function jointTechniques(dependence: Dependence, { dimensions, operations }: SearchSpace): JointEffect[] {
  const [first, second] = places(dimensions);
  if (!second) return [];
  const seen = new Map(
    dependence.points.map((point) => [`${point[first.type]} ${point[second.type]}`, point] as const),
  );
  return [...seen.values()].map((point) => {
    const [a, b] = [point[first.type], point[second.type]];
    const contrast = dependence.contrast([
      [
        1,
        new Map([
          [first.type, a],
          [second.type, b],
        ]),
      ],
      [-1, new Map([[first.type, a]])],
      [-1, new Map([[second.type, b]])],
      [1, new Map()],
    ]);
    return { names: [operations[a], operations[b]] as const, ...contrast };
  });
}

/** The families with the coordinates of their amounts and strengths; -1 if policies do not differ in the strength. */
function familiesIn({ families = [], dimensions }: SearchSpace) {
  return families.map((family) => {
    const [amount, strength] = familyColumns(family);
    const at = (column: string | undefined) => dimensions.findIndex(({ name }) => name === column);
    return { name: family.name, amount: at(amount), strength: at(strength) };
  });
}

function steps(low: number, high: number): number[] {
  return Array.from({ length: STEPS }, (_, i) => low + ((high - low) * i) / (STEPS - 1));
}
