// How our kernels on TensorFlow.js's WebAssembly backend are declared, installed and called; the backend's heap as typed
// arrays.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Kernel, kernelsOf } from "../kernels.ts";

export const BACKEND = "wasm";

export type WasmKernel = Kernel<BackendWasm>;

export const { kernel, installKernels, callKernel } = kernelsOf<BackendWasm>(BACKEND);

/**
 * The values of a float32 tensor, as a view on the backend's heap. Any allocation may grow the heap and detach the
 * view: make outputs first, then take views.
 */
export function floatsOf(backend: BackendWasm, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** Frees an intermediate result. */
export function release(backend: BackendWasm, ...tensors: TensorInfo[]): void {
  for (const tensor of tensors) backend.disposeData(tensor.dataId);
}
