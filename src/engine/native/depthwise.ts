// Depthwise convolutions and their gradients: images [batch, height, width, channel], filters [height, width, channel,
// multiplier].

import {
  backend_util,
  DepthwiseConv2dNative,
  type DepthwiseConv2dNativeAttrs,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  FusedDepthwiseConv2D,
  type FusedDepthwiseConv2DAttrs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { applyFinish, type Finish, type FusedAttrs, type FusedInputs, finishOf } from "./activation.ts";
import { convolutionShape, type InfoAttrs, infoOf } from "./convolution.ts";
import { areFloats, kernel, type NativeKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

type Info = backend_util.Conv2DInfo;
type Attrs = Omit<InfoAttrs, "dataFormat"> & { dilations: DepthwiseConv2dNativeAttrs["dilations"] | null };

/** Undefined for what is left to the cpu backend, a shape that it refuses included. */
function depthwiseInfoOf(inputShape: number[], filterShape: number[], attrs: Attrs): Info | undefined {
  const { strides, pad, dimRoundingMode } = attrs;
  const dilations = attrs.dilations ?? [1, 1];
  if (!backend_util.eitherStridesOrDilationsAreOne(strides, dilations)) return undefined;
  return infoOf(inputShape, filterShape, { strides, pad, dimRoundingMode }, dilations, true);
}

function convolve(
  backend: NativeBackend,
  x: TensorInfo,
  filter: TensorInfo,
  info: Info,
  finish?: Finish,
): TensorInfo {
  const { tensor, values } = backend.makeFloats(info.outShape);
  const shape = convolutionShape(info);
  backend.addon.convolveDepthwise(shape, backend.floatsOf(x), backend.floatsOf(filter), values);
  return finish ? applyFinish(backend, tensor, values, info.outChannels, finish) : tensor;
}

interface ConvolutionInputs {
  x: TensorInfo;
  filter: TensorInfo;
}

const depthwise = kernel<ConvolutionInputs, DepthwiseConv2dNativeAttrs>(
  DepthwiseConv2dNative,
  (backend, { x, filter }, attrs) => {
    const info = areFloats(x, filter) && depthwiseInfoOf(x.shape, filter.shape, attrs);
    return info ? convolve(backend, x, filter, info) : undefined;
  },
);

const fusedDepthwise = kernel<ConvolutionInputs & FusedInputs, FusedDepthwiseConv2DAttrs>(
  FusedDepthwiseConv2D,
  (backend, inputs, attrs) => {
    const { x, filter } = inputs;
    const info = areFloats(x, filter) && depthwiseInfoOf(x.shape, filter.shape, attrs);
    const finish = info && finishOf(info.outChannels, inputs, attrs as unknown as FusedAttrs);
    return finish ? convolve(backend, x, filter, info, finish) : undefined;
  },
);

const inputGradient = kernel<{ dy: TensorInfo; filter: TensorInfo }, DepthwiseConv2dNativeBackpropInputAttrs>(
  DepthwiseConv2dNativeBackpropInput,
  (backend, { dy, filter }, attrs) => {
    const info = areFloats(dy, filter) && depthwiseInfoOf(attrs.inputShape, filter.shape, attrs);
    if (!info) return undefined;
    const { tensor, values } = backend.makeFloats(attrs.inputShape);
    const shape = convolutionShape(info);
    backend.addon.depthwiseInputGradient(shape, backend.floatsOf(dy), backend.floatsOf(filter), values);
    return tensor;
  },
);

const filterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, DepthwiseConv2dNativeBackpropFilterAttrs>(
  DepthwiseConv2dNativeBackpropFilter,
  (backend, { x, dy }, attrs) => {
    const info = areFloats(x, dy) && depthwiseInfoOf(x.shape, attrs.filterShape, attrs);
    if (!info) return undefined;
    const { tensor, values } = backend.makeFloats(attrs.filterShape);
    const shape = convolutionShape(info);
    backend.addon.depthwiseFilterGradient(shape, backend.floatsOf(x), backend.floatsOf(dy), values);
    return tensor;
  },
);

export const depthwiseKernels: NativeKernel[] = [depthwise, fusedDepthwise, inputGradient, filterGradient];
