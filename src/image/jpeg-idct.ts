// The inverse cosine transform of libjpeg, bit by bit: "islow", after Loeffler, Ligtenberg and Moschytz (ICASSP 1989).

import type { Component } from "./jpeg-coefficients.ts";

const CONST_BITS = 13;
const PASS1_BITS = 2;

const F = {
  f0298631336: 2446,
  f0390180644: 3196,
  f0541196100: 4433,
  f0765366865: 6270,
  f0899976223: 7373,
  f1175875602: 9633,
  f1501321110: 12299,
  f1847759065: 15137,
  f1961570560: 16069,
  f2053119869: 16819,
  f2562915447: 20995,
  f3072711026: 25172,
};

/** The samples of a component, [8 * rows, 8 * stride], row by row. */
export function samplesOf({ coefficients, quantization, stride, rows }: Component): Uint8Array {
  const width = stride * 8;
  const samples = new Uint8Array(width * rows * 8);
  const block = new Int32Array(64);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < stride; column++) {
      const at = (row * stride + column) * 64;
      for (let i = 0; i < 64; i++) block[i] = coefficients[at + i] * quantization[i];
      for (let i = 0; i < 8; i++) transform(block, i, 8, CONST_BITS - PASS1_BITS);
      for (let i = 0; i < 8; i++) transform(block, i * 8, 1, CONST_BITS + PASS1_BITS + 3);
      for (let y = 0; y < 8; y++) {
        const to = (row * 8 + y) * width + column * 8;
        for (let x = 0; x < 8; x++) samples[to + x] = clamp(block[y * 8 + x] + 128);
      }
    }
  }
  return samples;
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

/** One column (step 8) or row (step 1) in place; the result is rounded and shifted right by `shift`. */
function transform(block: Int32Array, start: number, step: number, shift: number): void {
  const [i1, i2, i3, i4] = [start + step, start + 2 * step, start + 3 * step, start + 4 * step];
  const [i5, i6, i7] = [start + 5 * step, start + 6 * step, start + 7 * step];
  const z1 = (block[i2] + block[i6]) * F.f0541196100;
  const even2 = z1 - block[i6] * F.f1847759065;
  const even3 = z1 + block[i2] * F.f0765366865;
  const even0 = (block[start] + block[i4]) << CONST_BITS;
  const even1 = (block[start] - block[i4]) << CONST_BITS;

  const t0 = block[i7];
  const t1 = block[i5];
  const t2 = block[i3];
  const t3 = block[i1];
  const z5 = (t0 + t2 + t1 + t3) * F.f1175875602;
  const a = -(t0 + t3) * F.f0899976223;
  const b = -(t1 + t2) * F.f2562915447;
  const c = -(t0 + t2) * F.f1961570560 + z5;
  const d = -(t1 + t3) * F.f0390180644 + z5;
  const odd0 = t3 * F.f1501321110 + a + d;
  const odd1 = t2 * F.f3072711026 + b + c;
  const odd2 = t1 * F.f2053119869 + b + d;
  const odd3 = t0 * F.f0298631336 + a + c;

  const half = 1 << (shift - 1);
  block[start] = (even0 + even3 + odd0 + half) >> shift;
  block[i7] = (even0 + even3 - odd0 + half) >> shift;
  block[i1] = (even1 + even2 + odd1 + half) >> shift;
  block[i6] = (even1 + even2 - odd1 + half) >> shift;
  block[i2] = (even1 - even2 + odd2 + half) >> shift;
  block[i5] = (even1 - even2 - odd2 + half) >> shift;
  block[i3] = (even0 - even3 + odd3 + half) >> shift;
  block[i4] = (even0 - even3 - odd3 + half) >> shift;
}
