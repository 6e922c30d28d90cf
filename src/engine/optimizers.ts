// An optimizer's step on variables, which each engine implements in its own way; in Keras's form, in which epsilon is added
// to the root. All averages begin at 0 and belong to the caller, who passes them in again at the next step.

import type { Tensor, Variable } from "@tensorflow/tfjs-core";

export interface TrainedVariable {
  readonly variable: Variable;
  /** Of the variable's shape. Not changed. */
  readonly gradient: Tensor;
}

interface SgdVariable extends TrainedVariable {
  /** The last change of the variable; only if momentum is above 0. */
  readonly velocity?: Variable;
}

export interface SgdSettings {
  /** Of this step. */
  readonly learningRate: number;
  /** Weight of past steps, in [0, 1). */
  readonly momentum: number;
  /** Whether the step looks ahead, by momentum times the new velocity (Sutskever et al. 2013). */
  readonly isNesterov: boolean;
}

export interface RmsPropVariable extends TrainedVariable {
  /** Moving average of the gradient's squares. */
  readonly meanSquare: Variable;
}

export interface RmsPropSettings {
  /** Of this step. */
  readonly learningRate: number;
  /** Weight of the past in the moving mean of squares, in [0, 1). */
  readonly rho: number;
  readonly epsilon: number;
}

export interface AdamVariable extends TrainedVariable {
  /** Moving averages of the gradient, after its clipping, and of its squares. */
  readonly mean: Variable;
  readonly meanSquare: Variable;
}

export interface AdamSettings {
  /** Of this step. */
  readonly learningRate: number;
  /** Weight of the past in the moving mean of gradients, in [0, 1). */
  readonly beta1: number;
  /** Weight of the past in the moving mean of their squares, in [0, 1). */
  readonly beta2: number;
  readonly epsilon: number;
  /**
   * If the gradients of all variables together have a larger Euclidean norm, they are scaled down to this one; infinity for
   * no clipping.
   */
  readonly clipNorm: number;
}

/** One step of each optimizer, over all variables that it trains. */
export interface Optimizers {
  /**
   * Gradient descent: variable ← variable − learningRate · gradient; with momentum above 0
   * velocity ← momentum · velocity − learningRate · gradient;
   * variable ← variable + velocity, or, with isNesterov, variable + momentum · velocity − learningRate · gradient.
   */
  sgd(trained: readonly SgdVariable[], settings: SgdSettings): void;
  /**
   * RMSprop (Tieleman and Hinton 2012):
   * meanSquare ← rho · meanSquare + (1 − rho) · gradient²;
   * variable ← variable − learningRate · gradient / (√meanSquare + epsilon).
   */
  rmsProp(trained: readonly RmsPropVariable[], settings: RmsPropSettings): void;
  /**
   * Adam (Kingma and Ba 2015), with g = gradient · min(1, clipNorm / norm of all gradients):
   * mean ← beta1 · mean + (1 − beta1) · g;
   * meanSquare ← beta2 · meanSquare + (1 − beta2) · g²;
   * variable ← variable − learningRate · mean / (√meanSquare + epsilon).
   * The caller corrects for averages that begin at 0, by the learning rate. One NaN among the gradients makes the norm NaN,
   * and with it every variable.
   */
  adam(trained: readonly AdamVariable[], settings: AdamSettings): void;
}
