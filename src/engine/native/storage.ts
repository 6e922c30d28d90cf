// The tensors of engine `native`: kept as TensorFlow.js's cpu backend keeps them, but in memory that is used again.

import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { type backend_util, type DataType, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { type Addon, OPERANDS, type Operands } from "./addon.ts";
import { BufferPool } from "./buffers.ts";

/**
 * How much memory tensors and what is kept for later ones may always take. At the end of a step nearly all that it used
 * is free: 135 MB for the basic CNN with batches of 64. A training process is to stay under 400 MB.
 */
const LEAST_BYTES = 256e6;

type DataId = object;

/** TensorFlow.js's cpu backend, whose float32 outputs may lie in memory of the pool. */
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

  /** A copy where the values lie in memory that will be written over. */
  override readSync(dataId: DataId): backend_util.BackendValues {
    const values = super.readSync(dataId);
    const isPooled = ArrayBuffer.isView(values) && this.pool.holdersOf(values) !== undefined;
    return isPooled ? (values as Float32Array).slice() : values;
  }

  /** An output of a kernel, whose values are yet to be written. */
  makeFloats(shape: number[]): { tensor: TensorInfo; values: Float32Array } {
    const values = this.pool.take(util.sizeFromShape(shape));
    return { tensor: this.makeTensorInfo(shape, "float32", values), values };
  }

  /** The values of a float32 tensor, to be read only. */
  floatsOf({ dataId }: TensorInfo): Float32Array {
    const { values } = this.data.get(dataId);
    // A boolean or whole number cast to float32 is left as it lies by the cpu backend.
    return values instanceof Float32Array ? values : new Float32Array(values as unknown as ArrayLike<number>);
  }
}
