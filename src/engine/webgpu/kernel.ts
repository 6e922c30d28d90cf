// How kernels of ours are declared and take the place of TensorFlow.js's.

import {
  getKernel,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import type { GpuBackend } from "./gpu-backend.ts";

export const BACKEND = "webgpu";

type Outputs = TensorInfo | TensorInfo[] | undefined;

/** A kernel in the place of TensorFlow.js's of this name. */
export interface GpuKernel {
  readonly name: string;
  /** Returns undefined where it leaves the inputs to TensorFlow.js's kernel. */
  readonly run: (backend: GpuBackend, inputs: NamedTensorInfoMap, attrs: NamedAttrMap) => Outputs;
}

/** Declares a kernel with the inputs and attributes that TensorFlow.js gives to the kernel of this name. */
export function kernel<Inputs, Attrs = unknown>(
  name: string,
  run: (backend: GpuBackend, inputs: Inputs, attrs: Attrs) => Outputs,
): GpuKernel {
  return { name, run: run as unknown as GpuKernel["run"] };
}

/** Whether all are float32 and none is empty; the others are left to TensorFlow.js. */
export function areFloats(...tensors: (TensorInfo | undefined | null)[]): boolean {
  return tensors.every((tensor) => !tensor || (tensor.dtype === "float32" && !tensor.shape.includes(0)));
}

export function install({ name, run }: GpuKernel): void {
  const plain = getKernel(name, BACKEND);
  if (plain) unregisterKernel(name, BACKEND);
  const kernelFunc: KernelFunc = (args) => {
    const result = run(args.backend as GpuBackend, args.inputs, args.attrs ?? {});
    if (result) return result;
    if (!plain) throw new Error(`engine webgpu's kernel ${name} does not take these inputs`);
    return plain.kernelFunc(args);
  };
  registerKernel({ kernelName: name, backendName: BACKEND, kernelFunc });
}
