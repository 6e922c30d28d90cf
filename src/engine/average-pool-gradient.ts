// The gradient of average pooling on every backend. TensorFlow.js 4.22 averages over those places of a window that are on the
// image, but its gradient divides by all places of the window, so that with padding it is too small at the edges. Here the
// output's gradient is scaled up beforehand.

import {
  AvgPool,
  type AvgPoolAttrs,
  backend_util,
  type GradFunc,
  getGradient,
  mul,
  registerGradient,
  type Tensor,
  tensor4d,
  unregisterGradient,
} from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradient that is replaced

type Shape4D = [number, number, number, number];

/** The places of each window, divided by those on the image, [1, outHeight, outWidth, 1]; undefined if all are 1. */
function shortfall(shape: Shape4D, attrs: AvgPoolAttrs): Tensor | undefined {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const info = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  const { outHeight, outWidth, padInfo } = info;
  const onImage = (windows: number, size: number, stride: number, before: number, length: number) =>
    Array.from({ length: windows }, (_, window) => {
      const start = window * stride - before;
      return Math.min(start + size, length) - Math.max(start, 0);
    });
  const rows = onImage(outHeight, info.filterHeight, info.strideHeight, padInfo.top, info.inHeight);
  const columns = onImage(outWidth, info.filterWidth, info.strideWidth, padInfo.left, info.inWidth);
  const places = info.filterHeight * info.filterWidth;
  const factors = rows.flatMap((height) => columns.map((width) => places / (height * width)));
  return factors.every((factor) => factor === 1) ? undefined : tensor4d(factors, [1, outHeight, outWidth, 1]);
}

const plain = getGradient(AvgPool);
const gradFunc: GradFunc = (dy, saved, attrs) => {
  const factors = shortfall(saved[0].shape as Shape4D, attrs as unknown as AvgPoolAttrs);
  return plain.gradFunc(factors ? mul(dy as Tensor, factors) : dy, saved, attrs);
};
unregisterGradient(AvgPool);
registerGradient({ ...plain, gradFunc });
