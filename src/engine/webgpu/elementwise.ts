// Gradients in one pass, which TensorFlow.js composes of two or three.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { kernel } from "./kernels.ts";
import { elementwise, workgroupsFor } from "./shader.ts";

interface GradientInputs {
  dy: TensorInfo;
  x: TensorInfo;
}

/** A kernel that maps dy and x, of the same shape, to `slope`, WGSL of their values `d` and `v`. */
function gradient(name: string, slope: string) {
  return kernel<GradientInputs>(name, (backend, { dy, x }) => {
    if (!areFloats(dy, x)) return undefined;
    const result = backend.make(x.shape);
    const buffers = [result, dy, x].map((tensor) => backend.bufferOf(tensor));
    const size = buffers[0].size / 4;
    const code = `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
${elementwise(
  `${size}u`,
  `
  let d = dy[i];
  let v = x[i];
  result[i] = ${slope};`,
)}`;
    backend.run({ name, code }, buffers, workgroupsFor(size));
    return result;
  });
}

interface DifferenceInputs {
  dy: TensorInfo;
  a: TensorInfo;
  /** It has a's last axes, and is repeated along the others. */
  b: TensorInfo;
}

/** Of (a − b)², by a: 2 (a − b) dy. */
const squaredDifference = kernel<DifferenceInputs>("SquaredDifferenceGrad", (backend, { dy, a, b }) => {
  const result = backend.make(a.shape);
  const buffers = [result, dy, a, b].map((tensor) => backend.bufferOf(tensor));
  const size = buffers[0].size / 4;
  const code = `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
${elementwise(`${size}u`, `result[i] = 2.0 * (a[i] - b[i % ${buffers[3].size / 4}u]) * dy[i];`)}`;
  backend.run({ name: "SquaredDifferenceGrad", code }, buffers, workgroupsFor(size));
  return result;
});

export const elementwiseKernels = [
  gradient("ReluGrad", "select(0.0, d, v > 0.0)"),
  gradient("Relu6Grad", "select(0.0, d, v > 0.0 && v <= 6.0)"),
  squaredDifference,
];
