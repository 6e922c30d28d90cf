// The children's optimizers as Keras defines them; those of TensorFlow.js place epsilon differently.

import { type NamedTensorMap, tidy, type Variable, zerosLike } from "@tensorflow/tfjs-core";
import type { AdamSettings, RmsPropSettings, SgdSettings, TrainedVariable } from "../engine/optimizers.ts";
import type { Engine } from "../engine/types.ts";

/** Updates variables by their gradients, one call per step. */
export interface ChildOptimizer {
  /** `gradients` are keyed by variable name; variables without a gradient stay unchanged. */
  step(variables: readonly Variable[], gradients: NamedTensorMap): void;
  /** All that a step depends on besides the variables and their gradients; a checkpoint saves and restores it. */
  readonly state: OptimizerState;
  dispose(): void;
}

/** What an optimizer keeps between steps. */
export class OptimizerState {
  /** Number of steps that have been taken. */
  steps = 0;
  /** Moving averages and velocities by kind, such as "mean"; each has one tensor per variable. */
  readonly averages: Readonly<Record<string, Averages>>;

  constructor(averages: Readonly<Record<string, Averages>>) {
    this.averages = averages;
  }

  dispose(): void {
    for (const averages of Object.values(this.averages)) averages.dispose();
  }
}

/** A constant, or a function of the step, which counts from 0. */
export type LearningRate = number | ((step: number) => number);

/** The settings of a step, with the learning rate still as a function of the step. */
export type OptimizerOptions<Settings> = Omit<Settings, "learningRate"> & {
  readonly learningRate: LearningRate;
};

export function rateAt(learningRate: LearningRate, step: number): number {
  return typeof learningRate === "number" ? learningRate : learningRate(step);
}

/** Gradient descent, with momentum if it is above 0; see Optimizers.sgd. */
export class Sgd implements ChildOptimizer {
  readonly #engine: Engine;
  readonly #options: OptimizerOptions<SgdSettings>;
  readonly #velocities = new Averages();
  readonly state = new OptimizerState({ velocity: this.#velocities });

  constructor(engine: Engine, options: OptimizerOptions<SgdSettings>) {
    this.#engine = engine;
    this.#options = options;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const learningRate = rateAt(this.#options.learningRate, this.state.steps++);
    const trained = trainedOf(variables, gradients).map((each) =>
      this.#options.momentum === 0 ? each : { ...each, velocity: this.#velocities.of(each.variable) },
    );
    this.#engine.optimizers.sgd(trained, { ...this.#options, learningRate });
  }

  dispose(): void {
    this.state.dispose();
  }
}

/** RMSprop (Tieleman and Hinton 2012) in Keras's form; see Optimizers.rmsProp. */
export class RmsProp implements ChildOptimizer {
  readonly #engine: Engine;
  readonly #options: OptimizerOptions<RmsPropSettings>;
  readonly #meanSquares = new Averages();
  readonly state = new OptimizerState({ meanSquare: this.#meanSquares });

  constructor(engine: Engine, options: OptimizerOptions<RmsPropSettings>) {
    this.#engine = engine;
    this.#options = options;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const learningRate = rateAt(this.#options.learningRate, this.state.steps++);
    const trained = trainedOf(variables, gradients).map((each) => ({
      ...each,
      meanSquare: this.#meanSquares.of(each.variable),
    }));
    this.#engine.optimizers.rmsProp(trained, { ...this.#options, learningRate });
  }

  dispose(): void {
    this.state.dispose();
  }
}

/**
 * Adam (Kingma and Ba 2015) in Keras 2's form: epsilon is added to the root of the uncorrected moving mean of squares,
 * and the bias correction is applied to the learning rate instead. Gradients are clipped by their norm over all
 * variables, as in the Keras version that the original DeepAugment used. See Optimizers.adam.
 */
export class Adam implements ChildOptimizer {
  readonly #engine: Engine;
  readonly #options: OptimizerOptions<AdamSettings>;
  readonly #means = new Averages();
  readonly #meanSquares = new Averages();
  readonly state = new OptimizerState({ mean: this.#means, meanSquare: this.#meanSquares });

  constructor(engine: Engine, options: OptimizerOptions<AdamSettings>) {
    this.#engine = engine;
    this.#options = options;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const { beta1, beta2 } = this.#options;
    const rate = rateAt(this.#options.learningRate, this.state.steps++);
    const correction = Math.sqrt(1 - beta2 ** this.state.steps) / (1 - beta1 ** this.state.steps);
    const learningRate = rate * correction;
    const trained = trainedOf(variables, gradients).map((each) => ({
      ...each,
      mean: this.#means.of(each.variable),
      meanSquare: this.#meanSquares.of(each.variable),
    }));
    this.#engine.optimizers.adam(trained, { ...this.#options, learningRate });
  }

  dispose(): void {
    this.state.dispose();
  }
}

/** One moving average per variable, initially 0. */
export class Averages {
  readonly #byName = new Map<string, Variable>();

  of(variable: Variable): Variable {
    const known = this.#byName.get(variable.name);
    if (known) return known;
    const created = tidy(() => zerosLike(variable).variable(false));
    this.#byName.set(variable.name, created);
    return created;
  }

  /** That of a variable; undefined if it was never asked for. */
  get(variable: Variable): Variable | undefined {
    return this.#byName.get(variable.name);
  }

  dispose(): void {
    for (const average of this.#byName.values()) average.dispose();
    this.#byName.clear();
  }
}

/** The variables that have a gradient, each with it. */
function trainedOf(variables: readonly Variable[], gradients: NamedTensorMap): TrainedVariable[] {
  return variables
    .filter(({ name }) => gradients[name])
    .map((variable) => ({ variable, gradient: gradients[variable.name] }));
}
