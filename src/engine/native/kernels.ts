// What the native kernels share: how one is declared, and what it takes.

import {
  getKernel,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import type { NativeBackend } from "./storage.ts";

type Outputs = TensorInfo | TensorInfo[] | undefined;

/** A kernel in the place of the cpu backend's of this name. */
export interface NativeKernel {
  readonly name: string;
  /** Returns undefined where it leaves the inputs to the cpu backend's kernel. */
  readonly run: (backend: NativeBackend, inputs: NamedTensorInfoMap, attrs: NamedAttrMap) => Outputs;
}

/** Declares a kernel with the inputs and attributes that TensorFlow.js gives to the kernel of this name. */
export function kernel<Inputs, Attrs = unknown>(
  name: string,
  run: (backend: NativeBackend, inputs: Inputs, attrs: Attrs) => Outputs,
): NativeKernel {
  return { name, run: run as unknown as NativeKernel["run"] };
}

/** Whether all are float32 and none is empty; the others are left to the cpu backend. */
export function areFloats(...tensors: (TensorInfo | undefined | null)[]): boolean {
  return tensors.every((tensor) => !tensor || (tensor.dtype === "float32" && !tensor.shape.includes(0)));
}

/** Runs another kernel of this backend; the caller owns what comes back. */
export function callKernel(
  backend: NativeBackend,
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: Record<string, unknown> = {},
): TensorInfo {
  const found = getKernel(name, "native");
  if (!found) throw new Error(`the native backend has no kernel ${name}`);
  return found.kernelFunc({ inputs, backend, attrs: attrs as NamedAttrMap }) as TensorInfo;
}
