// The children's optimizers, as Keras defines them; TensorFlow.js's own differ in where epsilon stands.

import { type NamedTensorMap, tidy, type Variable, zerosLike } from "@tensorflow/tfjs-core";
import type { Engine } from "../engine/engine.ts";
import type { AdamSettings, RmsPropSettings, TrainedVariable } from "../engine/optimizers.ts";

/** Changes the variables by their gradients, step after step. */
export interface ChildOptimizer {
  /** `gradients` by variable name; variables without one stay. */
  step(variables: readonly Variable[], gradients: NamedTensorMap): void;
  dispose(): void;
}

export interface RmsPropOptions extends RmsPropSettings {
  /** The learning rate of step t (from 0) is learningRate / (1 + decay · t). */
  readonly decay: number;
}

/** RMSprop (Tieleman and Hinton 2012) in Keras's form; see Optimizers.rmsProp. */
export class RmsProp implements ChildOptimizer {
  readonly #engine: Engine;
  readonly #options: RmsPropOptions;
  readonly #meanSquares = new Averages();
  #steps = 0;

  constructor(engine: Engine, options: RmsPropOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const { decay, ...settings } = this.#options;
    const learningRate = settings.learningRate / (1 + decay * this.#steps);
    const trained = trainedOf(variables, gradients).map((each) => ({
      ...each,
      meanSquare: this.#meanSquares.of(each.variable),
    }));
    this.#engine.optimizers.rmsProp(trained, { ...settings, learningRate });
    this.#steps++;
  }

  dispose(): void {
    this.#meanSquares.dispose();
  }
}

/**
 * Adam (Kingma and Ba 2015) in Keras 2's form: epsilon is added to the root of the moving mean, which is not yet corrected
 * for its beginning at 0: the learning rate is. Clipping goes by the norm over all variables, as Keras did when the
 * original used it. See Optimizers.adam.
 */
export class Adam implements ChildOptimizer {
  readonly #engine: Engine;
  readonly #options: AdamSettings;
  readonly #means = new Averages();
  readonly #meanSquares = new Averages();
  #steps = 0;

  constructor(engine: Engine, options: AdamSettings) {
    this.#engine = engine;
    this.#options = options;
  }

  step(variables: readonly Variable[], gradients: NamedTensorMap): void {
    const { beta1, beta2 } = this.#options;
    this.#steps++;
    const correction = Math.sqrt(1 - beta2 ** this.#steps) / (1 - beta1 ** this.#steps);
    const learningRate = this.#options.learningRate * correction;
    const trained = trainedOf(variables, gradients).map((each) => ({
      ...each,
      mean: this.#means.of(each.variable),
      meanSquare: this.#meanSquares.of(each.variable),
    }));
    this.#engine.optimizers.adam(trained, { ...this.#options, learningRate });
  }

  dispose(): void {
    this.#means.dispose();
    this.#meanSquares.dispose();
  }
}

/** A moving average for each variable, from 0. */
class Averages {
  readonly #byName = new Map<string, Variable>();

  of(variable: Variable): Variable {
    const known = this.#byName.get(variable.name);
    if (known) return known;
    const created = tidy(() => zerosLike(variable).variable(false));
    this.#byName.set(variable.name, created);
    return created;
  }

  dispose(): void {
    for (const average of this.#byName.values()) average.dispose();
    this.#byName.clear();
  }
}

/** The variables that have a gradient. */
function trainedOf(variables: readonly Variable[], gradients: NamedTensorMap): TrainedVariable[] {
  return variables
    .filter(({ name }) => gradients[name])
    .map((variable) => ({ variable, gradient: gradients[variable.name] }));
}
