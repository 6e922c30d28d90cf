// Transposition of a matrix on the heap, in square blocks so that both sides stay in the first-level cache.

import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import { floatsOf } from "./kernels.ts";

const BLOCK = 16;

/**
 * [rows, columns] → [columns, rows]. The caller owns the result.
 */
export function transposeMatrix(
  backend: BackendWasm,
  matrix: TensorInfo,
  rows: number,
  columns: number,
  shape: number[] = [columns, rows],
): TensorInfo {
  const result = backend.makeOutput(shape, "float32");
  const from = floatsOf(backend, matrix);
  const to = floatsOf(backend, result);
  for (let rowBlock = 0; rowBlock < rows; rowBlock += BLOCK) {
    const rowEnd = Math.min(rows, rowBlock + BLOCK);
    for (let columnBlock = 0; columnBlock < columns; columnBlock += BLOCK) {
      const columnEnd = Math.min(columns, columnBlock + BLOCK);
      for (let column = columnBlock; column < columnEnd; column++) {
        for (let row = rowBlock; row < rowEnd; row++) to[column * rows + row] = from[row * columns + column];
      }
    }
  }
  return result;
}
