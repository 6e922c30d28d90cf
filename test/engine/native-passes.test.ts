// Compares every pass of the native engine with TensorFlow.js's cpu backend, in both storage types, on every
// instruction set of this machine.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import { Random } from "../../src/common/random.ts";
import { composedOptimizers } from "../../src/engine/composed.ts";
import { ACTIVATION, type Activations, findAddon, type Passes } from "../../src/engine/native/addon.ts";
import { fromBfloat16, toBfloat16 } from "./native-cases.ts";

const CASES = 40;
/** Tolerance relative to the result's largest value, for float32 sums in another order. */
const TOLERANCE = 3e-6;
/** Additional tolerance for bfloat16 storage, which rounds once: at most 2⁻⁸ of the value. */
const BFLOAT16_ROUNDING = 2 ** -7.99;

/** Keyed by the names in ACTIVATION. */
const LAYERS = {
  none: (x: tf.Tensor) => x,
  relu: (x: tf.Tensor) => tf.relu(x),
  relu6: (x: tf.Tensor) => tf.relu6(x),
};

interface Storage {
  readonly name: "float32" | "bfloat16";
  encode(values: Float32Array): Activations;
  decode(values: Activations): Float32Array;
}

const STORAGES: readonly Storage[] = [
  { name: "float32", encode: (values) => values.slice(), decode: (values) => values as Float32Array },
  {
    name: "bfloat16",
    encode: toBfloat16,
    decode: (values) => fromBfloat16(values as Uint16Array),
  },
];

/** An array of `count` NaNs: passes must not depend on the previous content of their results. */
function blank(storage: Storage, count: number): Activations {
  return storage.encode(new Float32Array(count).fill(Number.NaN));
}

/** The values after storing them. */
function rounded(storage: Storage, values: Float32Array): Float32Array {
  return storage.decode(storage.encode(values));
}

function uniform(random: Random, count: number, low = -1, high = 1): Float32Array {
  return Float32Array.from({ length: count }, () => random.uniform(low, high));
}

/** Replaces some of the values by NaN, infinities and negative zero. */
function spoiled(random: Random, values: Float32Array): Float32Array {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0];
  return values.map((value) => (random.chance(0.15) ? odd[random.integer(0, 3)] : value));
}

/** Asserts equality up to the storage's rounding. */
function assertExact(storage: Storage, actual: Activations, expected: Float32Array, what: string): void {
  const values = storage.decode(actual);
  const wanted = rounded(storage, expected);
  assert.equal(values.length, wanted.length, what);
  for (let i = 0; i < values.length; i++) {
    const isSame = values[i] === wanted[i] || (Number.isNaN(values[i]) && Number.isNaN(wanted[i]));
    assert.ok(isSame, `${what}: value ${i} is ${values[i]} instead of ${wanted[i]}`);
  }
}

function assertClose(
  storage: Storage,
  actual: Activations,
  expected: ArrayLike<number>,
  what: string,
  tolerance = TOLERANCE,
): void {
  const values = storage.decode(actual);
  assert.equal(values.length, expected.length, what);
  const finite = Array.from(expected).filter(Number.isFinite);
  const scale = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const unit = storage.name === "bfloat16" ? BFLOAT16_ROUNDING : 0;
  for (let i = 0; i < values.length; i++) {
    const [value, wanted] = [values[i], expected[i]];
    if (value === wanted || (Number.isNaN(value) && Number.isNaN(wanted))) continue;
    const allowed = tolerance * scale + unit * Math.abs(wanted);
    assert.ok(Math.abs(value - wanted) <= allowed, `${what}: value ${i} is ${value} instead of ${wanted}`);
  }
}

/** The values that `compute` returns on the cpu backend. */
function onCpu(compute: () => tf.Tensor): Float32Array {
  return tf.tidy(() => compute().dataSync() as Float32Array);
}

interface PoolCase {
  readonly what: string;
  readonly xShape: [number, number, number, number];
  readonly outShape: [number, number, number, number];
  readonly window: [number, number];
  readonly strides: [number, number];
  readonly pad: "same" | "valid" | number;
  readonly shape: Int32Array;
}

/** The rounding mode that TensorFlow.js requires for this padding. */
function roundingOf(pad: PoolCase["pad"]): "floor" | undefined {
  return typeof pad === "number" ? "floor" : undefined;
}

function poolCase(random: Random, i: number): PoolCase {
  const isCommon = i % 3 === 0;
  const isGlobal = i % 7 === 1;
  const [images, height, width] = [random.integer(1, 3), random.integer(1, 12), random.integer(1, 12)];
  const channels = [1, 3, random.integer(1, 70), 16, 24, 32, 80][random.integer(0, 6)];
  const side = (size: number) => (isCommon ? 2 : isGlobal ? size : random.integer(1, Math.min(4, size)));
  const window: [number, number] = [side(height), side(width)];
  const strides: [number, number] = isCommon ? [2, 2] : [random.integer(1, 4), random.integer(1, 4)];
  const doesFit = window[0] <= height && window[1] <= width;
  // With a number as pad, TensorFlow.js assumes square windows and strides.
  const isSquare = window[0] === window[1] && strides[0] === strides[1];
  const number = isSquare ? random.integer(0, window[0] - 1) : "valid";
  const pad = doesFit ? (["same", "valid", number] as const)[random.integer(0, 2)] : "same";
  const xShape: PoolCase["xShape"] = [images, height, width, channels];
  const info = tf.backend_util.computePool2DInfo(xShape, window, strides, 1, pad, roundingOf(pad));
  const { outHeight, outWidth, padInfo } = info;
  const shape = [...xShape, outHeight, outWidth, ...window, ...strides, padInfo.top, padInfo.left];
  return {
    what: `x ${xShape}, window ${window}, strides ${strides}, pad ${pad}`,
    xShape,
    outShape: info.outShape,
    window,
    strides,
    pad,
    shape: Int32Array.from(shape),
  };
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Threefry-2x32 (Salmon et al. 2011); its known answers are below. */
function threefry(counter: readonly [number, number], key: readonly [number, number]): [number, number] {
  const keys = [key[0], key[1], 0x1bd11bda ^ key[0] ^ key[1]];
  const rotations = [13, 15, 26, 6, 17, 29, 16, 24];
  let [a, b] = [(counter[0] + keys[0]) | 0, (counter[1] + keys[1]) | 0];
  for (let round = 0; round < 20; round++) {
    const bits = rotations[round % 8];
    a = (a + b) | 0;
    b = ((b << bits) | (b >>> (32 - bits))) ^ a;
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      a = (a + keys[injection % 3]) | 0;
      b = (b + keys[(injection + 1) % 3] + injection) | 0;
    }
  }
  return [a >>> 0, b >>> 0];
}

interface DropoutKey {
  readonly k0: number;
  readonly k1: number;
  readonly step: number;
}

/** The factor by which dropout multiplies value `index` of a batch's tensor. */
function dropoutFactor(index: number, rate: number, { k0, k1, step }: DropoutKey): number {
  const block: [number, number] = [16 * Math.floor(index / 64) + (index % 16), step];
  const words = threefry(block, [k0, k1]);
  const part = Math.floor(index / 16) % 4;
  const number = part % 2 === 0 ? words[part >> 1] & 0xffff : words[part >> 1] >>> 16;
  return number < Math.round(rate * 65536) ? 0 : Math.fround(1 / (1 - rate));
}

const found = findAddon();
const skip = "missing" in found ? found.missing : false;
const sets =
  "missing" in found
    ? ["none"]
    : ["portable", "avx2", "avx512", "avx512bf16"].filter((name) => found.addon.choose(name));

for (const set of sets)
  describe(`native passes on ${set}`, { skip }, () => {
    let passes: Passes;
    before(async () => {
      if ("missing" in found) return;
      assert.equal(found.addon.choose(set), set);
      passes = found.addon.passes;
      await tf.setBackend("cpu");
    });

    const forCases = (purpose: string, check: (random: Random, storage: Storage, i: number) => void) => {
      for (const storage of STORAGES) {
        for (let i = 0; i < CASES; i++) check(new Random(purpose, i), storage, i);
      }
    };

    it("max pooling and its gradient, with ties, NaN and infinity", () => {
      forCases("max pooling", (random, storage, i) => {
        const { what, xShape, outShape, window, strides, pad, shape } = poolCase(random, i);
        // Few different values, so that many windows have ties for their maximum.
        const coarse = uniform(random, size(xShape)).map((value) => Math.round(value * 3));
        const x = i % 2 ? spoiled(random, coarse) : coarse;
        const dy = rounded(storage, uniform(random, size(outShape)));
        const pool = (input: tf.Tensor) =>
          tf.maxPool(input as tf.Tensor4D, window, strides, pad, roundingOf(pad));
        const y = blank(storage, size(outShape));
        passes.maxPool(shape, storage.encode(x), y);
        assertExact(
          storage,
          y,
          onCpu(() => pool(tf.tensor(x, xShape))),
          what,
        );
        y.fill(0);
        const positions = new Uint8Array(size(outShape));
        passes.maxPool(shape, storage.encode(x), y, positions);
        assertExact(
          storage,
          y,
          onCpu(() => pool(tf.tensor(x, xShape))),
          `${what}, with positions`,
        );
        const dx = blank(storage, size(xShape));
        passes.maxPoolGradient(shape, storage.encode(dy), positions, dx);
        const expected = onCpu(() => tf.grad(pool)(tf.tensor(x, xShape), tf.tensor(dy, outShape)));
        assertClose(storage, dx, expected, `gradient, ${what}`);
      });
    });

    it("average pooling, compared with TensorFlow.js, and its gradient, compared with the adjoint", () => {
      forCases("average pooling", (random, storage, i) => {
        const { what, xShape, outShape, window, strides, pad, shape } = poolCase(random, i);
        const x = rounded(
          storage,
          i % 2 ? spoiled(random, uniform(random, size(xShape))) : uniform(random, size(xShape)),
        );
        const dy = rounded(storage, uniform(random, size(outShape)));
        const pool = (input: tf.Tensor) =>
          tf.avgPool(input as tf.Tensor4D, window, strides, pad, roundingOf(pad));
        const y = blank(storage, size(outShape));
        passes.averagePool(shape, storage.encode(x), y);
        assertClose(
          storage,
          y,
          onCpu(() => pool(tf.tensor(x, xShape))),
          what,
        );

        const dx = blank(storage, size(xShape));
        passes.averagePoolGradient(shape, storage.encode(dy), true, dx);
        const asThere = onCpu(() => {
          const attrs = { filterSize: window, strides, pad };
          const inputs = { dy: tf.tensor(dy, outShape), input: tf.tensor(x, xShape) };
          return tf.engine().runKernel("AvgPoolGrad", inputs, attrs) as tf.Tensor;
        });
        assertClose(storage, dx, asThere, `gradient, ${what}`);

        // Pooling is linear: the gradient of x[k] is the sum of dy times the contribution of x[k] to y.
        dx.fill(0);
        passes.averagePoolGradient(shape, storage.encode(dy), false, dx);
        const k = random.integer(0, x.length - 1);
        const one = Float32Array.from(x, (_, at) => (at === k ? 1 : 0));
        const response = onCpu(() => pool(tf.tensor(one, xShape)));
        const share = response.reduce(
          (sum, value, at) => sum + (Number.isNaN(value) ? 0 : value * dy[at]),
          0,
        );
        assertClose(storage, dx.slice(k, k + 1), [share], `gradient of what was computed, ${what}`);
      });
    });

    it("batch normalization and its gradients, over parts of the rows", () => {
      const epsilon = 1e-3;
      forCases("normalisation", (random, storage, i) => {
        const rows = i === 0 ? 1 : random.integer(1, 120);
        const channels = [1, random.integer(1, 70), 16, 24, 32, 80][random.integer(0, 5)];
        const x = rounded(storage, uniform(random, rows * channels, -2, 3));
        const dy = rounded(storage, uniform(random, rows * channels));
        const [gamma, beta] = [uniform(random, channels, 0.5, 1.5), uniform(random, channels)];
        const what = `${rows} rows of ${channels}`;
        const [stored, gradients] = [storage.encode(x), storage.encode(dy)];

        const mean = new Float32Array(channels);
        const m2 = new Float32Array(channels);
        let done = 0;
        while (done < rows) {
          const more = random.integer(1, rows - done);
          const part = [new Float32Array(channels), new Float32Array(channels)] as const;
          passes.channelMoments(more, channels, stored.subarray(done * channels), ...part);
          passes.combineMoments(channels, done, mean, m2, more, ...part);
          done += more;
        }
        const moments = tf.tidy(() => {
          const result = tf.moments(tf.tensor2d(x, [rows, channels]), 0);
          return [result.mean.dataSync(), result.variance.dataSync()];
        });
        assertClose(STORAGES[0], mean, moments[0], `mean, ${what}`);
        assertClose(
          STORAGES[0],
          m2.map((value) => value / rows),
          moments[1],
          `variance, ${what}`,
          1e-5,
        );

        const inverse = m2.map((value) => 1 / Math.sqrt(value / rows + epsilon));
        const scale = gamma.map((value, c) => value * inverse[c]);
        const shift = beta.map((value, c) => value - mean[c] * scale[c]);
        const y = blank(storage, x.length);
        for (const activation of ["none", "relu", "relu6"] as const) {
          passes.normalize(rows, channels, stored, scale, shift, ACTIVATION[activation], y);
          const expected = onCpu(() => {
            const plain = tf.batchNorm(
              tf.tensor2d(x, [rows, channels]),
              tf.tensor1d(moments[0] as Float32Array),
              tf.tensor1d(moments[1] as Float32Array),
              tf.tensor1d(beta),
              tf.tensor1d(gamma),
              epsilon,
            );
            return LAYERS[activation](plain);
          });
          assertClose(storage, y, expected, `${activation}, ${what}`, 2e-5);
        }

        const sumDy = new Float32Array(channels);
        const sumDyXhat = new Float32Array(channels);
        const half = rows >> 1;
        for (const [first, count] of [
          [0, half],
          [half, rows - half],
        ]) {
          const [values, dys] = [stored.subarray(first * channels), gradients.subarray(first * channels)];
          passes.normalizationGradientSums(count, channels, values, dys, mean, inverse, sumDy, sumDyXhat);
        }
        const a = gamma.map((value, c) => value * inverse[c]);
        const b = a.map((value, c) => (-value * inverse[c] * sumDyXhat[c]) / rows);
        const c = a.map((value, k) => (-value * sumDy[k]) / rows - b[k] * mean[k]);
        const dx = gradients.slice();
        passes.normalizationGradient(rows, channels, stored, dx, a, b, c, dx);
        const normalized = (input: tf.Tensor, g: tf.Tensor, s: tf.Tensor) => {
          const average = tf.mean(input, 0, true);
          const centred = tf.sub(input, average);
          const variance = tf.mean(tf.square(centred), 0, true);
          return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, epsilon))), g), s);
        };
        const expected = tf.tidy(() =>
          tf
            .grads(normalized)(
              [tf.tensor2d(x, [rows, channels]), tf.tensor1d(gamma), tf.tensor1d(beta)],
              tf.tensor2d(dy, [rows, channels]),
            )
            .map((gradient) => gradient.dataSync()),
        );
        // A single row has no variance: large terms cancel and leave only rounding errors.
        assertClose(storage, dx, expected[0], `dx, ${what}`, rows === 1 ? 1 : 1e-4);
        assertClose(STORAGES[0], sumDyXhat, expected[1], `gamma, ${what}`, 1e-4);
        assertClose(STORAGES[0], sumDy, expected[2], `beta, ${what}`, 1e-5);
      });
    });

    it("moments of values far from zero stay accurate", () => {
      const random = new Random("far");
      const [rows, channels] = [1024, 20];
      const x = uniform(random, rows * channels, 999, 1001);
      const [mean, m2] = [new Float32Array(channels), new Float32Array(channels)];
      passes.channelMoments(rows, channels, x, mean, m2);
      for (let c = 0; c < channels; c++) {
        const column = Array.from({ length: rows }, (_, row) => x[row * channels + c]);
        const average = column.reduce((sum, value) => sum + value, 0) / rows;
        const squares = column.reduce((sum, value) => sum + (value - average) ** 2, 0);
        assert.ok(Math.abs(mean[c] - average) < 1e-3, `mean ${mean[c]} instead of ${average}`);
        assert.ok(Math.abs(m2[c] / squares - 1) < 1e-4, `squares ${m2[c]} instead of ${squares}`);
      }
    });

    it("activations and their derivatives, with NaN and infinity", () => {
      forCases("activation", (random, storage) => {
        const count = random.integer(1, 200);
        // At exactly 6, which rounding may hit, the derivative of relu6 differs from TensorFlow.js's.
        const x = rounded(storage, spoiled(random, uniform(random, count, -8, 8))).map((v) =>
          v === 6 ? 7 : v,
        );
        const dy = rounded(storage, spoiled(random, uniform(random, count)));
        for (const name of ["relu", "relu6"] as const) {
          const values = storage.encode(x);
          passes.activate(ACTIVATION[name], count, values);
          assertExact(
            storage,
            values,
            onCpu(() => LAYERS[name](tf.tensor1d(x))),
            name,
          );
          const gradients = storage.encode(dy);
          passes.gate(ACTIVATION[name], count, values, gradients);
          const expected = onCpu(() =>
            tf.grad((input) => LAYERS[name](input))(tf.tensor1d(x), tf.tensor1d(dy)),
          );
          assertExact(storage, gradients, expected, `derivative of ${name}`);
        }
        const untouched = storage.encode(x);
        passes.activate(ACTIVATION.none, count, untouched);
        passes.gate(ACTIVATION.none, count, storage.encode(dy), untouched);
        assertExact(storage, untouched, x, "none");
      });
    });

    it("bias, and its gradient, which is a sum", () => {
      forCases("bias", (random, storage) => {
        const rows = random.integer(1, 60);
        const channels = random.integer(1, 90);
        const x = rounded(storage, spoiled(random, uniform(random, rows * channels, -5, 5)));
        const bias = uniform(random, channels);
        for (const name of ["none", "relu", "relu6"] as const) {
          const values = storage.encode(x);
          passes.addBias(rows, channels, values, bias, ACTIVATION[name]);
          const expected = onCpu(() => {
            const sum = tf.add(tf.tensor2d(x, [rows, channels]), tf.tensor1d(bias));
            return LAYERS[name](sum);
          });
          assertExact(storage, values, expected, `bias and ${name}`);
        }
        const start = uniform(random, channels);
        const sums = start.slice();
        passes.sumRows(rows, channels, storage.encode(x), sums);
        const expected = onCpu(() => tf.add(tf.sum(tf.tensor2d(x, [rows, channels]), 0), tf.tensor1d(start)));
        assertClose(STORAGES[0], sums, expected, `sums of ${rows} rows of ${channels}`, 1e-5);
      });
    });

    it("sums, multiples and conversions of arrays", () => {
      forCases("elementwise", (random, storage) => {
        const count = random.integer(1, 150);
        const a = rounded(storage, spoiled(random, uniform(random, count)));
        const b = rounded(storage, spoiled(random, uniform(random, count)));
        const sum = storage.encode(b);
        passes.add(count, storage.encode(a), sum, sum);
        assertExact(
          storage,
          sum,
          onCpu(() => tf.add(tf.tensor1d(a), tf.tensor1d(b))),
          "sum",
        );
        const factor = Math.fround(random.uniform(-3, 3));
        const product = blank(storage, count);
        passes.scale(count, storage.encode(a), factor, product);
        assertExact(
          storage,
          product,
          onCpu(() => tf.mul(tf.tensor1d(a), factor)),
          "multiple",
        );
        for (const to of STORAGES) {
          const converted = blank(to, count);
          passes.convert(count, storage.encode(a), converted);
          assertExact(to, converted, a, `${storage.name} to ${to.name}`);
        }
      });
    });

    it("pixels are exactly divided by 255", () => {
      const levels = Uint8Array.from({ length: 256 + 5 }, (_, i) => i);
      for (const storage of STORAGES) {
        const values = blank(storage, levels.length);
        passes.pixels(levels.length, levels, values);
        assertExact(
          storage,
          values,
          Float32Array.from(levels, (level) => level / 255),
          storage.name,
        );
      }
    });

    it("dropout is the documented function of index, step and key", () => {
      assert.deepEqual(threefry([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
      assert.deepEqual(threefry([-1, -1], [-1, -1]), [0x1cb996fc, 0xbb002be7]);
      assert.deepEqual(
        threefry([0x243f6a88, 0x85a308d3], [0x13198a2e, 0x03707344]),
        [0xc4923a9c, 0x483df7a0],
      );
      forCases("dropout", (random, storage) => {
        const key = { k0: random.uint32(), k1: random.uint32(), step: random.uint32() };
        const first = random.chance(0.3) ? 64 * random.integer(0, 9) : random.integer(0, 3e9);
        const count = random.integer(1, 400);
        const rate = random.uniform(0, 0.95);
        const x = rounded(storage, uniform(random, count));
        x[0] = Number.POSITIVE_INFINITY;
        const factors = Array.from({ length: count }, (_, i) => dropoutFactor(first + i, rate, key));
        const expected = x.map((value, i) => (factors[i] === 0 ? 0 : value * factors[i]));
        const y = storage.encode(x);
        passes.dropout(y, y, first, count, key.k0, key.k1, key.step, rate);
        assertExact(storage, y, expected, `${count} values from ${first}`);
        const parts = storage.encode(x);
        const cut = random.integer(0, count);
        for (const [at, length] of [
          [0, cut],
          [cut, count - cut],
        ]) {
          const part = parts.subarray(at);
          passes.dropout(part, part, first + at, length, key.k0, key.k1, key.step, rate);
        }
        assert.deepEqual(parts, y);
      });
    });

    it("dropout drops the given share", () => {
      const count = 100_000;
      const ones = new Float32Array(count).fill(1);
      const y = new Float32Array(count);
      for (const rate of [0, 0.25, 0.6]) {
        passes.dropout(ones, y, 0, count, 7, 8, 9, rate);
        const share = y.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0) / count;
        assert.ok(
          Math.abs(share - rate) <= 4 * Math.sqrt((rate * (1 - rate)) / count),
          `${share} for ${rate}`,
        );
      }
    });

    it("softmax with cross-entropy: loss, correct answers and gradient", () => {
      forCases("cross-entropy", (random, storage, i) => {
        const [rows, classes] = [random.integer(1, 20), random.integer(2, 30)];
        const width = i % 4 === 0 ? 1000 : 5;
        const plain = uniform(random, rows * classes, -width, width);
        const logits = i % 5 === 4 ? spoiled(random, plain) : plain.map((value) => Math.round(value * 2) / 2);
        const labels = Int32Array.from({ length: rows }, () => random.integer(0, classes - 1));
        const [loss, correct] = [new Float64Array([1.5]), new Int32Array([3])];
        const gradient = blank(storage, rows * classes);
        passes.crossEntropy(rows, classes, logits, labels, loss, correct, 0.25, gradient);
        const what = `${rows} rows of ${classes}, to ${width}`;
        const oneHot = () => tf.oneHot(tf.tensor1d(labels, "int32"), classes);
        const sumOf = (values: tf.Tensor) =>
          tf.losses.softmaxCrossEntropy(oneHot(), values, undefined, 0, tf.Reduction.SUM) as tf.Scalar;
        const expected = onCpu(() => sumOf(tf.tensor2d(logits, [rows, classes])))[0];
        assertClose(STORAGES[0], new Float32Array([loss[0] - 1.5]), [expected], `loss, ${what}`);
        const answers = onCpu(() => tf.argMax(tf.tensor2d(logits, [rows, classes]), 1));
        assert.equal(correct[0], 3 + labels.filter((label, row) => label === answers[row]).length, what);
        const slopes = onCpu(() => tf.mul(tf.grad(sumOf)(tf.tensor2d(logits, [rows, classes])), 0.25));
        assertClose(storage, gradient, slopes, `gradient, ${what}`, width === 1000 ? 1e-4 : 1e-5);

        const [again, counted] = [new Float64Array([1.5]), new Int32Array([3])];
        passes.crossEntropy(rows, classes, logits, labels, again, counted, 1);
        assert.deepEqual([again, counted], [loss, correct]);
      });
    });

    it("RMSprop equals the composed RMSprop", () => {
      const random = new Random("rmsprop");
      const settings = { learningRate: 0.01, rho: 0.9, epsilon: 1e-7 };
      for (const count of [1, 7, 50]) {
        const start = uniform(random, count);
        const [variable, square] = [start.slice(), new Float32Array(count)];
        const [other, otherSquare] = [tf.variable(tf.tensor(start)), tf.variable(tf.zeros([count]))];
        for (let step = 0; step < 5; step++) {
          const gradient = uniform(random, count);
          if (step === 4 && count > 1) gradient[0] = Number.NaN;
          passes.rmsProp(
            count,
            variable,
            square,
            gradient,
            settings.learningRate,
            settings.rho,
            settings.epsilon,
          );
          const trained = { variable: other, gradient: tf.tensor(gradient), meanSquare: otherSquare };
          composedOptimizers.rmsProp([trained], settings);
        }
        assertClose(STORAGES[0], variable, other.dataSync(), "variable");
        assertClose(STORAGES[0], square, otherSquare.dataSync(), "mean of squares");
        assert.notDeepEqual(variable, start);
      }
    });

    it("averages of optimizers that become subnormal are set to 0, and NaN stays", () => {
      const least = 2 ** -126;
      const averages = () => Float32Array.of(1.01 * least, -1.01 * least, Number.NaN, 4 * least, 0.5);
      const variable = new Float32Array(5);
      const zeros = new Float32Array(5);
      const [mean, square] = [averages(), averages()];
      passes.adam(5, variable, mean, square, zeros, 1, 0.01, 0.5, 0.5, 1e-7);
      assert.deepEqual([...mean], [0, 0, Number.NaN, 2 * least, 0.25]);
      assert.deepEqual([...square], [...mean]);
      const meanSquare = averages();
      passes.rmsProp(5, variable, meanSquare, zeros, 0.01, 0.5, 1e-7);
      assert.deepEqual([...meanSquare], [...mean]);
    });

    it("Adam equals Keras's, with gradients scaled by a factor", () => {
      const random = new Random("adam");
      const [rate, beta1, beta2, epsilon] = [0.01, 0.9, 0.999, 1e-4];
      for (const count of [1, 7, 37]) {
        const variable = uniform(random, count);
        const [mean, square] = [new Float32Array(count), new Float32Array(count)];
        const expected = Array.from(variable);
        const [means, squares] = [new Float64Array(count), new Float64Array(count)];
        for (const factor of [1, 0.5, 1, 0.01, 0, Number.NaN]) {
          const gradient = uniform(random, count);
          const given = gradient.slice();
          passes.adam(count, variable, mean, square, gradient, factor, rate, beta1, beta2, epsilon);
          assert.deepEqual(gradient, given);
          for (let i = 0; i < count; i++) {
            const scaled = gradient[i] * factor;
            means[i] += (1 - beta1) * (scaled - means[i]);
            squares[i] += (1 - beta2) * (scaled ** 2 - squares[i]);
            expected[i] -= (rate * means[i]) / (Math.sqrt(squares[i]) + epsilon);
          }
          assertClose(STORAGES[0], variable, expected, `factor ${factor}`);
        }
      }
    });

    it("the square of a norm", () => {
      const random = new Random("norm");
      for (const count of [1, 15, 5000, 20_000]) {
        const x = uniform(random, count);
        const expected = x.reduce((sum, value) => sum + value ** 2, 0);
        assert.ok(Math.abs(passes.sumSquares(count, x) / expected - 1) < 1e-6, `${count} values`);
      }
    });

    it("errors say what was expected and what was received", () => {
      const floats = new Float32Array(8);
      assert.throws(() => passes.add(9, floats, floats, floats), {
        name: "RangeError",
        message: "a: expected at least 9 values, received 8",
      });
      assert.throws(() => passes.add(8, floats, new Uint16Array(8), floats), {
        name: "TypeError",
        message: "b: expected Float32Array, received Uint16Array",
      });
      assert.throws(
        () => passes.convert(8, floats, new Int32Array(8) as never),
        /^TypeError: y: expected Float32Array, or/,
      );
      assert.throws(() => passes.activate(3 as never, 8, floats), /activation: expected 0 \(none\)/);
      assert.throws(
        () => passes.dropout(floats, floats, 0, 8, 0, 0, 2 ** 32, 0.5),
        /step: expected a whole number/,
      );
      assert.throws(
        () => passes.dropout(floats, floats, 0, 8, 0, 0, 0, 1),
        /rate: expected less than 1, received 1/,
      );
      assert.throws(
        () => passes.sumRows(2 ** 40, 1, floats, floats),
        /rows: expected a whole number below 2\^31/,
      );
      const wide = Int32Array.of(1, 20, 20, 1, 1, 1, 17, 17, 1, 1, 0, 0);
      assert.throws(
        () => passes.maxPool(wide, new Float32Array(400), floats, new Uint8Array(1)),
        /windows of up to 256 places, received 289/,
      );
    });
  });
