// Reused memory for tensors. Each training step allocates and frees the same arrays; new memory costs a page fault for every
// 4 KB, which takes longer than a pass over it. After the caching allocators of deep-learning frameworks (Paszke et al. 2019, "PyTorch: an imperative style, high-performance deep learning library",
// section 5.3).
//
// Holders are counted for each piece of memory: TensorFlow.js's kernels may use a part of one tensor's array for another
// tensor (Slice does), so an array is free only when the last of its tensors is disposed.

/** Size classes between a number of floats and its double: at most an eighth of an array is unused. */
const STEPS_PER_DOUBLING = 8;
const SMALLEST_FLOATS = 16;
/**
 * At its peak a step does not hold memory of the sizes that it needs at other times: the pool keeps more by this factor.
 * Without it each step of a MobileNetV2 allocated 200 of its 3,500 MB again, and took a tenth longer.
 */
const SLACK = 1.25;
/** Arrays begin at cache lines, so that no vector is loaded from two of them. */
const CACHE_LINE_BYTES = 64;

export class BufferPool {
  readonly #leastBytes: number;
  readonly #offsetOf: (memory: Float32Array) => number;
  /** Free memory by size class, in floats. The most recently used class is the last. */
  readonly #free = new Map<number, Float32Array[]>();
  readonly #memories = new WeakMap<ArrayBufferLike, { whole: Float32Array; holders: number }>();
  #freeBytes = 0;
  #heldBytes = 0;
  #mostHeldBytes = 0;
  #madeBytes = 0;

  /**
   * Keeps free memory up to a total, together with the memory in use, of SLACK times the most that was in use at the same
   * time, or of `leastBytes` if that is more.
   * @param addressOf of an array's first value, in bytes, modulo a cache line.
   */
  constructor(leastBytes: number, addressOf: (memory: Float32Array) => number) {
    this.#leastBytes = leastBytes;
    this.#offsetOf = (memory) => (CACHE_LINE_BYTES - addressOf(memory)) % CACHE_LINE_BYTES;
  }

  /** Free memory, in bytes. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Memory in use by tensors, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** All memory ever allocated, in bytes: constant once each step finds what it needs. */
  get madeBytes(): number {
    return this.#madeBytes;
  }

  /** An uninitialized array of this length. It is in use once it is held. */
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

  /** Counts one more holder of this memory, if it is the pool's. */
  hold(values: ArrayBufferView): void {
    const memory = this.#memories.get(values.buffer);
    if (!memory || memory.holders++ > 0) return;
    this.#heldBytes += memory.whole.byteLength;
    this.#mostHeldBytes = Math.max(this.#mostHeldBytes, this.#heldBytes);
    this.#trim();
  }

  /** Counts one holder less; the last frees the memory. */
  release(values: ArrayBufferView): void {
    const memory = this.#memories.get(values.buffer);
    if (!memory || --memory.holders > 0) return;
    this.#heldBytes -= memory.whole.byteLength;
    this.#keep(memory.whole);
  }

  /** Lends an array of this length while `use` runs. */
  borrow(length: number, use: (values: Float32Array) => void): void {
    const values = this.take(length);
    this.hold(values);
    try {
      use(values);
    } finally {
      this.release(values);
    }
  }

  /** How many tensors hold this memory; undefined if it is not the pool's. */
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

  /** Drops excess free memory, of the least recently used class first. */
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

/** The smallest size class for this many floats. */
function sizeClass(length: number): number {
  if (length <= SMALLEST_FLOATS) return SMALLEST_FLOATS;
  const step = 2 ** Math.max(0, Math.floor(Math.log2(length - 1)) - Math.log2(STEPS_PER_DOUBLING));
  return Math.ceil(length / step) * step;
}
