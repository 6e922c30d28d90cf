// Inverse discrete Fourier transforms of whole planes: mixed-radix Stockham (self-sorting; Van Loan 1992,
// "Computational frameworks for the fast Fourier transform", section 1.7) for lengths without a prime factor above 7.
// Many transforms go side by side ("lanes"), so that the innermost loop runs over neighbouring memory.

import { Scratch } from "./scratch.ts";

/** Complex numbers: real and imaginary parts apart. */
export interface Complex {
  readonly re: Float32Array;
  readonly im: Float32Array;
}

/** Complex working memory, used again. */
export class ComplexScratch {
  readonly #re = new Scratch((length) => new Float32Array(length));
  readonly #im = new Scratch((length) => new Float32Array(length));

  take(length: number): Complex {
    return { re: this.#re.take(length), im: this.#im.take(length) };
  }
}

/** The largest whole number up to `length` (at least 1) without a prime factor above 7. */
export function smoothLength(length: number): number {
  for (let candidate = length; ; candidate--) {
    let rest = candidate;
    for (const prime of [2, 3, 5, 7]) while (rest % prime === 0) rest /= prime;
    if (rest === 1) return candidate;
  }
}

/** Factors and roots of unity for one length. */
class Plan {
  readonly length: number;
  readonly radices: readonly number[];
  /** exp(2 pi i k / length) for k from 0. */
  readonly cos: Float64Array;
  readonly sin: Float64Array;

  constructor(length: number) {
    this.length = length;
    const radices: number[] = [];
    let rest = length;
    for (const radix of [4, 2, 3, 5, 7]) {
      while (rest % radix === 0) {
        radices.push(radix);
        rest /= radix;
      }
    }
    if (rest !== 1) throw new RangeError(`a transform of length ${length} has a prime factor above 7`);
    this.radices = radices;
    this.cos = Float64Array.from({ length }, (_, k) => Math.cos((2 * Math.PI * k) / length));
    this.sin = Float64Array.from({ length }, (_, k) => Math.sin((2 * Math.PI * k) / length));
  }
}

const plans = new Map<number, Plan>();

function planOf(length: number): Plan {
  let plan = plans.get(length);
  if (!plan) {
    plan = new Plan(length);
    plans.set(length, plan);
  }
  return plan;
}

/**
 * `lanes` inverse transforms of `length` each, unscaled: out[n] = sum over k of in[k] exp(2 pi i k n / length).
 * Both arrays are [length, lanes]. Returns the one of the two that holds the result; the other's content is lost.
 * @throws RangeError where the length has a prime factor above 7.
 */
export function inverseTransform(data: Complex, work: Complex, length: number, lanes: number): Complex {
  const plan = planOf(length);
  let from = data;
  let to = work;
  let left = length;
  let done = lanes;
  for (const radix of plan.radices) {
    left /= radix;
    if (radix === 4) radix4(plan, from, to, left, done);
    else if (radix === 2) radix2(plan, from, to, left, done);
    else oddRadix(plan, from, to, left, done, radix);
    done *= radix;
    [from, to] = [to, from];
  }
  return from;
}

// One stage of radix r reads in[q + s (p + m k)], k = 0 .. r - 1, transforms these r values, turns the j-th by the p j-th
// power of the root of unity of r m, and writes it to out[q + s (r p + j)]. Here m = `left`, s = `done`, q < s, p < m.

function radix2(plan: Plan, { re, im }: Complex, to: Complex, left: number, done: number): void {
  const step = plan.length / (2 * left);
  for (let p = 0; p < left; p++) {
    const c = plan.cos[p * step];
    const s = plan.sin[p * step];
    let o0 = 2 * p * done;
    let o1 = o0 + done;
    for (let i0 = p * done, i1 = i0 + left * done, end = i0 + done; i0 < end; i0++, i1++, o0++, o1++) {
      const dr = re[i0] - re[i1];
      const di = im[i0] - im[i1];
      to.re[o0] = re[i0] + re[i1];
      to.im[o0] = im[i0] + im[i1];
      to.re[o1] = dr * c - di * s;
      to.im[o1] = dr * s + di * c;
    }
  }
}

function radix4(plan: Plan, { re, im }: Complex, to: Complex, left: number, done: number): void {
  const step = plan.length / (4 * left);
  const { cos, sin } = plan;
  const outRe = to.re;
  const outIm = to.im;
  const apart = left * done;
  for (let p = 0; p < left; p++) {
    const c1 = cos[p * step];
    const s1 = sin[p * step];
    const c2 = cos[2 * p * step];
    const s2 = sin[2 * p * step];
    const c3 = cos[3 * p * step];
    const s3 = sin[3 * p * step];
    let o = 4 * p * done;
    for (let i = p * done, end = i + done; i < end; i++, o++) {
      const i1 = i + apart;
      const i2 = i1 + apart;
      const i3 = i2 + apart;
      const evenSumR = re[i] + re[i2];
      const evenSumI = im[i] + im[i2];
      const evenDifferenceR = re[i] - re[i2];
      const evenDifferenceI = im[i] - im[i2];
      const oddSumR = re[i1] + re[i3];
      const oddSumI = im[i1] + im[i3];
      // The odd difference times i.
      const oddDifferenceR = im[i3] - im[i1];
      const oddDifferenceI = re[i1] - re[i3];
      outRe[o] = evenSumR + oddSumR;
      outIm[o] = evenSumI + oddSumI;
      const r1 = evenDifferenceR + oddDifferenceR;
      const j1 = evenDifferenceI + oddDifferenceI;
      const o1 = o + done;
      outRe[o1] = r1 * c1 - j1 * s1;
      outIm[o1] = r1 * s1 + j1 * c1;
      const r2 = evenSumR - oddSumR;
      const j2 = evenSumI - oddSumI;
      const o2 = o1 + done;
      outRe[o2] = r2 * c2 - j2 * s2;
      outIm[o2] = r2 * s2 + j2 * c2;
      const r3 = evenDifferenceR - oddDifferenceR;
      const j3 = evenDifferenceI - oddDifferenceI;
      const o3 = o2 + done;
      outRe[o3] = r3 * c3 - j3 * s3;
      outIm[o3] = r3 * s3 + j3 * c3;
    }
  }
}

const sums = { re: new Float64Array(4), im: new Float64Array(4) };
const differences = { re: new Float64Array(4), im: new Float64Array(4) };

/** Radix 3, 5 or 7: the inputs k and r - k go together, since their roots of unity are conjugate. */
function oddRadix(
  plan: Plan,
  { re, im }: Complex,
  to: Complex,
  left: number,
  done: number,
  radix: number,
): void {
  const { cos, sin, length } = plan;
  const step = length / (radix * left);
  const turn = length / radix;
  const half = (radix - 1) / 2;
  const apart = left * done;
  for (let p = 0; p < left; p++) {
    for (let q = 0; q < done; q++) {
      const i = p * done + q;
      const o = radix * p * done + q;
      let totalR = re[i];
      let totalI = im[i];
      for (let k = 1; k <= half; k++) {
        const a = i + k * apart;
        const b = i + (radix - k) * apart;
        sums.re[k] = re[a] + re[b];
        sums.im[k] = im[a] + im[b];
        differences.re[k] = re[a] - re[b];
        differences.im[k] = im[a] - im[b];
        totalR += sums.re[k];
        totalI += sums.im[k];
      }
      to.re[o] = totalR;
      to.im[o] = totalI;
      for (let j = 1; j <= half; j++) {
        let evenR = re[i];
        let evenI = im[i];
        let oddR = 0;
        let oddI = 0;
        for (let k = 1; k <= half; k++) {
          const root = ((j * k) % radix) * turn;
          evenR += sums.re[k] * cos[root];
          evenI += sums.im[k] * cos[root];
          oddR -= differences.im[k] * sin[root];
          oddI += differences.re[k] * sin[root];
        }
        write(plan, to, o + j * done, evenR + oddR, evenI + oddI, p * j * step);
        write(plan, to, o + (radix - j) * done, evenR - oddR, evenI - oddI, p * (radix - j) * step);
      }
    }
  }
}

function write(plan: Plan, to: Complex, index: number, r: number, i: number, root: number): void {
  const c = plan.cos[root];
  const s = plan.sin[root];
  to.re[index] = r * c - i * s;
  to.im[index] = r * s + i * c;
}

const pairs = new ComplexScratch();
const pairsWork = new ComplexScratch();

/**
 * The real plane [height, width] whose spectrum is the Hermitian part of `half`, unscaled, into `plane`.
 * `half` is [height, floor(width / 2) + 1]: the columns of the spectrum from frequency 0 up; it and `work`, of the same
 * size, are lost.
 */
export function realPlane(
  half: Complex,
  work: Complex,
  height: number,
  width: number,
  plane: Float32Array,
): void {
  const columns = (width >> 1) + 1;
  const { re, im } = inverseTransform(half, work, height, columns);
  // Two real rows in one complex transform: a + i b. Lanes are pairs of rows.
  const lanes = (height + 1) >> 1;
  const spectrum = pairs.take(width * lanes);
  for (let lane = 0; lane < lanes; lane++) {
    const a = 2 * lane * columns;
    const hasTwo = 2 * lane + 1 < height;
    const b = hasTwo ? a + columns : a;
    for (let k = 0; k < columns; k++) {
      // Columns that are their own mirror image are Hermitian only in their real part: what is left of it is dropped.
      const own = k === 0 || 2 * k === width;
      const ar = re[a + k];
      const ai = own ? 0 : im[a + k];
      const br = hasTwo ? re[b + k] : 0;
      const bi = own || !hasTwo ? 0 : im[b + k];
      spectrum.re[k * lanes + lane] = ar - bi;
      spectrum.im[k * lanes + lane] = ai + br;
      if (!own) {
        const mirrored = (width - k) * lanes + lane;
        spectrum.re[mirrored] = ar + bi;
        spectrum.im[mirrored] = br - ai;
      }
    }
  }
  const rows = inverseTransform(spectrum, pairsWork.take(width * lanes), width, lanes);
  for (let lane = 0; lane < lanes; lane++) {
    const first = 2 * lane * width;
    const second = first + width;
    const hasTwo = 2 * lane + 1 < height;
    for (let x = 0; x < width; x++) {
      plane[first + x] = rows.re[x * lanes + lane];
      if (hasTwo) plane[second + x] = rows.im[x * lanes + lane];
    }
  }
}
