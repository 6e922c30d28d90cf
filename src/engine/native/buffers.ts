// Memory for tensors, used again. A training step makes and drops the same arrays over and over; fresh memory of
// megabytes costs a page fault for every 4 KB of it, more time than a pass over it. After the caching allocators of
// deep-learning frameworks (Paszke et al. 2019, "PyTorch: an imperative style, high-performance deep learning library",
// section 5.3).
//
// What is counted is the memory, not the tensors: TensorFlow.js's kernels may put a part of one tensor's array into
// another tensor (Slice does), so an array comes back only when the last of them is gone.

/** Size classes between a number of floats and its double: at most an eighth of an array is unused. */
const STEPS_PER_DOUBLING = 8;
const SMALLEST_FLOATS = 16;
/**
 * At its peak a step holds no memory of the sizes that it wants at another time: by so much more is kept. Without it
 * each step of a MobileNetV2 made 200 MB of its 3.5 GB anew, and took a tenth longer.
 */
const SLACK = 1.25;
/** Vectors that are loaded from one cache line are not slowed down by the next. */
const CACHE_LINE_BYTES = 64;

export class BufferPool {
  readonly #leastBytes: number;
  readonly #offsetOf: (memory: Float32Array) => number;
  /** By floats: free memory of this class. The class that was used last is the last. */
  readonly #free = new Map<number, Float32Array[]>();
  readonly #memories = new WeakMap<ArrayBufferLike, { whole: Float32Array; holders: number }>();
  #freeBytes = 0;
  #heldBytes = 0;
  #mostHeldBytes = 0;
  #madeBytes = 0;

  /**
   * Free memory is kept as long as it is, together with what is in use, no more than was once in use at the same time and
   * a quarter more, or than `leastBytes`.
   * @param addressOf of an array's first value, in bytes, modulo a cache line.
   */
  constructor(leastBytes: number, addressOf: (memory: Float32Array) => number) {
    this.#leastBytes = leastBytes;
    this.#offsetOf = (memory) => (CACHE_LINE_BYTES - addressOf(memory)) % CACHE_LINE_BYTES;
  }

  /** Memory that is kept for later, in bytes. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Memory that tensors lie in, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** All memory that was ever made, in bytes: it stands still once each step finds what it needs. */
  get madeBytes(): number {
    return this.#madeBytes;
  }

  /** An array of so many values, which are whatever was there before. It is in use once it is held. */
  take(length: number): Float32Array {
    const floats = sizeClass(length);
    const free = this.#free.get(floats);
    const whole = free?.pop() ?? this.#make(floats);
    if (free) {
      this.#freeBytes -= whole.byteLength;
      this.#free.delete(floats);
      if (free.length > 0) this.#free.set(floats, free);
    }
    return whole.length === length ? whole : new Float32Array(whole.buffer, whole.byteOffset, length);
  }

  /** One more tensor has its values in this memory, if it is the pool's. */
  hold(values: ArrayBufferView): void {
    const memory = this.#memories.get(values.buffer);
    if (!memory || memory.holders++ > 0) return;
    this.#heldBytes += memory.whole.byteLength;
    this.#mostHeldBytes = Math.max(this.#mostHeldBytes, this.#heldBytes);
    this.#trim();
  }

  /** One less; the last gives it back. */
  release(values: ArrayBufferView): void {
    const memory = this.#memories.get(values.buffer);
    if (!memory || --memory.holders > 0) return;
    this.#heldBytes -= memory.whole.byteLength;
    this.#keep(memory.whole);
  }

  /** Lends an array of so many values for as long as `use` runs. */
  borrow(length: number, use: (values: Float32Array) => void): void {
    const values = this.take(length);
    this.hold(values);
    try {
      use(values);
    } finally {
      this.release(values);
    }
  }

  /** How many tensors have their values in this memory; undefined where it is not the pool's. */
  holdersOf(values: ArrayBufferView): number | undefined {
    return this.#memories.get(values.buffer)?.holders;
  }

  #make(floats: number): Float32Array {
    const bytes = floats * Float32Array.BYTES_PER_ELEMENT;
    this.#madeBytes += bytes;
    const buffer = new ArrayBuffer(bytes + CACHE_LINE_BYTES);
    const whole = new Float32Array(buffer, this.#offsetOf(new Float32Array(buffer)), floats);
    this.#memories.set(buffer, { whole, holders: 0 });
    return whole;
  }

  #keep(whole: Float32Array): void {
    const floats = whole.length;
    const free = this.#free.get(floats) ?? [];
    free.push(whole);
    this.#free.delete(floats);
    this.#free.set(floats, free);
    this.#freeBytes += whole.byteLength;
    this.#trim();
  }

  /** Lets go of free memory that is too much, of the class that was used the longest ago. */
  #trim(): void {
    const most = Math.max(this.#leastBytes, SLACK * this.#mostHeldBytes);
    for (const [floats, free] of this.#free) {
      while (this.#freeBytes + this.#heldBytes > most) {
        const dropped = free.pop();
        if (!dropped) break;
        this.#freeBytes -= dropped.byteLength;
      }
      if (free.length > 0) return;
      this.#free.delete(floats);
    }
  }
}

/** The least size of a class that holds so many floats. */
function sizeClass(length: number): number {
  if (length <= SMALLEST_FLOATS) return SMALLEST_FLOATS;
  const step = 2 ** Math.max(0, Math.floor(Math.log2(length - 1)) - Math.log2(STEPS_PER_DOUBLING));
  return Math.ceil(length / step) * step;
}
