// The gradient of max-pooling. The backend's own goes through every window again for every input pixel; here each window is
// visited once, and its gradient goes to the first of its greatest values, as on TensorFlow.js's cpu backend.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { MaxPoolGrad, type MaxPoolGradAttrs, type TensorInfo } from "@tensorflow/tfjs-core";
import { poolInfo, type WindowInfo } from "../windows.ts";
import { floatsOf, kernel } from "./kernels.ts";

/**
 * Output gradient dy [batch, outHeight, outWidth, channels] and input [batch, height, width, channels] to the
 * gradient of the input.
 */
function maxPoolGradient(
  backend: BackendWasm,
  dy: TensorInfo,
  input: TensorInfo,
  info: WindowInfo,
): TensorInfo {
  const { batchSize, inHeight, inWidth, outHeight, outWidth, inChannels: channels, padInfo } = info;
  const dx = backend.makeOutput(input.shape, "float32");
  const dxValues = floatsOf(backend, dx).fill(0);
  const dyValues = floatsOf(backend, dy);
  const values = floatsOf(backend, input);
  let out = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const rowStart = Math.max(0, outRow * info.strideHeight - padInfo.top);
      const rowEnd = Math.min(inHeight, outRow * info.strideHeight - padInfo.top + info.filterHeight);
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const columnStart = Math.max(0, outColumn * info.strideWidth - padInfo.left);
        const columnEnd = Math.min(inWidth, outColumn * info.strideWidth - padInfo.left + info.filterWidth);
        for (let channel = 0; channel < channels; channel++, out++) {
          let best = Number.NEGATIVE_INFINITY;
          let bestAt = -1;
          for (let row = rowStart; row < rowEnd; row++) {
            let at = ((image * inHeight + row) * inWidth + columnStart) * channels + channel;
            for (let column = columnStart; column < columnEnd; column++, at += channels) {
              if (values[at] > best) {
                best = values[at];
                bestAt = at;
              }
            }
          }
          if (bestAt >= 0) dxValues[bestAt] += dyValues[out];
        }
      }
    }
  }
  return dx;
}

export const maxPoolGradientKernel = kernel<{ dy: TensorInfo; input: TensorInfo }, MaxPoolGradAttrs>(
  MaxPoolGrad,
  (backend, { dy, input }, attrs) => {
    const info = poolInfo(input.shape, attrs);
    return info && maxPoolGradient(backend, dy, input, info);
  },
);
