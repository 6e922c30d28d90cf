// All gradients of batch normalisation over the last axis in one kernel, from two sums over rows; TensorFlow.js composes them of
// some twenty passes.

import type { FusedBatchNormAttrs, TensorInfo } from "@tensorflow/tfjs-core";
import { kernel } from "./kernels.ts";
import { sumRows } from "./reductions.ts";
import { elementwise, workgroupsFor } from "./shader.ts";

/** mean, variance and scale are [channels]. */
interface Inputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  dy: TensorInfo;
  scale?: TensorInfo;
}

/** Computes the gradients of x, mean, variance, scale and offset, in this order: mean and variance are inputs. */
const gradients = kernel<Inputs, FusedBatchNormAttrs>(
  "FusedBatchNormGrad",
  (backend, { x, mean, variance, dy, scale }, { varianceEpsilon }) => {
    const channels = x.shape[x.shape.length - 1];
    const size = x.shape.reduce((product, length) => product * length, 1);
    const sums = sumRows(
      backend,
      {
        name: "normalisation gradient sums",
        ...{ outer: 1, rows: size / channels, columns: channels },
        terms: ["dy[at]", "dy[at] * (x[at] - mean[column])"],
        inputs: { dy, x, mean },
      },
      [2, channels],
    );
    const toX = backend.make(x.shape);
    const toChannels = [0, 1, 2, 3].map(() => backend.make([channels]));
    const scales = scale ? [scale] : [];
    const epsilon = `${varianceEpsilon}`;
    const factor = (channel: string) =>
      `${scale ? `scale[${channel}] * ` : ""}inverseSqrt(variance[${channel}] + ${epsilon})`;
    const buffersOf = (...tensors: TensorInfo[]) => tensors.map((tensor) => backend.bufferOf(tensor));
    const spread = `
@group(0) @binding(0) var<storage, read_write> toX: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> variance: array<f32>;
${scale ? "@group(0) @binding(3) var<storage, read> scale: array<f32>;" : ""}
${elementwise(`${size}u`, `let channel = i % ${channels}u; toX[i] = dy[i] * ${factor("channel")};`)}`;
    backend.run(
      { name: "normalisation gradient", code: spread },
      buffersOf(toX, dy, variance, ...scales),
      workgroupsFor(size),
    );
    const byChannel = `
@group(0) @binding(0) var<storage, read_write> toMean: array<f32>;
@group(0) @binding(1) var<storage, read_write> toVariance: array<f32>;
@group(0) @binding(2) var<storage, read_write> toScale: array<f32>;
@group(0) @binding(3) var<storage, read_write> toOffset: array<f32>;
@group(0) @binding(4) var<storage, read> sums: array<f32>;
@group(0) @binding(5) var<storage, read> variance: array<f32>;
${scale ? "@group(0) @binding(6) var<storage, read> scale: array<f32>;" : ""}
${elementwise(
  `${channels}u`,
  `
  let inverse = inverseSqrt(variance[i] + ${epsilon});
  let factor = ${factor("i")};
  toMean[i] = -sums[i] * factor;
  toVariance[i] = -0.5 * factor * inverse * inverse * sums[${channels}u + i];
  toScale[i] = sums[${channels}u + i] * inverse;
  toOffset[i] = sums[i];`,
)}`;
    backend.run(
      { name: "normalisation gradient by channel", code: byChannel },
      buffersOf(...toChannels, sums, variance, ...scales),
      workgroupsFor(channels),
    );
    backend.disposeData(sums.dataId);
    return [toX, ...toChannels];
  },
);

export const normalizationKernels = [gradients];
