// What the gradient kernels share: calling the backend's own kernels, and its heap as typed arrays.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { getKernel, type NamedAttrMap, type TensorInfo } from "@tensorflow/tfjs-core";

/** Tensors by the name that the kernel gives them. */
export type Inputs = Record<string, TensorInfo>;

/** What a kernel is called with. */
export interface KernelArgs<Attrs> {
  inputs: Inputs;
  backend: BackendWasm;
  attrs: Attrs;
}

/** Runs another kernel of the same backend; the caller owns, and must dispose, what comes back. */
export function callKernel(
  backend: BackendWasm,
  kernelName: string,
  inputs: Inputs,
  attrs: Record<string, unknown> = {},
): TensorInfo {
  const kernel = getKernel(kernelName, "wasm");
  if (!kernel) throw new Error(`the wasm backend has no kernel ${kernelName}`);
  return kernel.kernelFunc({ inputs, backend, attrs: attrs as NamedAttrMap }) as TensorInfo;
}

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
