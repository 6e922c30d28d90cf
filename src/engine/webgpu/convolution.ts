// Convolutions and their gradients as products whose operands are read directly from images; see Dumoulin and Visin 2016, "A
// guide to convolution arithmetic for deep learning". In TensorFlow.js's own gradients one invocation sums over all images
// for each value of a filter, which leaves a GPU mostly idle. Shapes are constants of the shader, so that the compiler turns
// divisions into multiplications.

import {
  Conv2D,
  type Conv2DAttrs,
  Conv2DBackpropFilter,
  type Conv2DBackpropFilterAttrs,
  Conv2DBackpropInput,
  type Conv2DBackpropInputAttrs,
  FusedConv2D,
  type FusedConv2DAttrs,
  type FusedConv2DInputs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { convolutionInfo, type WindowInfo } from "../windows.ts";
import type { GpuBackend } from "./gpu-backend.ts";
import { kernel } from "./kernels.ts";
import { isProductActivation, multiply, type ProductActivation } from "./products.ts";

/** WGSL: an index into rows of pixels as (image, row, column, 0). */
function pixelPlace(index: string, height: number, width: number): string {
  return `let i = i32(${index}); return vec4i(i / ${height * width}, i / ${width} % ${height}, i % ${width}, 0);`;
}

/** WGSL: an index into a filter's values of one channel of the other side, as (row, column, channel, 0). */
function tapPlace(index: string, width: number, channels: number): string {
  return `vec4i(i32(${index}) / ${width * channels}, i32(${index}) / ${channels} % ${width}, i32(${index}) % ${channels}, 0)`;
}

/** WGSL: statements that return `images` at (image, y, x, channel), or 0 beyond the border; four values if `isVector`. */
function readPixel(
  images: string,
  height: number,
  width: number,
  channels: number,
  isVector: boolean,
): string {
  const zero = isVector ? "vec4f()" : "0.0";
  return `
  if (y < 0 || y >= ${height} || x < 0 || x >= ${width}) { return ${zero}; }
  return ${images}[(((image * ${height} + y) * ${width} + x) * ${channels} + channel)${isVector ? " / 4" : ""}];`;
}

/** The left operand is x [batch, height, width, channels] in the window of each output place: [output pixels, taps]. */
function convolve(
  backend: GpuBackend,
  x: TensorInfo,
  filter: TensorInfo,
  info: WindowInfo,
  bias?: TensorInfo,
  activation?: ProductActivation,
): TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, inHeight, inWidth, inChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } =
    info;
  const isVector = inChannels % 4 === 0;
  const isFilterVector = outChannels % 4 === 0;
  return multiply(
    backend,
    {
      name: "convolution",
      rows: batchSize * outHeight * outWidth,
      columns: outChannels,
      depth: filterHeight * filterWidth * inChannels,
      left: {
        along: "depth",
        place: pixelPlace("outer", outHeight, outWidth),
        read: `
  let tap = ${tapPlace("depth", filterWidth, inChannels)};
  let image = place.x;
  let y = place.y * ${strideHeight} + tap.x * ${dilationHeight} - ${padInfo.top};
  let x = place.z * ${strideWidth} + tap.y * ${dilationWidth} - ${padInfo.left};
  let channel = tap.z;
  ${readPixel("images", inHeight, inWidth, inChannels, isVector)}`,
        isVector,
      },
      right: {
        along: "outer",
        read: `return filters[(depth * ${outChannels}u + outer)${isFilterVector ? " / 4u" : ""}];`,
        isVector: isFilterVector,
      },
      inputs: [
        { name: "images", tensor: x, isVector },
        { name: "filters", tensor: filter, isVector: isFilterVector },
      ],
      bias,
      activation,
    },
    info.outShape,
  );
}

/** The left operand has, for each input pixel and tap, the gradient of the output place where the two meet. */
function inputGradient(
  backend: GpuBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  info: WindowInfo,
): TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, inHeight, inWidth, inChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const isVector = outChannels % 4 === 0;
  // There is such a place only if the distance is a multiple of the stride.
  const divide = (name: string, stride: number) =>
    stride === 1
      ? ""
      : `if (${name} < 0 || ${name} % ${stride} != 0) { return ${isVector ? "vec4f()" : "0.0"}; } ${name} /= ${stride};`;
  return multiply(
    backend,
    {
      name: "input gradient",
      rows: batchSize * inHeight * inWidth,
      columns: inChannels,
      depth: filterHeight * filterWidth * outChannels,
      left: {
        along: "depth",
        place: pixelPlace("outer", inHeight, inWidth),
        read: `
  let tap = ${tapPlace("depth", filterWidth, outChannels)};
  let image = place.x;
  var y = place.y + ${padInfo.top} - tap.x;
  var x = place.z + ${padInfo.left} - tap.y;
  ${divide("y", strideHeight)}
  ${divide("x", strideWidth)}
  let channel = tap.z;
  ${readPixel("gradients", outHeight, outWidth, outChannels, isVector)}`,
        isVector,
      },
      right: {
        along: "depth",
        read: `return filters[(depth / ${outChannels}u * ${inChannels * outChannels}u + outer * ${outChannels}u + depth % ${outChannels}u)${isVector ? " / 4u" : ""}];`,
        isVector,
      },
      inputs: [
        { name: "gradients", tensor: dy, isVector },
        { name: "filters", tensor: filter, isVector },
      ],
    },
    info.inShape,
  );
}

/** For each tap, the sum over all output places of the input pixel that it meets there, times the output's gradient. */
function filterGradient(backend: GpuBackend, x: TensorInfo, dy: TensorInfo, info: WindowInfo): TensorInfo {
  const { batchSize, outHeight, outWidth, outChannels, inHeight, inWidth, inChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const isVector = inChannels % 4 === 0;
  const isGradientVector = outChannels % 4 === 0;
  return multiply(
    backend,
    {
      name: "filter gradient",
      rows: filterHeight * filterWidth * inChannels,
      columns: outChannels,
      depth: batchSize * outHeight * outWidth,
      left: {
        along: "outer",
        place: `return ${tapPlace("outer", filterWidth, inChannels)};`,
        read: `
  let at = i32(depth);
  let image = at / ${outHeight * outWidth};
  let y = at / ${outWidth} % ${outHeight} * ${strideHeight} + place.x - ${padInfo.top};
  let x = at % ${outWidth} * ${strideWidth} + place.y - ${padInfo.left};
  let channel = place.z;
  ${readPixel("images", inHeight, inWidth, inChannels, isVector)}`,
        isVector,
      },
      right: {
        along: "outer",
        read: `return gradients[(depth * ${outChannels}u + outer)${isGradientVector ? " / 4u" : ""}];`,
        isVector: isGradientVector,
      },
      inputs: [
        { name: "images", tensor: x, isVector },
        { name: "gradients", tensor: dy, isVector: isGradientVector },
      ],
    },
    info.filterShape,
  );
}

export const convolutionKernels = [
  kernel<{ x: TensorInfo; filter: TensorInfo }, Conv2DAttrs>(Conv2D, (backend, { x, filter }, attrs) => {
    const info = areFloats(x, filter) && convolutionInfo(x.shape, filter.shape, attrs);
    return info ? convolve(backend, x, filter, info) : undefined;
  }),
  kernel<FusedConv2DInputs, FusedConv2DAttrs>(
    FusedConv2D,
    (backend, { x, filter, bias, preluActivationWeights }, attrs) => {
      const activation = attrs.activation ?? "linear";
      if (preluActivationWeights || !isProductActivation(activation)) return undefined;
      const info = areFloats(x, filter, bias) && convolutionInfo(x.shape, filter.shape, attrs);
      return info ? convolve(backend, x, filter, info, bias, activation) : undefined;
    },
  ),
  kernel<{ dy: TensorInfo; filter: TensorInfo }, Conv2DBackpropInputAttrs>(
    Conv2DBackpropInput,
    (backend, { dy, filter }, attrs) => {
      const info = areFloats(dy, filter) && convolutionInfo(attrs.inputShape, filter.shape, attrs);
      return info ? inputGradient(backend, dy, filter, info) : undefined;
    },
  ),
  kernel<{ x: TensorInfo; dy: TensorInfo }, Conv2DBackpropFilterAttrs>(
    Conv2DBackpropFilter,
    (backend, { x, dy }, attrs) => {
      const info = areFloats(x, dy) && convolutionInfo(x.shape, attrs.filterShape, attrs);
      return info ? filterGradient(backend, x, dy, info) : undefined;
    },
  ),
];
