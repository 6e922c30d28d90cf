// The gradients of depthwise convolutions, which @tensorflow/tfjs-backend-wasm 4.22 lacks: each pair of a pixel and a tap of
// the filter is looked at once, and adds its product for all channels.

import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type KernelConfig,
  type KernelFunc,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { floatsOf, type KernelArgs } from "./kernels.ts";

type Shape4D = [number, number, number, number];

/**
 * Output gradient dy [batch, outHeight, outWidth, inChannels × multiplier] and filter [height, width, inChannels,
 * multiplier] to the gradient of the input [batch, inHeight, inWidth, inChannels].
 */
function depthwiseInputGradient(args: KernelArgs<DepthwiseConv2dNativeBackpropInputAttrs>): TensorInfo {
  const { inputs, backend, attrs } = args;
  const info = infoOf(attrs.inputShape, inputs.filter.shape, attrs);
  const dx = backend.makeOutput(attrs.inputShape, "float32");
  const dxValues = floatsOf(backend, dx).fill(0);
  const dyValues = floatsOf(backend, inputs.dy);
  const filter = floatsOf(backend, inputs.filter);
  const { inChannels, outChannels } = info;
  const multiplier = outChannels / inChannels;
  eachTap(info, (pixel, place, tap) => {
    for (let channel = 0, out = 0; channel < inChannels; channel++) {
      let sum = 0;
      for (let k = 0; k < multiplier; k++, out++) sum += dyValues[place + out] * filter[tap + out];
      dxValues[pixel + channel] += sum;
    }
  });
  return dx;
}

/**
 * Input x [batch, inHeight, inWidth, inChannels] and output gradient dy [batch, outHeight, outWidth, inChannels ×
 * multiplier] to the gradient of the filter [height, width, inChannels, multiplier].
 */
function depthwiseFilterGradient(args: KernelArgs<DepthwiseConv2dNativeBackpropFilterAttrs>): TensorInfo {
  const { inputs, backend, attrs } = args;
  const info = infoOf(inputs.x.shape as Shape4D, attrs.filterShape, attrs);
  const gradient = backend.makeOutput(attrs.filterShape, "float32");
  const values = floatsOf(backend, gradient).fill(0);
  const xValues = floatsOf(backend, inputs.x);
  const dyValues = floatsOf(backend, inputs.dy);
  const { inChannels, outChannels } = info;
  const multiplier = outChannels / inChannels;
  eachTap(info, (pixel, place, tap) => {
    for (let channel = 0, out = 0; channel < inChannels; channel++) {
      const value = xValues[pixel + channel];
      for (let k = 0; k < multiplier; k++, out++) values[tap + out] += value * dyValues[place + out];
    }
  });
  return gradient;
}

function infoOf(
  inputShape: Shape4D,
  filterShape: number[],
  { strides, pad, dimRoundingMode, dilations }: Omit<DepthwiseConv2dNativeBackpropInputAttrs, "inputShape">,
): backend_util.Conv2DInfo {
  const shape = filterShape as Shape4D;
  return backend_util.computeConv2DInfo(inputShape, shape, strides, dilations, pad, dimRoundingMode, true);
}

/** Calls visit(the pixel's first value, the output place's, the tap's) for all that meet. */
function eachTap(
  info: backend_util.Conv2DInfo,
  visit: (pixel: number, place: number, tap: number) => void,
): void {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = info;
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let i = 0; i < info.filterHeight; i++) {
        const row = outRow * info.strideHeight + i * info.dilationHeight - padInfo.top;
        if (row < 0 || row >= inHeight) continue;
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          const place = ((image * outHeight + outRow) * outWidth + outColumn) * outChannels;
          for (let j = 0; j < info.filterWidth; j++) {
            const column = outColumn * info.strideWidth + j * info.dilationWidth - padInfo.left;
            if (column < 0 || column >= inWidth) continue;
            const pixel = ((image * inHeight + row) * inWidth + column) * inChannels;
            visit(pixel, place, (i * info.filterWidth + j) * outChannels);
          }
        }
      }
    }
  }
}

export const depthwiseGradientKernels: KernelConfig[] = [
  {
    kernelName: DepthwiseConv2dNativeBackpropInput,
    backendName: "wasm",
    kernelFunc: depthwiseInputGradient as unknown as KernelFunc,
  },
  {
    kernelName: DepthwiseConv2dNativeBackpropFilter,
    backendName: "wasm",
    kernelFunc: depthwiseFilterGradient as unknown as KernelFunc,
  },
];
