// Matrix products, with either operand transposed, and with the bias and the activation of a dense layer. TensorFlow.js's
// own kernels sum deep products by atomic operations, in an order that varies.

import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  type _FusedMatMulInputs,
  BatchMatMul,
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import type { GpuBackend } from "./gpu-backend.ts";
import { kernel } from "./kernels.ts";
import { isProductActivation, multiply, type Operand, type ProductActivation } from "./products.ts";

interface Options {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly bias?: TensorInfo;
  readonly activation?: ProductActivation;
}

/** a [..., rows, depth] · b [..., depth, columns], for equally many matrices, or one on a side for all on the other. */
function matMul(backend: GpuBackend, a: TensorInfo, b: TensorInfo, options: Options): TensorInfo | undefined {
  const { transposeA, transposeB, bias, activation } = options;
  const [aCount, bCount] = [a, b].map(({ shape }) => util.sizeFromShape(shape.slice(0, -2)));
  if (aCount !== bCount && aCount !== 1 && bCount !== 1) return undefined;
  const [aRows, aColumns] = a.shape.slice(-2);
  const [bRows, bColumns] = b.shape.slice(-2);
  const [rows, depth] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const columns = transposeB ? bRows : bColumns;
  if (bias && bias.shape.at(-1) !== util.sizeFromShape(bias.shape)) return undefined;
  const leading = aCount >= bCount ? a.shape.slice(0, -2) : b.shape.slice(0, -2);
  return multiply(
    backend,
    {
      name: "matrix product",
      ...{ rows, columns, depth },
      batches: Math.max(aCount, bCount),
      left: operandOf("a", a, aCount, transposeA ? "outer" : "depth"),
      right: operandOf("b", b, bCount, transposeB ? "depth" : "outer"),
      inputs: [
        { name: "a", tensor: a, isVector: aColumns % 4 === 0 },
        { name: "b", tensor: b, isVector: bColumns % 4 === 0 },
      ],
      bias,
      activation,
    },
    [...leading, rows, columns],
  );
}

/** @param along the direction of the matrix's rows. */
function operandOf(name: string, matrix: TensorInfo, count: number, along: Operand["along"]): Operand {
  const [height, width] = matrix.shape.slice(-2);
  const isVector = width % 4 === 0;
  const [row, column] = along === "depth" ? ["outer", "depth"] : ["depth", "outer"];
  const first = count > 1 ? `batch * ${height * width}u + ` : "";
  const read = `return ${name}[(${first}${row} * ${width}u + ${column})${isVector ? " / 4u" : ""}];`;
  return { along, read, isVector };
}

export const matMulKernels = [
  kernel<BatchMatMulInputs, BatchMatMulAttrs>(BatchMatMul, (backend, { a, b }, attrs) => {
    if (!areFloats(a, b)) return undefined;
    return matMul(backend, a as TensorInfo, b as TensorInfo, attrs);
  }),
  kernel<_FusedMatMulInputs, _FusedMatMulAttrs>(
    _FusedMatMul,
    (backend, { a, b, bias, preluActivationWeights }, { transposeA, transposeB, activation }) => {
      const name = activation ?? "linear";
      if (!areFloats(a, b, bias) || preluActivationWeights || !isProductActivation(name)) return undefined;
      return matMul(backend, a as TensorInfo, b as TensorInfo, {
        transposeA,
        transposeB,
        bias,
        activation: name,
      });
    },
  ),
];
