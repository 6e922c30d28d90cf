// Pooling of images [batch, height, width, channel], and its gradients.

import {
  AvgPool,
  type AvgPoolAttrs,
  AvgPoolGrad,
  type AvgPoolGradAttrs,
  MaxPool,
  type MaxPoolAttrs,
  MaxPoolGrad,
  type MaxPoolGradAttrs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { poolInfo } from "../windows.ts";
import { kernel, type NativeKernel } from "./kernels.ts";

/** Of a window, so that a position in it fits in a byte. */
const MOST_PLACES = 256;

interface Pool {
  /** In the order of `Passes`. */
  readonly shape: Int32Array;
  readonly outShape: number[];
  /** Of a window. */
  readonly places: number;
}

/** Undefined for what is left to the cpu backend: an empty result. */
function poolOf(inputShape: number[], attrs: MaxPoolAttrs): Pool | undefined {
  const info = poolInfo(inputShape, attrs);
  if (!info) return undefined;
  const shape = Int32Array.of(
    info.batchSize,
    info.inHeight,
    info.inWidth,
    info.inChannels,
    info.outHeight,
    info.outWidth,
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
  );
  return { shape, outShape: info.outShape, places: info.filterHeight * info.filterWidth };
}

const maxPool = kernel<{ x: TensorInfo }, MaxPoolAttrs>(MaxPool, (backend, { x }, attrs) => {
  const pool = areFloats(x) && poolOf(x.shape, attrs);
  if (!pool) return undefined;
  const { tensor, values } = backend.makeFloats(pool.outShape);
  backend.addon.passes.maxPool(pool.shape, backend.floatsOf(x), values);
  return tensor;
});

/** TensorFlow.js passes the input, not the positions of its greatest values: they are searched again. */
const maxPoolGradient = kernel<{ dy: TensorInfo; input: TensorInfo }, MaxPoolGradAttrs>(
  MaxPoolGrad,
  (backend, { dy, input }, attrs) => {
    const pool = areFloats(dy, input) && poolOf(input.shape, attrs);
    if (!pool || pool.places > MOST_PLACES) return undefined;
    const { passes } = backend.addon;
    const { tensor, values } = backend.makeFloats(input.shape);
    const size = util.sizeFromShape(pool.outShape);
    backend.pool.borrow(size, (greatest) =>
      backend.pool.borrow(Math.ceil(size / Float32Array.BYTES_PER_ELEMENT), (memory) => {
        const positions = new Uint8Array(memory.buffer, memory.byteOffset, size);
        passes.maxPool(pool.shape, backend.floatsOf(input), greatest, positions);
        passes.maxPoolGradient(pool.shape, backend.floatsOf(dy), positions, values);
      }),
    );
    return tensor;
  },
);

const averagePool = kernel<{ x: TensorInfo }, AvgPoolAttrs>(AvgPool, (backend, { x }, attrs) => {
  const pool = areFloats(x) && poolOf(x.shape, attrs);
  if (!pool) return undefined;
  const { tensor, values } = backend.makeFloats(pool.outShape);
  backend.addon.passes.averagePool(pool.shape, backend.floatsOf(x), values);
  return tensor;
});

const averagePoolGradient = kernel<{ dy: TensorInfo; input: TensorInfo }, AvgPoolGradAttrs>(
  AvgPoolGrad,
  (backend, { dy, input }, attrs) => {
    const pool = areFloats(dy, input) && poolOf(input.shape, attrs);
    if (!pool) return undefined;
    const { tensor, values } = backend.makeFloats(input.shape);
    backend.addon.passes.averagePoolGradient(pool.shape, backend.floatsOf(dy), true, values);
    return tensor;
  },
);

export const poolingKernels: NativeKernel[] = [maxPool, maxPoolGradient, averagePool, averagePoolGradient];
