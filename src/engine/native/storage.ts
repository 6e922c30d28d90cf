// The tensors of engine `native`: stored as on TensorFlow.js's cpu backend, but in reused memory.

import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { type backend_util, type DataType, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { type Addon, OPERANDS, type Operands } from "./addon.ts";
import { BufferPool } from "./buffers.ts";

/**
 * How much memory tensors and free memory together may always take. At the end of a step nearly all of its memory is free:
 * 135 MB for the basic CNN with batches of 64. A training process should stay under 400 MB.
 */
const LEAST_BYTES = 256e6;

type DataId = object;

/** TensorFlow.js's cpu backend, with float32 outputs in memory of the pool. */
export class NativeBackend extends MathBackendCPU {
  readonly addon: Addon;
  readonly pool: BufferPool;
  /** Of matrix products and convolutions. */
  operands: Operands = OPERANDS.float32;

  constructor(addon: Addon) {
    super();
    this.addon = addon;
    this.pool = new BufferPool(LEAST_BYTES, addon.addressOf);
  }

  override write(values: backend_util.BackendValues, _shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.#store(dataId, values, dtype, 1);
    return dataId;
  }

  override move(
    dataId: DataId,
    values: backend_util.BackendValues,
    _shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    this.#store(dataId, values, dtype, refCount);
  }

  #store(dataId: DataId, values: backend_util.BackendValues, dtype: DataType, refCount: number): void {
    if (ArrayBuffer.isView(values)) this.pool.hold(values);
    this.data.set(dataId, { values, dtype, refCount });
  }

  override disposeData(dataId: DataId, force = false): boolean {
    const values = this.data.has(dataId) ? this.data.get(dataId).values : undefined;
    const isGone = super.disposeData(dataId, force);
    if (isGone && ArrayBuffer.isView(values)) this.pool.release(values);
    return isGone;
  }

  /** A copy if the values are in memory that will be overwritten. */
  override readSync(dataId: DataId): backend_util.BackendValues {
    const values = super.readSync(dataId);
    const isPooled = ArrayBuffer.isView(values) && this.pool.holdersOf(values) !== undefined;
    return isPooled ? (values as Float32Array).slice() : values;
  }

  /** A kernel's output, for it to write. */
  makeFloats(shape: number[]): { tensor: TensorInfo; values: Float32Array } {
    const values = this.pool.take(util.sizeFromShape(shape));
    return { tensor: this.makeTensorInfo(shape, "float32", values), values };
  }

  /** The values of a float32 tensor, for reading only. */
  floatsOf({ dataId }: TensorInfo): Float32Array {
    const { values } = this.data.get(dataId);
    // The cpu backend does not convert booleans and whole numbers that are cast to float32.
    return values instanceof Float32Array ? values : new Float32Array(values as unknown as ArrayLike<number>);
  }
}
