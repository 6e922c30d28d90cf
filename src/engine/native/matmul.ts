// Matrix products, one for each matrix of a batch.

import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  BatchMatMul,
  type BatchMatMulAttrs,
  broadcast_util,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { applyFinish, type Finish, type FusedAttrs, type FusedInputs, finishOf } from "./activation.ts";
import { kernel, type NativeKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

interface Factors {
  a: TensorInfo;
  b: TensorInfo;
}

/** a [..., rows, depth] b [..., depth, columns], or either transposed. All matrix products of the engine's kernels are made here. */
function multiply(
  backend: NativeBackend,
  { a, b }: Factors,
  { transposeA, transposeB }: BatchMatMulAttrs,
  finish?: Finish,
): TensorInfo | undefined {
  const [rows, depth] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const [bDepth, columns] = transposeB ? b.shape.slice(-2).reverse() : b.shape.slice(-2);
  if (depth !== bDepth) return undefined; // the cpu backend's kernel throws
  const batch = broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const { tensor, values } = backend.makeFloats([...batch, rows, columns]);
  const aValues = backend.floatsOf(a);
  const bValues = backend.floatsOf(b);
  const count = util.sizeFromShape(batch);
  const { addon, operands } = backend;
  if (bValues.length === depth * columns && !transposeA) {
    // One matrix b for all: the matrices a are stacked into one.
    addon.multiply(operands, count * rows, columns, depth, aValues, false, bValues, transposeB, values);
  } else {
    const aMatrices = matricesOf(a.shape, batch);
    const bMatrices = matricesOf(b.shape, batch);
    for (let i = 0; i < count; i++) {
      addon.multiply(
        operands,
        rows,
        columns,
        depth,
        part(aValues, aMatrices[i], rows * depth),
        transposeA,
        part(bValues, bMatrices[i], depth * columns),
        transposeB,
        part(values, i, rows * columns),
      );
    }
  }
  return finish ? applyFinish(backend, tensor, values, columns, finish) : tensor;
}

function part(values: Float32Array, index: number, size: number): Float32Array {
  return values.length === size ? values : values.subarray(index * size, (index + 1) * size);
}

/** The index of a tensor's matrix for each matrix of the batch to which its shape [..., rows, columns] is broadcast. */
function matricesOf(shape: number[], batch: number[]): number[] {
  const own = shape.slice(0, -2);
  let matrices = [0];
  batch.forEach((size, axis) => {
    const ownAxis = axis - (batch.length - own.length);
    const ownSize = ownAxis >= 0 ? own[ownAxis] : 1;
    matrices = matrices.flatMap((matrix) =>
      Array.from({ length: size }, (_, i) => matrix * ownSize + (ownSize === 1 ? 0 : i)),
    );
  });
  return matrices;
}

function isEmpty({ a, b }: Factors): boolean {
  return !areFloats(a, b) || a.shape.length < 2 || b.shape.length < 2;
}

const batchMatMul = kernel<Factors, BatchMatMulAttrs>(BatchMatMul, (backend, inputs, attrs) =>
  isEmpty(inputs) ? undefined : multiply(backend, inputs, attrs),
);

const fusedMatMul = kernel<Factors & FusedInputs, _FusedMatMulAttrs>(
  _FusedMatMul,
  (backend, inputs, attrs) => {
    if (isEmpty(inputs)) return undefined;
    const columns = inputs.b.shape.at(attrs.transposeB ? -2 : -1) as number;
    const finish = finishOf(columns, inputs, attrs as unknown as FusedAttrs);
    return finish && multiply(backend, inputs, attrs, finish);
  },
);

export const matMulKernels: NativeKernel[] = [batchMatMul, fusedMatMul];
