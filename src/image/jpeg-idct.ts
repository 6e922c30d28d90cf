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
  const at = (i: number) => block[start + i * step];
  const z1 = (at(2) + at(6)) * F.f0541196100;
  const even2 = z1 - at(6) * F.f1847759065;
  const even3 = z1 + at(2) * F.f0765366865;
  const even0 = (at(0) + at(4)) << CONST_BITS;
  const even1 = (at(0) - at(4)) << CONST_BITS;
  const sums = [even0 + even3, even1 + even2, even1 - even2, even0 - even3];

  const [t0, t1, t2, t3] = [at(7), at(5), at(3), at(1)];
  const z5 = (t0 + t2 + t1 + t3) * F.f1175875602;
  const a = -(t0 + t3) * F.f0899976223;
  const b = -(t1 + t2) * F.f2562915447;
  const c = -(t0 + t2) * F.f1961570560 + z5;
  const d = -(t1 + t3) * F.f0390180644 + z5;
  const odds = [
    t3 * F.f1501321110 + a + d,
    t2 * F.f3072711026 + b + c,
    t1 * F.f2053119869 + b + d,
    t0 * F.f0298631336 + a + c,
  ];
  const half = 1 << (shift - 1);
  for (let i = 0; i < 4; i++) {
    block[start + i * step] = (sums[i] + odds[i] + half) >> shift;
    block[start + (7 - i) * step] = (sums[i] - odds[i] + half) >> shift;
  }
}
