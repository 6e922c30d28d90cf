// Working memory that is used again for every image, so that loops over images allocate nothing.

/** Above this many values (16 MiB of float32) the memory is not kept: a rare huge image should not hold it for ever. */
const LARGEST_KEPT = 1 << 22;

/** One working array, grown as needed. What it holds is undefined at each `take`, and valid until the next. */
export class Scratch<T extends Float32Array | Float64Array | Int32Array | Uint16Array | Uint8Array> {
  readonly #create: (length: number) => T;
  #kept: T;

  constructor(create: (length: number) => T) {
    this.#create = create;
    this.#kept = create(0);
  }

  /** An array of at least `length` values. */
  take(length: number): T {
    if (this.#kept.length >= length) return this.#kept;
    const array = this.#create(length);
    if (length <= LARGEST_KEPT) this.#kept = array;
    return array;
  }
}

export const float32Scratch = () => new Scratch((length) => new Float32Array(length));
export const float64Scratch = () => new Scratch((length) => new Float64Array(length));
export const int32Scratch = () => new Scratch((length) => new Int32Array(length));
export const uint16Scratch = () => new Scratch((length) => new Uint16Array(length));
export const uint8Scratch = () => new Scratch((length) => new Uint8Array(length));
