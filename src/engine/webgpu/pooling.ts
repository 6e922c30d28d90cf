// The gradient of max-pooling in one pass over the input: each value checks for the windows that contain it whether it is the
// first of their greatest values, as on TensorFlow.js's cpu backend. TensorFlow.js's own stores positions first.

import { MaxPoolGrad, type MaxPoolGradAttrs, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { poolInfo } from "../windows.ts";
import { kernel } from "./kernels.ts";
import { elementwise, workgroupsFor } from "./shader.ts";

const maxPoolGradient = kernel<{ dy: TensorInfo; input: TensorInfo }, MaxPoolGradAttrs>(
  MaxPoolGrad,
  (backend, { dy, input }, attrs) => {
    const info = areFloats(dy, input) && poolInfo(input.shape, attrs);
    if (!info) return undefined;
    const { inHeight, inWidth, outHeight, outWidth, inChannels, padInfo } = info;
    const { filterHeight, filterWidth, strideHeight, strideWidth } = info;
    const result = backend.make(input.shape);
    const size = util.sizeFromShape(input.shape);
    // The windows that contain a place begin no later, and end later.
    const range = (place: string, filter: number, stride: number, before: number, out: number) => [
      `max(0, (${place} + ${before - filter + stride}) / ${stride})`,
      `min(${out - 1}, (${place} + ${before}) / ${stride})`,
    ];
    const [firstRow, lastRow] = range("y", filterHeight, strideHeight, padInfo.top, outHeight);
    const [firstColumn, lastColumn] = range("x", filterWidth, strideWidth, padInfo.left, outWidth);
    const code = `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read> images: array<f32>;
fn pixel(image: i32, y: i32, x: i32, channel: i32) -> f32 {
  return images[((image * ${inHeight} + y) * ${inWidth} + x) * ${inChannels} + channel];
}
/** Whether (y, x) is the first of the greatest values in the window that begins at (top, left). */
fn leads(value: f32, image: i32, y: i32, x: i32, channel: i32, top: i32, left: i32) -> bool {
  for (var row = max(top, 0); row < min(top + ${filterHeight}, ${inHeight}); row++) {
    for (var column = max(left, 0); column < min(left + ${filterWidth}, ${inWidth}); column++) {
      let other = pixel(image, row, column, channel);
      if (other > value) { return false; }
      if (other == value && (row < y || (row == y && column < x))) { return false; }
    }
  }
  return true;
}
${elementwise(
  `${size}u`,
  `
  let at = i32(i);
  let channel = at % ${inChannels};
  let x = at / ${inChannels} % ${inWidth};
  let y = at / ${inChannels * inWidth} % ${inHeight};
  let image = at / ${inChannels * inWidth * inHeight};
  let value = images[i];
  var sum = 0.0;
  for (var row = ${firstRow}; row <= ${lastRow}; row++) {
    for (var column = ${firstColumn}; column <= ${lastColumn}; column++) {
      if (leads(value, image, y, x, channel, row * ${strideHeight} - ${padInfo.top}, column * ${strideWidth} - ${padInfo.left})) {
        sum += dy[((image * ${outHeight} + row) * ${outWidth} + column) * ${inChannels} + channel];
      }
    }
  }
  result[i] = sum;`,
)}`;
    const buffers = [result, dy, input].map((tensor) => backend.bufferOf(tensor));
    backend.run({ name: "max-pooling gradient", code }, buffers, workgroupsFor(size));
    return result;
  },
);

export const poolingKernels = [maxPoolGradient];
