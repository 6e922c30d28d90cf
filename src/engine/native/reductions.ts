// Sum, Mean and Max over any axes.

import { backend_util, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import type { Addon } from "./addon.ts";
import { kernel, type NativeKernel } from "./kernels.ts";

interface ReductionAttrs {
  axis?: number | number[];
  /** The name of the axes in Max. */
  reductionIndices?: number | number[];
  keepDims: boolean;
}

export function reductionKernels(addon: Addon): NativeKernel[] {
  return addon.reductionNames.map((name, code) => reduction(name, code));
}

function reduction(name: string, code: number): NativeKernel {
  return kernel<{ x: TensorInfo }, ReductionAttrs>(name, (backend, { x }, attrs) => {
    if (!areFloats(x)) return undefined;
    const axes = util.parseAxisParam((attrs.axis ?? attrs.reductionIndices) as number | number[], x.shape);
    const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
    const shape = attrs.keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept;
    // Neighbouring axes are reduced together, the last ones first: a mean of means of equal length is the mean of all.
    let values = backend.floatsOf(x);
    let tensor: TensorInfo | undefined;
    let inner = 1;
    for (let axis = x.shape.length - 1; axis >= 0 || !tensor; axis--) {
      if (axis >= 0 && !axes.includes(axis)) {
        inner *= x.shape[axis];
        continue;
      }
      let size = axis < 0 ? 1 : x.shape[axis];
      while (axes.includes(axis - 1)) size *= x.shape[--axis];
      const outer = values.length / (size * inner);
      const reduced = backend.makeFloats([outer * inner]);
      backend.addon.reduce(code, outer, size, inner, values, reduced.values);
      if (tensor) backend.disposeIntermediateTensorInfo(tensor);
      ({ tensor, values } = reduced);
    }
    return { ...tensor, shape };
  });
}
