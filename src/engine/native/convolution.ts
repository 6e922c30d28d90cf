// Convolutions and their gradients, of images [batch, height, width, channel], plain and depthwise.

import {
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  DepthwiseConv2dNative,
  DepthwiseConv2dNativeBackpropFilter,
  DepthwiseConv2dNativeBackpropInput,
  FusedConv2D,
  FusedDepthwiseConv2D,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { convolutionInfo, depthwiseInfo, type WindowInfo } from "../windows.ts";
import {
  applyFinish,
  applyRest,
  type Finish,
  type FusedAttrs,
  type FusedInputs,
  finishOf,
} from "./activation.ts";
import { ACTIVATION } from "./addon.ts";
import { kernel, type NativeKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

/** In the order of native/kernels/kernels.h. */
function convolutionShape(info: WindowInfo): Int32Array {
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

/** One kind of convolution: plain or depthwise. */
interface Convolution {
  /** Of its filter on images. Undefined for what is left to the cpu backend. */
  readonly infoOf: typeof convolutionInfo;
  readonly convolve: (
    backend: NativeBackend,
    x: TensorInfo,
    filter: TensorInfo,
    info: WindowInfo,
    finish?: Finish,
  ) => TensorInfo;
  /** Writes the gradient of the input. */
  readonly inputGradient: (
    backend: NativeBackend,
    shape: Int32Array,
    dy: Float32Array,
    filter: Float32Array,
    to: Float32Array,
  ) => void;
  /** Writes the gradient of the filter. */
  readonly filterGradient: (
    backend: NativeBackend,
    shape: Int32Array,
    x: Float32Array,
    dy: Float32Array,
    to: Float32Array,
  ) => void;
}

const plain: Convolution = {
  infoOf: convolutionInfo,
  convolve(backend, x, filter, info, finish) {
    const { tensor, values } = backend.makeFloats(info.outShape);
    const { addon, operands } = backend;
    const shape = convolutionShape(info);
    const bias = finish?.bias ? backend.floatsOf(finish.bias) : null;
    const activation = finish?.activation ?? ACTIVATION.none;
    addon.convolve(shape, operands, backend.floatsOf(x), backend.floatsOf(filter), bias, activation, values);
    return finish ? applyRest(backend, tensor, finish) : tensor;
  },
  inputGradient({ addon, operands }, shape, dy, filter, to) {
    addon.inputGradient(shape, operands, dy, filter, to);
  },
  filterGradient({ addon, operands }, shape, x, dy, to) {
    addon.filterGradient(shape, operands, x, dy, to);
  },
};

/** Filters are [height, width, channel, multiplier]. */
const depthwise: Convolution = {
  infoOf: depthwiseInfo,
  convolve(backend, x, filter, info, finish) {
    const { tensor, values } = backend.makeFloats(info.outShape);
    const shape = convolutionShape(info);
    backend.addon.convolveDepthwise(shape, backend.floatsOf(x), backend.floatsOf(filter), values);
    return finish ? applyFinish(backend, tensor, values, info.outChannels, finish) : tensor;
  },
  inputGradient({ addon }, shape, dy, filter, to) {
    addon.depthwiseInputGradient(shape, dy, filter, to);
  },
  filterGradient({ addon }, shape, x, dy, to) {
    addon.depthwiseFilterGradient(shape, x, dy, to);
  },
};

interface ConvolutionInputs {
  readonly x: TensorInfo;
  readonly filter: TensorInfo;
}

// The attributes of depthwise kernels have the same names.

function forward(name: string, { infoOf, convolve }: Convolution): NativeKernel {
  return kernel<ConvolutionInputs, Conv2DAttrs>(name, (backend, { x, filter }, attrs) => {
    const info = areFloats(x, filter) && infoOf(x.shape, filter.shape, attrs);
    return info ? convolve(backend, x, filter, info) : undefined;
  });
}

function fused(name: string, { infoOf, convolve }: Convolution): NativeKernel {
  return kernel<ConvolutionInputs & FusedInputs, Conv2DAttrs & FusedAttrs>(name, (backend, inputs, attrs) => {
    const { x, filter } = inputs;
    const info = areFloats(x, filter) && infoOf(x.shape, filter.shape, attrs);
    const finish = info && finishOf(info.outChannels, inputs, attrs);
    return finish ? convolve(backend, x, filter, info, finish) : undefined;
  });
}

function inputGradient(name: string, { infoOf, inputGradient: write }: Convolution): NativeKernel {
  return kernel<{ dy: TensorInfo; filter: TensorInfo }, Conv2DBackpropInputAttrs>(
    name,
    (backend, { dy, filter }, attrs) => {
      const info = areFloats(dy, filter) && infoOf(attrs.inputShape, filter.shape, attrs);
      if (!info) return undefined;
      const { tensor, values } = backend.makeFloats(attrs.inputShape);
      write(backend, convolutionShape(info), backend.floatsOf(dy), backend.floatsOf(filter), values);
      return tensor;
    },
  );
}

function filterGradient(name: string, { infoOf, filterGradient: write }: Convolution): NativeKernel {
  return kernel<{ x: TensorInfo; dy: TensorInfo }, Conv2DBackpropFilterAttrs>(
    name,
    (backend, { x, dy }, attrs) => {
      const info = areFloats(x, dy) && infoOf(x.shape, attrs.filterShape, attrs);
      if (!info) return undefined;
      const { tensor, values } = backend.makeFloats(attrs.filterShape);
      write(backend, convolutionShape(info), backend.floatsOf(x), backend.floatsOf(dy), values);
      return tensor;
    },
  );
}

export const convolutionKernels: NativeKernel[] = [
  forward(Conv2D, plain),
  fused(FusedConv2D, plain),
  inputGradient(Conv2DBackpropInput, plain),
  filterGradient(Conv2DBackpropFilter, plain),
  forward(DepthwiseConv2dNative, depthwise),
  fused(FusedDepthwiseConv2D, depthwise),
  inputGradient(DepthwiseConv2dNativeBackpropInput, depthwise),
  filterGradient(DepthwiseConv2dNativeBackpropFilter, depthwise),
];
