// Arguments that the native addon must take or refuse: arrays in memory of every kind, and values of wrong types.

import type { Random } from "../../src/common/random.ts";

/** Before and after the values of a guarded array: nothing may write there. */
const GUARDS = 16;
const GUARD = 0xa5;

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[random.integer(0, values.length - 1)];
}

/** Sizes at the limits of whole numbers, of vectors and of the kernels. */
export const ODD_NUMBERS: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 31, 32, 33, -1, -2, -5, 0.5],
  ...[100_000, 2 ** 12, 2 ** 15, 2 ** 16, 2 ** 16 + 1, 2 ** 20, 2 ** 21, 2 ** 22, 2 ** 24, 2 ** 28, 2 ** 30],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e300],
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
];

/** What ArrayBuffers have since ES2024. */
interface ResizableBuffer extends ArrayBuffer {
  readonly resizable: boolean;
  readonly detached: boolean;
  resize(bytes: number): void;
}

const Resizable = ArrayBuffer as unknown as new (
  bytes: number,
  options: { maxByteLength: number },
) => ResizableBuffer;

type ArrayType =
  | Float32ArrayConstructor
  | Float64ArrayConstructor
  | Int32ArrayConstructor
  | Uint16ArrayConstructor
  | Uint8ArrayConstructor;
type NumberArray = InstanceType<ArrayType>;

/** Makes arrays, and finds out whether something was written beside them. */
export class ArrayMaker {
  readonly #random: Random;
  readonly #guarded: Uint8Array[] = [];
  /** All that were made, in their order. */
  readonly made: NumberArray[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  floats(length: number): Float32Array {
    const array = this.#array(Float32Array, length);
    for (let i = 0; i < length; i++) array[i] = this.#random.uniform(-1, 1);
    return array;
  }

  /** Float32, or the bits of bfloat16. */
  activations(length: number, isHalf: boolean): Float32Array | Uint16Array {
    if (!isHalf) return this.floats(length);
    const bits = this.#array(Uint16Array, length);
    for (let i = 0; i < length; i++) bits[i] = this.#random.integer(0, 0xffff);
    return bits;
  }

  integers(...values: number[]): Int32Array {
    const array = this.#array(Int32Array, values.length);
    array.set(values);
    return array;
  }

  doubles(length: number): Float64Array {
    return this.#array(Float64Array, length);
  }

  bytes(length: number): Uint8Array {
    const bytes = this.#array(Uint8Array, length);
    for (let i = 0; i < length; i++) bytes[i] = this.#random.integer(0, 255);
    return bytes;
  }

  /** Whether all guards are as they were; those whose memory was taken have no bytes. */
  get isIntact(): boolean {
    return this.#guarded.every((guard) => Object.values(guard).every((byte) => byte === GUARD));
  }

  #array<T extends ArrayType>(type: T, length: number): InstanceType<T> {
    const array = this.#view(type, length) as InstanceType<T>;
    this.made.push(array);
    return array;
  }

  #view(type: ArrayType, length: number): NumberArray {
    const bytes = length * type.BYTES_PER_ELEMENT;
    const kind = this.#random.uniform();
    if (kind < 0.6) return new type(length);
    if (kind < 0.85) {
      const guard = GUARDS * type.BYTES_PER_ELEMENT;
      const buffer = new ArrayBuffer(bytes + 2 * guard);
      const guards = [new Uint8Array(buffer, 0, guard), new Uint8Array(buffer, guard + bytes)];
      for (const each of guards) each.fill(GUARD);
      this.#guarded.push(...guards);
      return new type(buffer, guard, length);
    }
    if (kind < 0.92) return new type(new Resizable(bytes, { maxByteLength: 2 * bytes }));
    if (kind < 0.96) return new type(new SharedArrayBuffer(bytes) as unknown as ArrayBuffer);
    return new type(new ArrayBuffer(bytes + type.BYTES_PER_ELEMENT), type.BYTES_PER_ELEMENT, length);
  }
}

function detached(array: NumberArray): NumberArray {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

/** Detaches, or empties, the memory of an array, as far as it can be. */
export function takeMemory({ buffer }: NumberArray): void {
  if (buffer instanceof SharedArrayBuffer) return;
  const memory = buffer as ResizableBuffer;
  if (memory.resizable) memory.resize(0);
  else if (!memory.detached) structuredClone(memory, { transfer: [memory] });
}

function shrunk(): Float32Array {
  const buffer = new Resizable(4096, { maxByteLength: 8192 });
  const array = new Float32Array(buffer, 1024, 700);
  buffer.resize(64);
  return array;
}

/** Objects whose conversion to a number, or whose elements, run code. */
export function trap(act: () => void): unknown {
  return {
    valueOf() {
      act();
      return 1;
    },
    toString() {
      act();
      return "1";
    },
    get length() {
      act();
      return 1;
    },
    get 0() {
      act();
      return 1;
    },
  };
}

/** Values of other types than the ones that are expected, or arrays of other lengths. */
const ODD_VALUES: readonly ((act: () => void) => unknown)[] = [
  ...[() => undefined, () => null, () => true, () => "5", () => "", () => Symbol("x"), () => 10n],
  ...[() => ({}), () => [], () => [1, 2, 3], () => () => 1, () => new Date(0), () => ({ length: 64 })],
  ...[() => new Proxy(new Float32Array(64), {}), () => Object.create(Float32Array.prototype)],
  ...[() => detached(new Float32Array(64)), shrunk, () => new Float32Array(new SharedArrayBuffer(256))],
  ...[0, 1, 3, 64].map((length) => () => new Float32Array(length)),
  ...[
    () => new Float64Array(64),
    () => new Float64Array(1),
    () => new Int32Array(64),
    () => new Int32Array(1),
  ],
  ...[
    () => new Uint32Array(64),
    () => new Uint16Array(64),
    () => new Int16Array(64),
    () => new Uint8Array(64),
  ],
  ...[() => new Uint8ClampedArray(64), () => new Int8Array(64), () => new BigInt64Array(64)],
  ...[() => new DataView(new ArrayBuffer(64)), () => new ArrayBuffer(64), () => Buffer.alloc(64)],
  ...[() => new Float16Array(64), () => new Float32Array(new ArrayBuffer(256), 4, 5)],
  ...[() => Int32Array.of(2 ** 31 - 1, 2 ** 31 - 1, 2 ** 31 - 1), () => Int32Array.of(-1, -1, -1)],
  (act) => trap(act),
  (act) => new Proxy({}, { get: () => act() }),
  () =>
    trap(() => {
      throw new Error("an error of the caller");
    }),
];

/** @param act what code does that runs while arguments are read. */
export function oddValue(random: Random, act: () => void): unknown {
  return random.chance(0.4) ? pick(random, ODD_NUMBERS) : pick(random, ODD_VALUES)(act);
}
