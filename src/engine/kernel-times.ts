// How long TensorFlow.js's kernels take. On the engines that can be profiled a call returns when the kernel has run, so the
// times add up.

import { engine, getKernel, profile } from "@tensorflow/tfjs-core";

export interface KernelTime {
  readonly kernel: string;
  readonly seconds: number;
}

/** Runs `work` and reports every kernel that it called on the current backend. */
export async function timeKernels<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly kernels: KernelTime[]; readonly result: Result }> {
  const { backendName } = engine();
  let result: Result | undefined;
  const { kernels } = await profile(async () => {
    result = await work();
    return [];
  });
  return {
    // Functions with a custom gradient are listed too, besides the kernels that they call.
    kernels: kernels
      .filter(({ name }) => getKernel(name, backendName))
      .map(({ name, kernelTimeMs }) => {
        if (typeof kernelTimeMs !== "number") throw new Error(`kernel ${name} was not timed`);
        return { kernel: name, seconds: kernelTimeMs / 1000 };
      }),
    result: result as Result,
  };
}

/** Runs `work` without reporting its kernels to a surrounding `timeKernels`. */
export function withoutTimes<Result>(work: () => Result): Result {
  const { state } = engine();
  const isProfiling = state.profiling;
  state.profiling = false;
  try {
    return work();
  } finally {
    state.profiling = isProfiling;
  }
}
