// Matrix products with a transposed operand. The backend multiplies plain matrices with XNNPACK, but uses scalar loops as soon
// as one is transposed (in dense layers' gradients). Transposing first is faster; we transpose the smallest matrices.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { BatchMatMul, type BatchMatMulAttrs, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { callKernel, kernel, release } from "./kernels.ts";
import { transposeMatrix } from "./transpose.ts";

export const matMulKernel = kernel<{ a: TensorInfo; b: TensorInfo }, BatchMatMulAttrs>(
  BatchMatMul,
  (backend, { a, b }, { transposeA, transposeB }) => {
    const isOneMatrix =
      util.sizeFromShape(a.shape.slice(0, -2)) === 1 && util.sizeFromShape(b.shape.slice(0, -2)) === 1;
    if (!isOneMatrix || (!transposeA && !transposeB)) return undefined;
    const [aRows, aColumns] = a.shape.slice(-2);
    const [bRows, bColumns] = b.shape.slice(-2);
    const outRows = transposeA ? aColumns : aRows;
    const outColumns = transposeB ? bRows : bColumns;
    const inner = transposeA ? aRows : aColumns;
    const outShape = [...(a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2), outRows, outColumns];

    let result: TensorInfo;
    if (transposeB && !transposeA && outRows * (inner + outColumns) < outColumns * inner) {
      // a · bᵀ = (b · aᵀ)ᵀ: moves a and the result instead of b.
      const aTransposed = transposeMatrix(backend, a, aRows, aColumns);
      const product = multiply(backend, { ...b, shape: [bRows, bColumns] }, aTransposed);
      result = transposeMatrix(backend, product, outColumns, outRows);
      release(backend, aTransposed, product);
    } else {
      const left = transposeA
        ? transposeMatrix(backend, a, aRows, aColumns)
        : { ...a, shape: [aRows, aColumns] };
      const right = transposeB
        ? transposeMatrix(backend, b, bRows, bColumns)
        : { ...b, shape: [bRows, bColumns] };
      result = multiply(backend, left, right);
      if (transposeA) release(backend, left);
      if (transposeB) release(backend, right);
    }
    return { ...result, shape: outShape };
  },
);

/** Of plain matrices, by the backend's own kernel. */
function multiply(backend: BackendWasm, a: TensorInfo, b: TensorInfo): TensorInfo {
  return callKernel(backend, BatchMatMul, { a, b }, { transposeA: false, transposeB: false });
}
