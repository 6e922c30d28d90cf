// Engines: what trains a child. An engine is a TensorFlow.js backend, chosen at start, plus the few passes that a
// backend can do better than TensorFlow.js's operations composed; the trainer is the same for all.

import { type Tensor, type Variable, version_core } from "@tensorflow/tfjs-core";
import { UsageError } from "../common/errors.ts";

export type EngineChoice = "auto" | "native" | "webgpu" | "tensorflow" | "wasm";
export type PrecisionChoice = "auto" | "float32" | "bfloat16";

/** Of TensorFlow.js. */
export const TENSORFLOW_JS_VERSION: string = version_core;

export interface RmsPropSettings {
  readonly learningRate: number;
  /** Weight of the past in the moving mean of squares, in [0, 1). */
  readonly rho: number;
  readonly epsilon: number;
}

/** Which engine trains, and in which numbers. */
export interface EngineIdentity {
  readonly name: string;
  readonly precision: "float32" | "bfloat16";
}

/** A started engine; TensorFlow.js's operations now run on it. */
export interface Engine extends EngineIdentity {
  /**
   * One step of RMSprop:
   * meanSquare ← rho · meanSquare + (1 − rho) · gradient²;
   * variable ← variable − learningRate · gradient / (√meanSquare + epsilon).
   */
  rmsProp(variable: Variable, meanSquare: Variable, gradient: Tensor, settings: RmsPropSettings): void;
}

/**
 * Starts the engine that the configuration names; `auto` takes the best that this machine has.
 * @throws UsageError where the engine or the precision is not to be had.
 */
export async function startEngine(choice: EngineChoice, precision: PrecisionChoice): Promise<Engine> {
  resolveEngine(choice, precision);
  const { startWasm } = await import("./wasm/backend.ts");
  return startWasm();
}

/**
 * What the choice comes to on this machine, without starting it.
 * @throws UsageError as `startEngine`.
 */
export function resolveEngine(choice: EngineChoice, precision: PrecisionChoice): EngineIdentity {
  if (choice !== "auto" && choice !== "wasm") {
    throw new UsageError(`engine "${choice}" is not part of this version; use engine: wasm, or auto`);
  }
  if (precision === "bfloat16") {
    throw new UsageError(
      'precision "bfloat16" is not to be had on engine wasm; use precision: float32, or auto',
    );
  }
  return { name: "wasm", precision: "float32" };
}
