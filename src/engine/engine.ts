// Engines: what trains a child. An engine is a TensorFlow.js backend, chosen at start, plus the few passes that a
// backend can do better than TensorFlow.js's operations composed; the trainer is the same for all.

import type { Tensor, Variable } from "@tensorflow/tfjs-core";
import { UsageError } from "../common/errors.ts";

export type EngineChoice = "auto" | "native" | "webgpu" | "tensorflow" | "wasm";
export type PrecisionChoice = "auto" | "float32" | "bfloat16";

export interface RmsPropSettings {
  readonly learningRate: number;
  /** Weight of the past in the moving mean of squares, in [0, 1). */
  readonly rho: number;
  readonly epsilon: number;
}

/** A started engine; TensorFlow.js's operations now run on it. */
export interface Engine {
  readonly name: string;
  readonly precision: "float32" | "bfloat16";
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
  const engine = checkEngine(choice, precision);
  const { startWasm } = await import("./wasm/backend.ts");
  return engine === "wasm" ? startWasm() : Promise.reject(new Error(`unknown engine ${engine}`));
}

/**
 * What `auto` comes to, without starting it.
 * @throws UsageError as `startEngine`.
 */
export function checkEngine(choice: EngineChoice, precision: PrecisionChoice): "wasm" {
  if (choice !== "auto" && choice !== "wasm") {
    throw new UsageError(`engine "${choice}" is not part of this version; use engine: wasm, or auto`);
  }
  if (precision === "bfloat16") {
    throw new UsageError(
      'precision "bfloat16" is not to be had on engine wasm; use precision: float32, or auto',
    );
  }
  return "wasm";
}
