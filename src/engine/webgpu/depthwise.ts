// The gradient of a depthwise convolution's filter: for each tap a sum over the rows of pixels. TensorFlow.js's own has one
// invocation go through all images for each value of the filter.

import {
  backend_util,
  DepthwiseConv2dNativeBackpropFilter,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { areFloats, kernel } from "./kernel.ts";
import { sumRows } from "./reductions.ts";

type Shape4D = [number, number, number, number];

/** A sum for each tap stays in a register. */
const MOST_TAPS = 49;

const filterGradient = kernel<{ x: TensorInfo; dy: TensorInfo }, DepthwiseConv2dNativeBackpropFilterAttrs>(
  DepthwiseConv2dNativeBackpropFilter,
  (backend, { x, dy }, attrs) => {
    const { strides, dilations, pad, dimRoundingMode, filterShape } = attrs;
    const info = backend_util.computeConv2DInfo(
      x.shape as Shape4D,
      filterShape,
      strides,
      dilations,
      pad,
      dimRoundingMode,
      true,
    );
    const { batchSize, outHeight, outWidth, outChannels, inHeight, inWidth, inChannels } = info;
    const { filterHeight, filterWidth, strideHeight, strideWidth, dilationHeight, dilationWidth, padInfo } =
      info;
    const taps = filterHeight * filterWidth;
    if (!areFloats(x, dy) || taps > MOST_TAPS) return undefined;
    return sumRows(
      backend,
      {
        name: "depthwise filter gradient",
        ...{ outer: 1, rows: batchSize * outHeight * outWidth, columns: outChannels },
        functions: `
fn pixel(row: u32, column: u32, down: i32, across: i32) -> f32 {
  let place = i32(row);
  let y = place / ${outWidth} % ${outHeight} * ${strideHeight} + down * ${dilationHeight} - ${padInfo.top};
  let x = place % ${outWidth} * ${strideWidth} + across * ${dilationWidth} - ${padInfo.left};
  if (y < 0 || y >= ${inHeight} || x < 0 || x >= ${inWidth}) { return 0.0; }
  let image = place / ${outHeight * outWidth};
  return images[((image * ${inHeight} + y) * ${inWidth} + x) * ${inChannels} + i32(column) / ${outChannels / inChannels}];
}`,
        terms: Array.from(
          { length: taps },
          (_, tap) => `dy[at] * pixel(row, column, ${Math.floor(tap / filterWidth)}, ${tap % filterWidth})`,
        ),
        inputs: { images: x, dy },
      },
      filterShape,
    );
  },
);

export const depthwiseKernels = [filterGradient];
