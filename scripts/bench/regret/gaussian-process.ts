// A Gaussian process whose kernel has parameters that are fitted to the data (Rasmussen and Williams 2006, "Gaussian processes
// for machine learning", chapters 2 and 5).

import {
  emptyTriangle,
  factorize,
  solveLower,
  solveUpper,
  type Triangle,
} from "../../../src/controller/cholesky.ts";

/** A kernel, and the first guesses of its parameters: positive numbers. One is `noise`; variances are in units of the targets'. */
export interface Kernel<Input, Names extends string> {
  readonly guesses: Readonly<Record<Names | "noise", number>>;
  covariance(a: Input, b: Input, parameters: Readonly<Record<Names | "noise", number>>): number;
}

/** How far a parameter may be from its first guess: the standard deviation of its prior, in logarithms. */
const PRIOR_DEVIATION = 1.5;

/** A fitted process. */
export class GaussianProcess<Input, Names extends string> {
  readonly parameters: Readonly<Record<Names | "noise", number>>;
  /** The standard deviation of a target's noise. */
  readonly noise: number;
  /** The share of the targets' variance that is predicted when leaving out one at a time. */
  readonly crossValidatedR2: number;
  /** What each target is above the prediction at its input, which it is part of. */
  readonly residuals: Float64Array;
  readonly #kernel: Kernel<Input, Names>;
  readonly #inputs: readonly Input[];
  readonly #mean: number;
  readonly #deviation: number;
  readonly #weights: Float64Array;

  /**
   * @param inputs at least two, with different targets.
   * @param parameters of a process that was fitted before; unless given, they are fitted.
   */
  constructor(
    kernel: Kernel<Input, Names>,
    inputs: readonly Input[],
    targets: readonly number[],
    parameters?: Readonly<Record<Names | "noise", number>>,
  ) {
    this.#kernel = kernel;
    this.#inputs = inputs;
    const count = inputs.length;
    this.#mean = targets.reduce((sum, target) => sum + target, 0) / count;
    this.#deviation = Math.sqrt(
      targets.reduce((sum, target) => sum + (target - this.#mean) ** 2, 0) / (count - 1),
    );
    const scaled = Float64Array.from(targets, (target) => (target - this.#mean) / this.#deviation);
    this.parameters = parameters ?? fit(kernel, inputs, scaled);
    this.noise = this.#deviation * Math.sqrt(this.parameters.noise);
    const factor = factorOf(kernel, inputs, this.parameters)!;
    this.#weights = solve(factor, scaled);
    this.residuals = this.#weights.map((weight) => weight * this.parameters.noise * this.#deviation);
    // Predicts each target from all others (Rasmussen and Williams 2006, equation 5.12).
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const unit = new Float64Array(count);
      unit[row] = 1;
      squares += (this.#weights[row] / solve(factor, unit)[row]) ** 2;
    }
    this.crossValidatedR2 = 1 - squares / scaled.reduce((sum, target) => sum + target * target, 0);
  }

  /** The process's mean at an input. */
  meanAt(input: Input): number {
    let sum = 0;
    for (const [index, other] of this.#inputs.entries()) {
      sum += this.#weights[index] * this.#kernel.covariance(input, other, this.parameters);
    }
    return this.#mean + this.#deviation * sum;
  }
}

/** The Matérn function of smoothness 5/2. */
export function matern(distance: number): number {
  const x = Math.sqrt(5) * distance;
  return (1 + x + (x * x) / 3) * Math.exp(-x);
}

/** The greatest posterior density, by a search along each parameter in turn with steps that halve. */
function fit<Input, Names extends string>(
  kernel: Kernel<Input, Names>,
  inputs: readonly Input[],
  targets: Float64Array,
): Record<Names | "noise", number> {
  const names = Object.keys(kernel.guesses) as (Names | "noise")[];
  let parameters = { ...kernel.guesses };
  let greatest = logPosterior(kernel, inputs, targets, parameters);
  for (let step = 1; step > 0.1; ) {
    let improved = false;
    for (const name of names) {
      for (const sign of [1, -1]) {
        const tried = { ...parameters, [name]: parameters[name] * Math.exp(sign * step) };
        const density = logPosterior(kernel, inputs, targets, tried);
        if (density <= greatest + 1e-3) continue;
        [parameters, greatest, improved] = [tried, density, true];
        break;
      }
    }
    if (!improved) step /= 2;
  }
  return parameters;
}

function logPosterior<Input, Names extends string>(
  kernel: Kernel<Input, Names>,
  inputs: readonly Input[],
  targets: Float64Array,
  parameters: Readonly<Record<Names | "noise", number>>,
): number {
  const factor = factorOf(kernel, inputs, parameters);
  if (!factor) return Number.NEGATIVE_INFINITY;
  const count = inputs.length;
  const halves = solveLower(factor, targets);
  let sum = 0;
  for (let i = 0; i < count; i++) sum -= 0.5 * halves[i] ** 2 + Math.log(factor[i][i]);
  for (const name of Object.keys(kernel.guesses) as (Names | "noise")[]) {
    sum -= 0.5 * (Math.log(parameters[name] / kernel.guesses[name]) / PRIOR_DEVIATION) ** 2;
  }
  return sum;
}

/** The Cholesky factor of the targets' covariance; undefined if rounding leaves it without one. */
function factorOf<Input, Names extends string>(
  kernel: Kernel<Input, Names>,
  inputs: readonly Input[],
  parameters: Readonly<Record<Names | "noise", number>>,
): Triangle | undefined {
  const matrix = emptyTriangle(inputs.length);
  for (const [i, row] of matrix.entries()) {
    for (let j = 0; j <= i; j++) row[j] = kernel.covariance(inputs[i], inputs[j], parameters);
    row[i] += parameters.noise;
  }
  return Number.isNaN(factorize(matrix)) ? undefined : matrix;
}

function solve(factor: Triangle, right: Float64Array): Float64Array {
  return solveUpper(factor, solveLower(factor, right));
}
