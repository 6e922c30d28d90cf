// Matrix products with a transposed operand. The backend multiplies plain matrices through XNNPACK, but takes scalar
// loops as soon as one is transposed (dense layers' gradients): transpose first, whatever is smallest to move.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import {
  BatchMatMul,
  type BatchMatMulAttrs,
  getKernel,
  type KernelConfig,
  type KernelFunc,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { type Inputs, release } from "./kernels.ts";
import { transposeMatrix } from "./transpose.ts";

/** The kernel for BatchMatMul; `plain` is the backend's own. */
function createMatMul(plain: KernelFunc): KernelFunc {
  const multiply = (backend: BackendWasm, a: TensorInfo, b: TensorInfo) =>
    plain({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } }) as TensorInfo;

  const matMul = ({
    inputs,
    backend,
    attrs,
  }: {
    inputs: Inputs;
    backend: BackendWasm;
    attrs: BatchMatMulAttrs;
  }) => {
    const { a, b } = inputs;
    const { transposeA, transposeB } = attrs;
    const isOneMatrix =
      util.sizeFromShape(a.shape.slice(0, -2)) === 1 && util.sizeFromShape(b.shape.slice(0, -2)) === 1;
    if (!isOneMatrix || (!transposeA && !transposeB)) {
      return plain({ inputs, backend, attrs: { transposeA, transposeB } });
    }
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
  };
  return matMul as unknown as KernelFunc;
}

/** The kernel that takes the place of the backend's own BatchMatMul. */
export function matMulKernel(): KernelConfig {
  const plain = getKernel(BatchMatMul, "wasm");
  if (!plain) throw new Error("the wasm backend has no kernel BatchMatMul");
  return { ...plain, kernelFunc: createMatMul(plain.kernelFunc) };
}
