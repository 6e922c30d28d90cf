// The program's random number generator: xoshiro128** (Blackman and Vigna 2018, "Scrambled linear pseudorandom number
// generators"), seeded by a hash of keys, so that a stream depends only on its purpose ("weights", sample 2) and never
// on earlier draws. The hash is MurmurHash3's 32-bit mixing, once per word of state.

/** Part of a stream's purpose, which is any list of numbers and words, such as `(seed, "augment", image, chain)`. */
export type StreamKey = number | string;

/** A seeded stream of random numbers. The same keys give the same stream on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spareNormal: number | undefined;

  constructor(...keys: StreamKey[]) {
    this.#a = hashKeys(keys, 0x9e3779b9);
    this.#b = hashKeys(keys, 0x243f6a88);
    this.#c = hashKeys(keys, 0xb7e15162);
    this.#d = hashKeys(keys, 0x6a09e667);
    if ((this.#a | this.#b | this.#c | this.#d) === 0) this.#a = 1;
  }

  /** A stream with exactly this state (four 32-bit words, not all zero), for test vectors. */
  static fromState(state: readonly [number, number, number, number]): Random {
    const random = new Random();
    [random.#a, random.#b, random.#c, random.#d] = state;
    return random;
  }

  /** An integer in [0, 2³²). */
  uint32(): number {
    const b = this.#b;
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    this.#c ^= this.#a;
    this.#d ^= b;
    this.#b = b ^ this.#c;
    this.#a ^= this.#d;
    this.#c ^= b << 9;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** A number in [low, high), on a grid of 2⁻³² of the range; if low > high they are swapped. */
  uniform(low = 0, high = 1): number {
    if (low > high) return high + (low - high) * (this.uint32() * 2 ** -32);
    return low + (high - low) * (this.uint32() * 2 ** -32);
  }

  /** An integer in [low, high], both ends included. high − low must be less than 2³². */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uint32() * 2 ** -32 * (high - low + 1));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uint32() * 2 ** -32 < probability;
  }

  /** A draw from the normal distribution (Marsaglia's polar method). */
  normal(mean = 0, standardDeviation = 1): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return mean + standardDeviation * spare;
    }
    for (;;) {
      const x = this.uint32() * 2 ** -31 - 1;
      const y = this.uint32() * 2 ** -31 - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spareNormal = y * scale;
      return mean + standardDeviation * x * scale;
    }
  }

  /** Shuffles in place (Fisher and Yates) and returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  /** An index of `weights` (at least one, all above 0), in proportion to them. */
  weighted(weights: readonly number[]): number {
    let rest = this.uniform(0, 1) * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      rest -= weight;
      if (rest < 0) return index;
    }
    return weights.length - 1;
  }

  /** `count` different integers from [0, size), in random order. */
  choose(size: number, count: number): Int32Array {
    if (count > size) throw new RangeError(`cannot choose ${count} of ${size} without replacement`);
    const pool = Int32Array.from({ length: size }, (_, i) => i);
    for (let i = 0; i < count; i++) {
      const j = this.integer(i, size - 1);
      [pool[i], pool[j]] = [pool[j], pool[i]];
    }
    return pool.slice(0, count);
  }
}

/** A 32-bit seed for a purpose, for libraries that take a number instead of a stream. */
export function seedOf(...keys: StreamKey[]): number {
  return hashKeys(keys, 0x9e3779b9) >>> 0;
}

function hashKeys(keys: readonly StreamKey[], salt: number): number {
  let hash = salt | 0;
  for (const key of keys) {
    if (typeof key === "number") {
      hash = mix(mix(hash, key | 0), Math.floor(key / 2 ** 32) | 0);
    } else {
      for (let i = 0; i < key.length; i++) hash = mix(hash, key.charCodeAt(i));
      hash = mix(hash, key.length ^ 0x5bd1e995);
    }
  }
  return finish(hash);
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
