// The gradient of a depthwise convolution's filter: for each tap a sum over the rows of pixels. In TensorFlow.js's
// own one invocation goes through all images for each value of the filter.

import {
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { depthwiseInfo } from "../windows.ts";
import { kernel } from "./kernels.ts";
import { sumRows } from "./reductions.ts";

const filterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, DepthwiseConv2dNativeBackpropFilterAttrs>(
  DepthwiseConv2dNativeBackpropFilter,
  (backend, { x, dy }, attrs) => {
    const { filterShape } = attrs;
    const info = areFloats(x, dy) && depthwiseInfo(x.shape, filterShape, attrs);
    if (!info) return undefined;
    const { batchSize, outHeight, outWidth, outChannels, inHeight, inWidth, inChannels } = info;
    const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } =
      info;
    return sumRows(
      backend,
      {
        name: "depthwise filter gradient",
        ...{
          outer: filterHeight * filterWidth,
          rows: batchSize * outHeight * outWidth,
          columns: outChannels,
        },
        functions: `
fn pixel(tap: i32, place: i32, channel: i32) -> f32 {
  let y = place / ${outWidth} % ${outHeight} * ${strideHeight} + tap / ${filterWidth} * ${dilationHeight} - ${padInfo.top};
  let x = place % ${outWidth} * ${strideWidth} + tap % ${filterWidth} * ${dilationWidth} - ${padInfo.left};
  if (y < 0 || y >= ${inHeight} || x < 0 || x >= ${inWidth}) { return 0.0; }
  let image = place / ${outHeight * outWidth};
  return images[((image * ${inHeight} + y) * ${inWidth} + x) * ${inChannels} + channel / ${outChannels / inChannels}];
}`,
        terms: [`dy[row * ${outChannels}u + column] * pixel(i32(outer), i32(row), i32(column))`],
        inputs: { images: x, dy },
      },
      filterShape,
    );
  },
);

export const depthwiseKernels = [filterGradient];
