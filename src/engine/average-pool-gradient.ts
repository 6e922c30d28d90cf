// The gradient of average pooling on every backend. TensorFlow.js 4.22 averages over the places of a window that lie on the
// image, but on the way back divides by all places of the window, so that with padding the gradient is too small at the
// edges. Here it is made up for beforehand.

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

/** Places of each window over how many of them lie on the image, [1, outHeight, outWidth, 1]; undefined for all 1. */
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
