// The gradients of depthwise convolutions, which @tensorflow/tfjs-backend-wasm 4.22 lacks: each pair of a pixel and a tap of
// the filter is visited once, and adds its product for all channels.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import {
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  DepthwiseConv2dNativeBackpropInput,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { depthwiseInfo, type WindowInfo } from "../windows.ts";
import { floatsOf, kernel, type WasmKernel } from "./kernels.ts";

/**
 * Output gradient dy [batch, outHeight, outWidth, inChannels × multiplier] and filter [height, width, inChannels,
 * multiplier] to the gradient of the input [batch, inHeight, inWidth, inChannels].
 */
function inputGradient(
  backend: BackendWasm,
  dy: TensorInfo,
  filter: TensorInfo,
  info: WindowInfo,
): TensorInfo {
  const dx = backend.makeOutput(info.inShape, "float32");
  const dxValues = floatsOf(backend, dx).fill(0);
  const dyValues = floatsOf(backend, dy);
  const weights = floatsOf(backend, filter);
  const { inChannels, outChannels } = info;
  const multiplier = outChannels / inChannels;
  eachTap(info, (pixel, place, tap) => {
    for (let channel = 0, out = 0; channel < inChannels; channel++) {
      let sum = 0;
      for (let k = 0; k < multiplier; k++, out++) sum += dyValues[place + out] * weights[tap + out];
      dxValues[pixel + channel] += sum;
    }
  });
  return dx;
}

/**
 * Input x [batch, inHeight, inWidth, inChannels] and output gradient dy [batch, outHeight, outWidth, inChannels ×
 * multiplier] to the gradient of the filter [height, width, inChannels, multiplier].
 */
function filterGradient(backend: BackendWasm, x: TensorInfo, dy: TensorInfo, info: WindowInfo): TensorInfo {
  const gradient = backend.makeOutput(info.filterShape, "float32");
  const values = floatsOf(backend, gradient).fill(0);
  const xValues = floatsOf(backend, x);
  const dyValues = floatsOf(backend, dy);
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

/** Calls visit for each pixel, place of the output and tap that are multiplied, with the index of the first value of each. */
function eachTap(info: WindowInfo, visit: (pixel: number, place: number, tap: number) => void): void {
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

export const depthwiseGradientKernels: WasmKernel[] = [
  kernel<{ dy: TensorInfo; filter: TensorInfo }, DepthwiseConv2dNativeBackpropInputAttrs>(
    DepthwiseConv2dNativeBackpropInput,
    (backend, { dy, filter }, attrs) => {
      const info = depthwiseInfo(attrs.inputShape, filter.shape, attrs);
      return info && inputGradient(backend, dy, filter, info);
    },
  ),
  kernel<{ x: TensorInfo; dy: TensorInfo }, DepthwiseConv2dNativeBackpropFilterAttrs>(
    DepthwiseConv2dNativeBackpropFilter,
    (backend, { x, dy }, attrs) => {
      const info = depthwiseInfo(x.shape, attrs.filterShape, attrs);
      return info && filterGradient(backend, x, dy, info);
    },
  ),
];
