// A model's training step and its evaluation as one call each into native/: activations stay in the processor's cache, in
// the engine's precision, and only weights and their gradients are tensors.

import { type NamedTensorMap, type Tensor, type Variable, zeros } from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Precision } from "../../config/engines.ts";
import type { CompiledModel, LabelledPixels, LayerTime, StepResult } from "../types.ts";
import { type NativePlan, OPERANDS } from "./addon.ts";
import { describePlan } from "./describe-plan.ts";
import { ownValues } from "./own-values.ts";
import type { NativeBackend } from "./storage.ts";

export interface CompileOptions {
  /** The most images of a step. */
  readonly batchSize: number;
  readonly precision: Precision;
  readonly backend: NativeBackend;
}

/** The compiled model; undefined if it has layers for which native/ has no operations. */
export function compileModel(net: LayersModel, options: CompileOptions): CompiledModel | undefined {
  const description = describePlan(net);
  if (typeof description === "string") return undefined;
  const { weights, ...plan } = description;
  const { batchSize, precision, backend } = options;
  const native = new backend.addon.Plan({
    ...plan,
    type: OPERANDS[precision],
    capacity: batchSize,
    weightSizes: weights.map((weight) => weight.size),
  });
  const trained = new Set(net.trainableWeights.map((weight) => weight.read() as Variable));
  return new Compiled(native, weights, trained, backend);
}

class Compiled implements CompiledModel {
  readonly #plan: NativePlan;
  readonly #weights: readonly Variable[];
  readonly #backend: NativeBackend;
  /** Of each weight; null if it is not trained. */
  readonly #gradients: readonly (Tensor | null)[];
  readonly gradients: NamedTensorMap = {};
  #step = 0;

  constructor(
    plan: NativePlan,
    weights: readonly Variable[],
    trained: ReadonlySet<Variable>,
    backend: NativeBackend,
  ) {
    this.#plan = plan;
    this.#weights = weights;
    this.#backend = backend;
    this.#gradients = weights.map((weight) => (trained.has(weight) ? zeros(weight.shape) : null));
    for (const [i, gradient] of this.#gradients.entries()) {
      if (gradient) this.gradients[weights[i].name] = gradient;
    }
  }

  train({ pixels, labels }: LabelledPixels): StepResult {
    const gradients = this.#gradients.map((gradient) => gradient && this.#backend.floatsOf(gradient));
    const [loss, correct] = this.#plan.train(
      labels.length,
      pixels,
      labels,
      // A step itself changes only the moving moments, which are not trained.
      this.#weights.map((weight, i) =>
        this.#gradients[i] ? this.#backend.floatsOf(weight) : ownValues(this.#backend, weight),
      ),
      gradients,
      this.#step++,
    );
    return { loss, correct };
  }

  evaluate({ pixels, labels }: LabelledPixels, predictions?: Int32Array): StepResult {
    const weights = this.#weights.map((weight) => this.#backend.floatsOf(weight));
    const [loss, correct] = this.#plan.evaluate(labels.length, pixels, labels, weights, predictions);
    return { loss, correct };
  }

  continueFrom(step: number): void {
    this.#step = step;
  }

  profile(): LayerTime[] {
    return this.#plan.profile().map(([layer, forward, backward]) => ({ layer, forward, backward }));
  }

  dispose(): void {
    this.#plan.dispose();
    for (const gradient of this.#gradients) gradient?.dispose();
  }
}
