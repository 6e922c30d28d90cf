// Inverse discrete Fourier transforms of whole planes: mixed-radix Stockham (self-sorting; Van Loan 1992,
// "Computational frameworks for the fast Fourier transform", section 1.7) for lengths without a prime factor above 7.
// Many transforms run side by side ("lanes", a multiple of four), so that the innermost loop runs over vectors.
//
// A complex array is float32: all real parts, then, `apart` bytes after them, all imaginary parts.

/** exp(2 pi i k / length) for k from 0: cosines, float32 [length], followed by the sines. */
let roots: usize = 0;
let rootCount: i32 = 0;

/**
 * `lanes` inverse transforms of `length` each, unscaled: out[n] = sum over k of in[k] exp(2 pi i k n / length). Both
 * arrays are [length, lanes]. Returns the array that holds the result; the content of the other one is lost. `table`
 * holds the roots of unity, [2, length].
 */
export function inverseTransform(
  data: usize,
  work: usize,
  apart: usize,
  length: i32,
  lanes: i32,
  table: usize,
): usize {
  roots = table;
  rootCount = length;
  let from = data;
  let to = work;
  let left = length;
  let done = lanes;
  while (left > 1) {
    const radix = left % 4 === 0 ? 4 : left % 2 === 0 ? 2 : left % 3 === 0 ? 3 : left % 5 === 0 ? 5 : 7;
    left /= radix;
    if (radix === 4) radix4(from, to, apart, left, done);
    else if (radix === 2) radix2(from, to, apart, left, done);
    else oddRadix(from, to, apart, left, done, radix);
    done *= radix;
    const other = from;
    from = to;
    to = other;
  }
  return from;
}

function cosine(root: i32): v128 {
  return v128.load32_splat(roots + (root << 2));
}

function sine(root: i32): v128 {
  return v128.load32_splat(roots + ((rootCount + root) << 2));
}

/** Stores (re + i im) (c + i s). */
function storeTurned(to: usize, apart: usize, re: v128, im: v128, c: v128, s: v128): void {
  v128.store(to, f32x4.sub(f32x4.mul(re, c), f32x4.mul(im, s)));
  v128.store(to + apart, f32x4.add(f32x4.mul(re, s), f32x4.mul(im, c)));
}

// One stage of radix r reads in[q + s (p + m k)], k = 0 .. r - 1, transforms these r values, multiplies the j-th by the
// p j-th power of the root of unity of r m, and writes it to out[q + s (r p + j)]. Here m = `left`, s = `done`, q < s,
// p < m.

function radix2(from: usize, to: usize, apart: usize, left: i32, done: i32): void {
  const step = rootCount / (2 * left);
  const run = <usize>(done << 2);
  const second = run * left;
  for (let p = 0; p < left; p++) {
    const c = cosine(p * step);
    const s = sine(p * step);
    const start = from + run * p;
    let o = to + run * 2 * p;
    for (let i = start; i < start + run; i += 16) {
      const r0 = v128.load(i);
      const i0 = v128.load(i + apart);
      const r1 = v128.load(i + second);
      const i1 = v128.load(i + second + apart);
      v128.store(o, f32x4.add(r0, r1));
      v128.store(o + apart, f32x4.add(i0, i1));
      storeTurned(o + run, apart, f32x4.sub(r0, r1), f32x4.sub(i0, i1), c, s);
      o += 16;
    }
  }
}

function radix4(from: usize, to: usize, apart: usize, left: i32, done: i32): void {
  const step = rootCount / (4 * left);
  const run = <usize>(done << 2);
  const second = run * left;
  for (let p = 0; p < left; p++) {
    const c1 = cosine(p * step);
    const s1 = sine(p * step);
    const c2 = cosine(2 * p * step);
    const s2 = sine(2 * p * step);
    const c3 = cosine(3 * p * step);
    const s3 = sine(3 * p * step);
    const start = from + run * p;
    let o = to + run * 4 * p;
    for (let i = start; i < start + run; i += 16) {
      const j = i + second;
      const k = j + second;
      const l = k + second;
      const r0 = v128.load(i);
      const i0 = v128.load(i + apart);
      const r1 = v128.load(j);
      const i1 = v128.load(j + apart);
      const r2 = v128.load(k);
      const i2 = v128.load(k + apart);
      const r3 = v128.load(l);
      const i3 = v128.load(l + apart);
      const evenSumR = f32x4.add(r0, r2);
      const evenSumI = f32x4.add(i0, i2);
      const evenDifferenceR = f32x4.sub(r0, r2);
      const evenDifferenceI = f32x4.sub(i0, i2);
      const oddSumR = f32x4.add(r1, r3);
      const oddSumI = f32x4.add(i1, i3);
      // The odd difference times i.
      const oddDifferenceR = f32x4.sub(i3, i1);
      const oddDifferenceI = f32x4.sub(r1, r3);
      v128.store(o, f32x4.add(evenSumR, oddSumR));
      v128.store(o + apart, f32x4.add(evenSumI, oddSumI));
      storeTurned(
        o + run,
        apart,
        f32x4.add(evenDifferenceR, oddDifferenceR),
        f32x4.add(evenDifferenceI, oddDifferenceI),
        c1,
        s1,
      );
      storeTurned(o + 2 * run, apart, f32x4.sub(evenSumR, oddSumR), f32x4.sub(evenSumI, oddSumI), c2, s2);
      storeTurned(
        o + 3 * run,
        apart,
        f32x4.sub(evenDifferenceR, oddDifferenceR),
        f32x4.sub(evenDifferenceI, oddDifferenceI),
        c3,
        s3,
      );
      o += 16;
    }
  }
}

/** Sums and differences of up to three pairs: real sum, imaginary sum, real difference, imaginary difference. */
const pairs = memory.data(3 * 64, 16);

/** Radix 3, 5 or 7: the inputs k and r - k are paired, since their roots of unity are conjugate. */
function oddRadix(from: usize, to: usize, apart: usize, left: i32, done: i32, radix: i32): void {
  const step = rootCount / (radix * left);
  const turn = rootCount / radix;
  const half = (radix - 1) >> 1;
  const run = <usize>(done << 2);
  const second = run * left;
  for (let p = 0; p < left; p++) {
    const start = from + run * p;
    let o = to + run * (radix * p);
    for (let i = start; i < start + run; i += 16) {
      const r0 = v128.load(i);
      const i0 = v128.load(i + apart);
      let totalR = r0;
      let totalI = i0;
      for (let k = 1; k <= half; k++) {
        const a = i + second * k;
        const b = i + second * (radix - k);
        const ar = v128.load(a);
        const ai = v128.load(a + apart);
        const br = v128.load(b);
        const bi = v128.load(b + apart);
        const pair = pairs + ((k - 1) << 6);
        const sumR = f32x4.add(ar, br);
        const sumI = f32x4.add(ai, bi);
        v128.store(pair, sumR);
        v128.store(pair, sumI, 16);
        v128.store(pair, f32x4.sub(ar, br), 32);
        v128.store(pair, f32x4.sub(ai, bi), 48);
        totalR = f32x4.add(totalR, sumR);
        totalI = f32x4.add(totalI, sumI);
      }
      v128.store(o, totalR);
      v128.store(o + apart, totalI);
      for (let j = 1; j <= half; j++) {
        let evenR = r0;
        let evenI = i0;
        let oddR = f32x4.splat(0);
        let oddI = oddR;
        for (let k = 1; k <= half; k++) {
          const root = ((j * k) % radix) * turn;
          const c = cosine(root);
          const s = sine(root);
          const pair = pairs + ((k - 1) << 6);
          evenR = f32x4.add(evenR, f32x4.mul(v128.load(pair), c));
          evenI = f32x4.add(evenI, f32x4.mul(v128.load(pair, 16), c));
          oddR = f32x4.sub(oddR, f32x4.mul(v128.load(pair, 48), s));
          oddI = f32x4.add(oddI, f32x4.mul(v128.load(pair, 32), s));
        }
        const first = p * j * step;
        const last = p * (radix - j) * step;
        const plusR = f32x4.add(evenR, oddR);
        const plusI = f32x4.add(evenI, oddI);
        const minusR = f32x4.sub(evenR, oddR);
        const minusI = f32x4.sub(evenI, oddI);
        storeTurned(o + run * j, apart, plusR, plusI, cosine(first), sine(first));
        storeTurned(o + run * (radix - j), apart, minusR, minusI, cosine(last), sine(last));
      }
      o += 16;
    }
  }
}

/** Lanes of the column transforms, for a plane of this width. */
export function columnLanes(width: i32): i32 {
  return ((width >> 1) + 1 + 3) & ~3;
}

/** Lanes of the row transforms, two rows each, for a plane of this height. */
export function rowLanes(height: i32): i32 {
  return (((height + 1) >> 1) + 3) & ~3;
}

/**
 * Computes the real plane [height, width] whose spectrum is the Hermitian part of `half`, unscaled, and stores it in
 * `plane`. `half` is [height, columnLanes(width)]: the columns of the spectrum from frequency 0 to floor(width / 2),
 * followed by any finite numbers. `half` and `work` are complex arrays whose imaginary parts are `apart` bytes after
 * the real ones, which hold at least height x columnLanes(width) and width x rowLanes(height) floats; the contents of
 * both are lost.
 */
export function realPlane(
  half: usize,
  work: usize,
  apart: usize,
  height: i32,
  width: i32,
  columnRoots: usize,
  rowRoots: usize,
  plane: usize,
): void {
  const columns = columnLanes(width);
  const spectrum = inverseTransform(half, work, apart, height, columns, columnRoots);
  const packedRows = spectrum === half ? work : half;
  // Two real rows in one complex transform: a + i b. Lanes are pairs of rows.
  const lanes = rowLanes(height);
  const ownEnd = width >> 1;
  for (let lane = 0; lane < lanes; lane++) {
    const hasOne = 2 * lane < height;
    const hasTwo = 2 * lane + 1 < height;
    let a = spectrum + <usize>(((hasOne ? 2 * lane : 0) * columns) << 2);
    let b = hasTwo ? a + (columns << 2) : a;
    let to = packedRows + (lane << 2);
    let mirrored = packedRows + <usize>((width * lanes + lane) << 2);
    const row = <usize>(lanes << 2);
    for (let k = 0; k <= ownEnd; k++) {
      // Columns that are their own mirror image are Hermitian only in their real part; the rest is dropped.
      const own = k === 0 || 2 * k === width;
      const ar = load<f32>(a);
      const ai: f32 = own ? 0 : load<f32>(a + apart);
      const br: f32 = hasTwo ? load<f32>(b) : 0;
      const bi: f32 = own || !hasTwo ? 0 : load<f32>(b + apart);
      store<f32>(to, ar - bi);
      store<f32>(to + apart, ai + br);
      if (!own) {
        store<f32>(mirrored, ar + bi);
        store<f32>(mirrored + apart, br - ai);
      }
      a += 4;
      b += 4;
      to += row;
      mirrored -= row;
    }
  }
  const other = packedRows === half ? work : half;
  const rows = inverseTransform(packedRows, other, apart, width, lanes, rowRoots);
  for (let lane = 0; 2 * lane < height; lane++) {
    const hasTwo = 2 * lane + 1 < height;
    let first = plane + <usize>((2 * lane * width) << 2);
    let from = rows + (lane << 2);
    for (let x = 0; x < width; x++) {
      store<f32>(first, load<f32>(from));
      if (hasTwo) store<f32>(first + (width << 2), load<f32>(from + apart));
      first += 4;
      from += lanes << 2;
    }
  }
}
