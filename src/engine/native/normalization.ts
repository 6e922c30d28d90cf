// Batch normalisation over the last axis, and all its gradients in one kernel, FusedBatchNormGrad.

import { FusedBatchNorm, type FusedBatchNormAttrs, type TensorInfo } from "@tensorflow/tfjs-core";
import { areFloats, kernel, type NativeKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

/** All but x are [channels]. */
interface NormalizationInputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  scale?: TensorInfo | null;
  offset?: TensorInfo | null;
}

/** Undefined where something else than the last axis is normalised. */
function channelsOf(backend: NativeBackend, inputs: NormalizationInputs): number | undefined {
  const { x, mean, variance, scale, offset } = inputs;
  const channels = x.shape.at(-1);
  const isOfChannels = (tensor?: TensorInfo | null) =>
    !tensor || (tensor.shape.at(-1) === channels && backend.floatsOf(tensor).length === channels);
  return areFloats(x, mean, variance, scale, offset) && [mean, variance, scale, offset].every(isOfChannels)
    ? channels
    : undefined;
}

const normalize = kernel<NormalizationInputs, FusedBatchNormAttrs>(
  FusedBatchNorm,
  (backend, inputs, { varianceEpsilon }) => {
    const channels = channelsOf(backend, inputs);
    if (channels === undefined) return undefined;
    const { x, mean, variance, scale, offset } = inputs;
    const { tensor, values } = backend.makeFloats(x.shape);
    backend.addon.normalize(
      values.length / channels,
      channels,
      backend.floatsOf(x),
      backend.floatsOf(mean),
      backend.floatsOf(variance),
      scale ? backend.floatsOf(scale) : undefined,
      offset ? backend.floatsOf(offset) : undefined,
      varianceEpsilon,
      values,
    );
    return tensor;
  },
);

/** To the gradients of x, mean, variance, scale and offset, in this order. */
const gradients = kernel<NormalizationInputs & { dy: TensorInfo }, FusedBatchNormAttrs>(
  "FusedBatchNormGrad",
  (backend, inputs, { varianceEpsilon }) => {
    const channels = channelsOf(backend, inputs);
    if (channels === undefined) return undefined;
    const { x, mean, variance, scale, dy } = inputs;
    const toX = backend.makeFloats(x.shape);
    const [toMean, toVariance, toScale, toOffset] = [0, 1, 2, 3].map(() => backend.makeFloats(mean.shape));
    backend.addon.normalizeGradients(
      toX.values.length / channels,
      channels,
      backend.floatsOf(x),
      backend.floatsOf(mean),
      backend.floatsOf(variance),
      scale ? backend.floatsOf(scale) : undefined,
      undefined,
      varianceEpsilon,
      backend.floatsOf(dy),
      toX.values,
      toMean.values,
      toVariance.values,
      toScale.values,
      toOffset.values,
    );
    return [toX, toMean, toVariance, toScale, toOffset].map(({ tensor }) => tensor);
  },
);

export const normalizationKernels: NativeKernel[] = [normalize, gradients];
