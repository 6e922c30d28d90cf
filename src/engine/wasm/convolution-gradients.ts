// The convolution gradients that @tensorflow/tfjs-backend-wasm 4.22 lacks (Conv2DBackpropFilter) or has only as slow
// scalar code (Conv2DBackpropInput), composed of its fast forward convolution (XNNPACK):
//
//   input gradient   = the output gradient, spread by the stride, convolved with the flipped filter whose input and
//                      output channels are exchanged;
//   filter gradient  = the input with batch and channels exchanged, convolved with the output gradient as its filter,
//                      dilated by the stride.
//
// See Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", chapter 4.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import {
  Conv2D,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { convolutionInfo, type WindowInfo } from "../windows.ts";
import { callKernel, floatsOf, kernel, release, type WasmKernel } from "./kernels.ts";
import { transposeMatrix } from "./transpose.ts";

/**
 * Output gradient dy [batch, outHeight, outWidth, outChannels] and filter [height, width, inChannels, outChannels]
 * to the gradient of the input [batch, inHeight, inWidth, inChannels].
 */
function inputGradient(
  backend: BackendWasm,
  dy: TensorInfo,
  filter: TensorInfo,
  info: WindowInfo,
): TensorInfo {
  const spread = spreadByStride(backend, dy, info);
  const flipped = flipFilter(backend, filter);
  const [, spreadHeight, spreadWidth] = spread.shape;
  const padding = (inSize: number, filterSize: number, padBefore: number, spreadSize: number) => {
    const before = filterSize - 1 - padBefore;
    return [before, inSize + filterSize - 1 - before - spreadSize];
  };
  const rows = padding(info.inHeight, info.filterHeight, info.padInfo.top, spreadHeight);
  const columns = padding(info.inWidth, info.filterWidth, info.padInfo.left, spreadWidth);
  const result = convolve(backend, spread, flipped, rows, columns, [1, 1]);
  release(backend, flipped);
  if (spread !== dy) release(backend, spread);
  return result;
}

/**
 * Input x [batch, inHeight, inWidth, inChannels] and output gradient dy [batch, outHeight, outWidth, outChannels]
 * to the gradient of the filter [height, width, inChannels, outChannels].
 */
function filterGradient(backend: BackendWasm, x: TensorInfo, dy: TensorInfo, info: WindowInfo): TensorInfo {
  const { batchSize, inChannels, outChannels, filterHeight, filterWidth, inHeight, inWidth } = info;
  const pixels = inHeight * inWidth * inChannels;
  // [batch, height × width × channels] → [height × width × channels, batch] → [channels, height, width, batch]
  const pixelsFirst = transposeMatrix(backend, x, batchSize, pixels);
  const exchanged = callKernel(
    backend,
    "Transpose",
    { x: reshaped(pixelsFirst, [inHeight * inWidth, inChannels, batchSize]) },
    { perm: [1, 0, 2] },
  );
  release(backend, pixelsFirst);
  const { outHeight, outWidth, strideHeight, strideWidth } = info;
  const dyFilter = callKernel(
    backend,
    "Transpose",
    { x: reshaped(dy, [batchSize, outHeight * outWidth, outChannels]) },
    { perm: [1, 0, 2] },
  );
  const reach = (outSize: number, stride: number, filterSize: number) => (outSize - 1) * stride + filterSize;
  const rows = [info.padInfo.top, reach(outHeight, strideHeight, filterHeight) - inHeight - info.padInfo.top];
  const columns = [
    info.padInfo.left,
    reach(outWidth, strideWidth, filterWidth) - inWidth - info.padInfo.left,
  ];
  const gradient = convolve(
    backend,
    reshaped(exchanged, [inChannels, inHeight, inWidth, batchSize]),
    reshaped(dyFilter, [outHeight, outWidth, batchSize, outChannels]),
    rows,
    columns,
    [strideHeight, strideWidth],
  );
  release(backend, exchanged, dyFilter);
  // [inChannels, height, width, outChannels] → [height, width, inChannels, outChannels]
  const result = callKernel(
    backend,
    "Transpose",
    { x: reshaped(gradient, [inChannels, filterHeight * filterWidth, outChannels]) },
    { perm: [1, 0, 2] },
  );
  release(backend, gradient);
  return reshaped(result, info.filterShape);
}

function convolve(
  backend: BackendWasm,
  x: TensorInfo,
  filter: TensorInfo,
  rows: number[],
  columns: number[],
  dilations: [number, number],
): TensorInfo {
  return callKernel(
    backend,
    Conv2D,
    { x, filter },
    {
      strides: [1, 1],
      pad: [[0, 0], rows, columns, [0, 0]],
      dilations,
      dataFormat: "NHWC",
    },
  );
}

function reshaped(tensor: TensorInfo, shape: number[]): TensorInfo {
  return { dataId: tensor.dataId, shape, dtype: tensor.dtype };
}

function spreadByStride(backend: BackendWasm, dy: TensorInfo, info: WindowInfo): TensorInfo {
  const { strideHeight, strideWidth, outHeight, outWidth, outChannels, batchSize } = info;
  if (strideHeight === 1 && strideWidth === 1) return dy;
  const height = (outHeight - 1) * strideHeight + 1;
  const width = (outWidth - 1) * strideWidth + 1;
  const spread = backend.makeOutput([batchSize, height, width, outChannels], "float32");
  const to = floatsOf(backend, spread).fill(0);
  const from = floatsOf(backend, dy);
  for (let image = 0; image < batchSize; image++) {
    for (let row = 0; row < outHeight; row++) {
      for (let column = 0; column < outWidth; column++) {
        const source = ((image * outHeight + row) * outWidth + column) * outChannels;
        const target = ((image * height + row * strideHeight) * width + column * strideWidth) * outChannels;
        for (let channel = 0; channel < outChannels; channel++) to[target + channel] = from[source + channel];
      }
    }
  }
  return spread;
}

/** [height, width, inChannels, outChannels] → turned by 180°, [height, width, outChannels, inChannels]. */
function flipFilter(backend: BackendWasm, filter: TensorInfo): TensorInfo {
  const [height, width, inChannels, outChannels] = filter.shape;
  const flipped = backend.makeOutput([height, width, outChannels, inChannels], "float32");
  const from = floatsOf(backend, filter);
  const to = floatsOf(backend, flipped);
  const taps = height * width;
  const size = inChannels * outChannels;
  for (let tap = 0; tap < taps; tap++) {
    const source = tap * size;
    const target = (taps - 1 - tap) * size;
    for (let input = 0; input < inChannels; input++) {
      for (let output = 0; output < outChannels; output++) {
        to[target + output * inChannels + input] = from[source + input * outChannels + output];
      }
    }
  }
  return flipped;
}

export const convolutionGradientKernels: WasmKernel[] = [
  kernel<{ dy: TensorInfo; filter: TensorInfo }, Conv2DBackpropInputAttrs>(
    Conv2DBackpropInput,
    (backend, { dy, filter }, attrs) => {
      const info = convolutionInfo(attrs.inputShape, filter.shape, attrs);
      return info && inputGradient(backend, dy, filter, info);
    },
  ),
  kernel<{ x: TensorInfo; dy: TensorInfo }, Conv2DBackpropFilterAttrs>(
    Conv2DBackpropFilter,
    (backend, { x, dy }, attrs) => {
      const info = convolutionInfo(x.shape, attrs.filterShape, attrs);
      return info && filterGradient(backend, x, dy, info);
    },
  ),
];
