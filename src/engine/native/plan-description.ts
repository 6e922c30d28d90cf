// A plan of the native engine's operations (native/plan/operations.h) as plain data.

import type { Variable } from "@tensorflow/tfjs-core";
import type { Activation } from "./addon.ts";

interface OperationBase {
  /** The layer's. */
  readonly name: string;
  /** Indices of values. */
  readonly inputs: readonly number[];
  readonly output: number;
}

/** Weights are indices; −1 if there is none. Shapes are in the order of the fields of native/'s structs. */
export type PlanOperation = OperationBase &
  (
    | { readonly kind: "pixels" }
    | {
        readonly kind: "convolution";
        readonly shape: readonly number[];
        readonly filter: number;
        readonly bias: number;
        activation: Activation;
        readonly wantsInputGradient: boolean;
        readonly isDense: boolean;
      }
    | {
        readonly kind: "depthwise";
        readonly shape: readonly number[];
        readonly filter: number;
        readonly bias: number;
        activation: Activation;
        readonly wantsInputGradient: boolean;
      }
    | {
        readonly kind: "normalization";
        readonly channels: number;
        readonly gamma: number;
        readonly beta: number;
        readonly movingMean: number;
        readonly movingVariance: number;
        readonly epsilon: number;
        readonly momentum: number;
        activation: Activation;
      }
    | { readonly kind: "pool"; readonly shape: readonly number[]; readonly isMax: boolean }
    | { readonly kind: "activation"; readonly activation: Activation }
    | { readonly kind: "addition" }
    | { readonly kind: "concatenation"; readonly places: number }
    | { readonly kind: "dropout"; readonly rate: number; readonly k0: number; readonly k1: number }
  );

export interface PlanDescription {
  /** The sizes of all values, the activations of one image; the first value is the pixels. */
  readonly valueSizes: readonly number[];
  readonly operations: readonly PlanOperation[];
  /** The value that is the model's output. */
  readonly logits: number;
  readonly weights: readonly Variable[];
}
