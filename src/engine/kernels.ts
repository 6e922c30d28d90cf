// Kernels of our own on a backend of TensorFlow.js: how they are declared, installed and called. An engine may replace any of
// the backend's kernels; the original still runs for inputs that ours leaves to it.

import {
  getKernel,
  type KernelFunc,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs-core";

type Outputs = TensorInfo | TensorInfo[] | undefined;

/** A kernel that replaces the backend's of this name, or adds one. */
export interface Kernel<Backend> {
  readonly name: string;
  /** Returns undefined if it leaves the inputs to the kernel that it replaces. */
  readonly run: (backend: Backend, inputs: NamedTensorInfoMap, attrs: NamedAttrMap) => Outputs;
}

/** The kernels of one backend. */
export interface Kernels<Backend> {
  /** Declares a kernel with the inputs and attributes that TensorFlow.js passes to the kernel of this name. */
  kernel<Inputs, Attrs = unknown>(
    name: string,
    run: (backend: Backend, inputs: Inputs, attrs: Attrs) => Outputs,
  ): Kernel<Backend>;
  /** Registers the kernels, once in a process, after those of TensorFlow.js that they replace. */
  installKernels(kernels: readonly Kernel<Backend>[]): void;
  /** Runs a kernel by its name; the caller owns the result. @throws Error if this name is unknown. */
  callKernel(
    backend: Backend,
    name: string,
    inputs: NamedTensorInfoMap,
    attrs?: Record<string, unknown>,
  ): TensorInfo;
}

/** @param backendName as TensorFlow.js registers the backend. */
export function kernelsOf<Backend extends object>(backendName: string): Kernels<Backend> {
  return {
    kernel: (name, run) => ({ name, run: run as unknown as Kernel<Backend>["run"] }),

    installKernels(kernels) {
      for (const { name, run } of kernels) {
        const original = getKernel(name, backendName);
        if (original) unregisterKernel(name, backendName);
        const kernelFunc: KernelFunc = (args) => {
          const result = run(args.backend as Backend, args.inputs, args.attrs ?? {});
          if (result) return result;
          if (!original)
            throw new Error(`kernel ${name} of backend ${backendName} does not take these inputs`);
          return original.kernelFunc(args);
        };
        // The original may have a setup of its own, for which it still runs.
        registerKernel({ ...original, kernelName: name, backendName, kernelFunc });
      }
    },

    callKernel(backend, name, inputs, attrs = {}) {
      const found = getKernel(name, backendName);
      if (!found) throw new Error(`backend ${backendName} has no kernel ${name}`);
      return found.kernelFunc({ inputs, backend, attrs: attrs as NamedAttrMap }) as TensorInfo;
    },
  };
}

/** Whether all are float32 and none is empty. Other tensors are left to TensorFlow.js's kernels. */
export function areFloats(...tensors: (TensorInfo | undefined | null)[]): boolean {
  return tensors.every((tensor) => !tensor || (tensor.dtype === "float32" && !tensor.shape.includes(0)));
}
