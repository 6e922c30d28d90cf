// Convolutions and their gradients, of images [batch, height, width, channel].

import {
  backend_util,
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { applyRest, type Finish, type FusedAttrs, type FusedInputs, finishOf } from "./activation.ts";
import { ACTIVATION } from "./addon.ts";
import { areFloats, kernel, type NativeKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

export type Shape4D = [number, number, number, number];
type Info = backend_util.Conv2DInfo;

/** As native/kernels/kernels.h has it. */
export function convolutionShape(info: Info): Int32Array {
  return Int32Array.of(
    info.batchSize,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.outHeight,
    info.outWidth,
    info.outChannels,
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
    info.dilationHeight,
    info.dilationWidth,
    info.padInfo.top,
    info.padInfo.left,
  );
}

export interface InfoAttrs {
  strides: Conv2DAttrs["strides"];
  pad: Conv2DAttrs["pad"];
  dimRoundingMode?: Conv2DAttrs["dimRoundingMode"];
  dataFormat?: Conv2DAttrs["dataFormat"];
}

/** Undefined for what is left to the cpu backend: channels before pixels, an empty result, channels that do not fit. */
export function infoOf(
  inputShape: number[],
  filterShape: number[],
  { strides, pad, dimRoundingMode, dataFormat }: InfoAttrs,
  dilations: Conv2DAttrs["dilations"],
  isDepthwise = false,
): Info | undefined {
  if (dataFormat === "NCHW") return undefined;
  const info = backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    isDepthwise,
  );
  return info.outShape.every((size) => size > 0) && info.inChannels === filterShape[2] ? info : undefined;
}

/** The one place where images are convolved. */
function convolve(
  backend: NativeBackend,
  x: TensorInfo,
  filter: TensorInfo,
  info: Info,
  finish?: Finish,
): TensorInfo {
  const { tensor, values } = backend.makeFloats(info.outShape);
  const { addon, operands } = backend;
  const shape = convolutionShape(info);
  const bias = finish?.bias ? backend.floatsOf(finish.bias) : null;
  const activation = finish?.activation ?? ACTIVATION.none;
  addon.convolve(shape, operands, backend.floatsOf(x), backend.floatsOf(filter), bias, activation, values);
  return finish ? applyRest(backend, tensor, finish) : tensor;
}

interface ConvolutionInputs {
  x: TensorInfo;
  filter: TensorInfo;
}

const conv2D = kernel<ConvolutionInputs, Conv2DAttrs>(Conv2D, (backend, { x, filter }, attrs) => {
  const info = areFloats(x, filter) && infoOf(x.shape, filter.shape, attrs, attrs.dilations);
  return info ? convolve(backend, x, filter, info) : undefined;
});

const fusedConv2D = kernel<ConvolutionInputs & FusedInputs, FusedConv2DAttrs>(
  FusedConv2D,
  (backend, inputs, attrs) => {
    const { x, filter } = inputs;
    const info = areFloats(x, filter) && infoOf(x.shape, filter.shape, attrs, attrs.dilations);
    const finish = info && finishOf(info.outChannels, inputs, attrs as unknown as FusedAttrs);
    return finish ? convolve(backend, x, filter, info, finish) : undefined;
  },
);

const inputGradient = kernel<{ dy: TensorInfo; filter: TensorInfo }, Conv2DBackpropInputAttrs>(
  Conv2DBackpropInput,
  (backend, { dy, filter }, attrs) => {
    const info = areFloats(dy, filter) && infoOf(attrs.inputShape, filter.shape, attrs, 1);
    if (!info) return undefined;
    const { tensor, values } = backend.makeFloats(attrs.inputShape);
    const shape = convolutionShape(info);
    const { addon, operands } = backend;
    addon.inputGradient(shape, operands, backend.floatsOf(dy), backend.floatsOf(filter), values);
    return tensor;
  },
);

const filterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, Conv2DBackpropFilterAttrs>(
  Conv2DBackpropFilter,
  (backend, { x, dy }, attrs) => {
    const info = areFloats(x, dy) && infoOf(x.shape, attrs.filterShape, attrs, 1);
    if (!info) return undefined;
    const { tensor, values } = backend.makeFloats(attrs.filterShape);
    const { addon, operands } = backend;
    addon.filterGradient(convolutionShape(info), operands, backend.floatsOf(x), backend.floatsOf(dy), values);
    return tensor;
  },
);

export const convolutionKernels: NativeKernel[] = [conv2D, fusedConv2D, inputGradient, filterGradient];
