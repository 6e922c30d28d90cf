// Batch normalisation over the last axis, and all its gradients in one kernel, FusedBatchNormGrad.

import { FusedBatchNorm, type FusedBatchNormAttrs, Multiply, type TensorInfo } from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { ACTIVATION } from "./addon.ts";
import { callKernel, kernel, type NativeKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

/** All but x are [channels]. */
interface NormalizationInputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  scale?: TensorInfo | null;
  offset?: TensorInfo | null;
}

/** By channel. */
interface Channels {
  readonly count: number;
  readonly mean: Float32Array;
  /** 1 / √(variance + epsilon) */
  readonly inverseDeviation: Float32Array;
  /** Of x, in the output. */
  readonly factor: Float32Array;
}

/** Undefined if another axis than the last is normalised. */
function channelsOf(
  backend: NativeBackend,
  inputs: NormalizationInputs,
  epsilon: number,
): Channels | undefined {
  const { x, mean, variance, scale, offset } = inputs;
  const count = x.shape.at(-1) as number;
  const byChannel = [mean, variance, scale, offset].filter((tensor) => tensor != null);
  const areOfChannels = byChannel.every(
    (tensor) => tensor.shape.at(-1) === count && backend.floatsOf(tensor).length === count,
  );
  if (!areFloats(x, ...byChannel) || !areOfChannels) return undefined;
  const inverseDeviation = backend.floatsOf(variance).map((value) => 1 / Math.sqrt(value + epsilon));
  const scales = scale ? backend.floatsOf(scale) : undefined;
  const factor = scales ? inverseDeviation.map((inverse, c) => inverse * scales[c]) : inverseDeviation;
  return { count, mean: backend.floatsOf(mean), inverseDeviation, factor };
}

/** Floats of the rows of one call: they stay in the cache while all columns are processed. */
const CALL_FLOATS = 2 ** 15;

/** Calls use(rows, part) for all rows of [rows, channels], some at a time; part(values) are the values of these rows. */
function inParts(
  size: number,
  channels: number,
  use: (rows: number, part: (values: Float32Array) => Float32Array) => void,
): void {
  const most = Math.max(1, Math.floor(CALL_FLOATS / channels)) * channels;
  for (let first = 0; first < size; first += most) {
    const end = Math.min(size, first + most);
    use((end - first) / channels, (values) => values.subarray(first, end));
  }
}

const normalize = kernel<NormalizationInputs, FusedBatchNormAttrs>(
  FusedBatchNorm,
  (backend, inputs, { varianceEpsilon }) => {
    const channels = channelsOf(backend, inputs, varianceEpsilon);
    if (!channels) return undefined;
    const { x, offset } = inputs;
    const { count, mean, factor } = channels;
    const offsets = offset ? backend.floatsOf(offset) : new Float32Array(count);
    const shift = offsets.map((value, c) => value - mean[c] * factor[c]);
    const { tensor, values } = backend.makeFloats(x.shape);
    const rows = values.length / count;
    backend.addon.passes.normalize(rows, count, backend.floatsOf(x), factor, shift, ACTIVATION.none, values);
    return tensor;
  },
);

/** Computes the gradients of x, mean, variance, scale and offset, in this order: mean and variance are inputs. */
const gradients = kernel<NormalizationInputs & { dy: TensorInfo }, FusedBatchNormAttrs>(
  "FusedBatchNormGrad",
  (backend, inputs, { varianceEpsilon }) => {
    const channels = channelsOf(backend, inputs, varianceEpsilon);
    if (!channels) return undefined;
    const { x, dy } = inputs;
    const { count, mean, inverseDeviation, factor } = channels;
    const slopes = backend.floatsOf(dy);
    const [toMean, toVariance, toScale, toOffset] = Array.from({ length: 4 }, () =>
      backend.makeFloats([count]),
    );
    const sumDy = toOffset.values.fill(0);
    const sumDyXhat = toScale.values.fill(0);
    const xValues = backend.floatsOf(x);
    const { passes } = backend.addon;
    inParts(slopes.length, count, (rows, part) =>
      passes.normalizationGradientSums(
        rows,
        count,
        part(xValues),
        part(slopes),
        mean,
        inverseDeviation,
        sumDy,
        sumDyXhat,
      ),
    );
    for (let c = 0; c < count; c++) {
      toMean.values[c] = -sumDy[c] * factor[c];
      toVariance.values[c] = -0.5 * factor[c] * inverseDeviation[c] * sumDyXhat[c];
    }
    const factors = backend.makeFloats([count]);
    factors.values.set(factor);
    const toX = callKernel(backend, Multiply, { a: dy, b: factors.tensor });
    backend.disposeIntermediateTensorInfo(factors.tensor);
    return [toX, ...[toMean, toVariance, toScale, toOffset].map(({ tensor }) => tensor)];
  },
);

export const normalizationKernels: NativeKernel[] = [normalize, gradients];
