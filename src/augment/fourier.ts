// Inputs of the inverse Fourier transforms in kernels/fourier.ts: supported lengths, and roots of unity.

/** The largest whole number up to `length` (at least 1) without a prime factor above 7. */
export function smoothLength(length: number): number {
  for (let candidate = length; ; candidate--) {
    let rest = candidate;
    for (const prime of [2, 3, 5, 7]) while (rest % prime === 0) rest /= prime;
    if (rest === 1) return candidate;
  }
}

const roots = new Map<number, Float32Array>();

/** exp(2 pi i k / length) for k from 0: the cosines, then the sines, [2, length]. */
export function rootsOfUnity(length: number): Float32Array {
  let table = roots.get(length);
  if (!table) {
    const angle = (k: number) => (2 * Math.PI * k) / length;
    table = Float32Array.from({ length: 2 * length }, (_, i) =>
      i < length ? Math.cos(angle(i)) : Math.sin(angle(i - length)),
    );
    roots.set(length, table);
  }
  return table;
}
