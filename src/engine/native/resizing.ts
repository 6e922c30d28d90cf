// The gradients of resized images. Those of TensorFlow.js's cpu backend are wrong for more than one image (nearest neighbour),
// or fail for images that are not square (bilinear).

import {
  type ResizeBilinearAttrs,
  ResizeBilinearGrad,
  ResizeNearestNeighborGrad,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { kernel, type NativeKernel } from "./kernels.ts";

/** Where a position of the resized images comes from: positions of the images, with their weights. */
type Sources = readonly (readonly [position: number, weight: number])[];

/** Of each of `length` positions along an axis of `size`, by TensorFlow.js's rules. */
type SourcesOf = (size: number, length: number, attrs: ResizeBilinearAttrs) => Sources[];

function positions(
  size: number,
  length: number,
  { alignCorners, halfPixelCenters }: ResizeBilinearAttrs,
): number[] {
  const isAligned = alignCorners && length > 1;
  const ratio = isAligned ? (size - 1) / (length - 1) : size / length;
  return Array.from({ length }, (_, i) => ratio * (halfPixelCenters ? i + 0.5 : i));
}

const nearest: SourcesOf = (size, length, attrs) =>
  positions(size, length, attrs).map((at) => [
    [Math.min(size - 1, attrs.alignCorners ? Math.round(at) : Math.floor(at)), 1],
  ]);

const bilinear: SourcesOf = (size, length, attrs) =>
  positions(size, length, attrs).map((position) => {
    const at = attrs.halfPixelCenters ? position - 0.5 : position;
    const below = Math.max(0, Math.floor(at));
    const above = Math.min(size - 1, Math.ceil(at));
    return [
      [below, 1 - (at - below)],
      [above, at - below],
    ];
  });

function gradient(name: string, sourcesOf: SourcesOf): NativeKernel {
  return kernel<{ images: TensorInfo; dy: TensorInfo }, ResizeBilinearAttrs>(
    name,
    (backend, { images, dy }, attrs) => {
      if (!areFloats(images, dy)) return undefined;
      const [batch, height, width, channels] = images.shape;
      const [, outHeight, outWidth] = dy.shape;
      const rows = sourcesOf(height, outHeight, attrs);
      const columns = sourcesOf(width, outWidth, attrs);
      const { tensor, values } = backend.makeFloats(images.shape);
      values.fill(0);
      const from = backend.floatsOf(dy);
      let at = 0;
      for (let image = 0; image < batch; image++) {
        for (const row of rows) {
          for (const column of columns) {
            for (const [y, yWeight] of row) {
              for (const [x, xWeight] of column) {
                const to = ((image * height + y) * width + x) * channels;
                const weight = yWeight * xWeight;
                for (let channel = 0; channel < channels; channel++) {
                  values[to + channel] += weight * from[at + channel];
                }
              }
            }
            at += channels;
          }
        }
      }
      return tensor;
    },
  );
}

export const resizingKernels: NativeKernel[] = [
  gradient(ResizeNearestNeighborGrad, nearest),
  gradient(ResizeBilinearGrad, bilinear),
];
