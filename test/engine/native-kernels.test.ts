// Every kernel of the native backend against TensorFlow.js's cpu backend, on random shapes, by each instruction set
// that this processor has; and the gradients of a whole network.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../src/common/random.ts";
import { type Addon, findAddon } from "../../src/engine/native/addon.ts";
import { startNative } from "../../src/engine/native/backend.ts";
import {
  checkRmsProp,
  compareConvolutionGradients,
  compareMatrixProducts,
  compareMaxPoolGradients,
  comparePoolings,
  comparison,
  randomValues,
  run,
  specialValues,
} from "./kernel-cases.ts";

type Shape4D = [number, number, number, number];

/** Both sides sum float32 products in different orders: relative to the largest value of the result. */
const SUM_TOLERANCE = 1e-5;
/** One operation a value, rounded once or twice. */
const VALUE_TOLERANCE = 3e-7;

const found = findAddon();
const INSTRUCTION_SETS = ["portable", "avx2", "avx512"].filter(
  (name) => "addon" in found && found.addon.choose(name),
);

describe("native kernels against the cpu backend", { skip: "missing" in found && found.missing }, () => {
  const { addon } = found as { addon: Addon };
  const variants = Object.fromEntries(INSTRUCTION_SETS.map((name) => [name, () => addon.choose(name)]));
  const compareSums = comparison("native", SUM_TOLERANCE, variants);
  const compareValues = comparison("native", VALUE_TOLERANCE, variants);

  before(async () => {
    await startNative();
  });

  it("convolutions, and all that is fused to them", async () => {
    for (let i = 0; i < 60; i++) {
      const random = new Random("native convolution", i);
      const { xShape, filterShape, strides, dilations, pad } = randomConvolution(random, 40);
      const x = randomValues(random, xShape);
      if (random.chance(0.3)) x[random.integer(0, x.length - 1)] = Number.NaN;
      const filter = randomValues(random, filterShape);
      const bias = random.chance(0.7) ? randomValues(random, [filterShape[3]]) : undefined;
      const activation = ACTIVATIONS[random.integer(0, ACTIVATIONS.length - 1)];
      const what = `case ${i}: x ${xShape}, filter ${filterShape}, strides ${strides}, dilations ${dilations}, pad ${pad}, ${activation}`;
      await compareSums(what, () =>
        tf.fused.conv2d({
          x: tf.tensor4d(x, xShape),
          filter: tf.tensor4d(filter, filterShape),
          strides,
          dilations,
          pad,
          dimRoundingMode: typeof pad === "number" ? "floor" : undefined,
          bias: bias && tf.tensor1d(bias),
          activation,
          preluActivationWeights: tf.scalar(0.3),
          leakyreluAlpha: 0.3,
        }),
      );
    }
  });

  it("convolution gradients: random shapes, strides and pads", () =>
    compareConvolutionGradients(compareSums, 40));

  it("depthwise convolutions and their gradients", async () => {
    for (let i = 0; i < 60; i++) {
      const random = new Random("native depthwise", i);
      const { xShape, filterShape, strides, dilations, pad } = randomConvolution(random, 3);
      const outChannels = filterShape[2] * filterShape[3];
      const x = randomValues(random, xShape);
      const filter = randomValues(random, filterShape);
      const bias = random.chance(0.5) ? randomValues(random, [outChannels]) : undefined;
      const activation = ACTIVATIONS[random.integer(0, ACTIVATIONS.length - 1)];
      const dimRoundingMode = typeof pad === "number" ? "floor" : undefined;
      const what = `case ${i}: x ${xShape}, filter ${filterShape}, strides ${strides}, dilations ${dilations}, pad ${pad}`;
      await compareSums(what, () =>
        tf.fused.depthwiseConv2d({
          x: tf.tensor4d(x, xShape),
          filter: tf.tensor4d(filter, filterShape),
          strides,
          dilations,
          pad,
          dimRoundingMode,
          bias: bias && tf.tensor1d(bias),
          activation,
          preluActivationWeights: tf.scalar(0.3),
          leakyreluAlpha: 0.3,
        }),
      );
      if (Math.max(...dilations) > 1) continue; // of which TensorFlow.js has no gradients
      const attrs = { strides, pad, dimRoundingMode, dilations };
      const info = tf.backend_util.computeConv2DInfo(
        xShape,
        filterShape,
        strides,
        1,
        pad,
        dimRoundingMode,
        true,
      );
      const dy = randomValues(random, info.outShape);
      await compareSums(`input gradient, ${what}`, () => {
        const inputs = { dy: tf.tensor(dy, info.outShape), filter: tf.tensor(filter, filterShape) };
        return run("DepthwiseConv2dNativeBackpropInput", inputs, { ...attrs, inputShape: xShape });
      });
      await compareSums(`filter gradient, ${what}`, () => {
        const inputs = { x: tf.tensor(x, xShape), dy: tf.tensor(dy, info.outShape) };
        return run("DepthwiseConv2dNativeBackpropFilter", inputs, { ...attrs, filterShape });
      });
    }
  });

  it("gradients of dilated convolutions: each is the adjoint of the convolution", () => {
    for (let i = 0; i < 60; i++) {
      const random = new Random("native dilated", i);
      const isDepthwise = random.chance(0.5);
      const shape = randomConvolutionShape(random, isDepthwise);
      const [batch, height, width, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth] =
        shape;
      const x = randomValues(random, [batch, height, width, inChannels]);
      const dy = randomValues(random, [batch, outHeight, outWidth, outChannels]);
      const filter = randomValues(random, [
        filterHeight,
        filterWidth,
        isDepthwise ? 1 : inChannels,
        outChannels,
      ]);
      const kernels = isDepthwise
        ? ([addon.convolveDepthwise, addon.depthwiseInputGradient, addon.depthwiseFilterGradient] as const)
        : ([addon.convolve, addon.inputGradient, addon.filterGradient] as const);
      for (const name of INSTRUCTION_SETS) {
        addon.choose(name);
        const y = new Float32Array(dy.length).fill(Number.NaN);
        const dx = new Float32Array(x.length).fill(Number.NaN);
        const df = new Float32Array(filter.length).fill(Number.NaN);
        kernels[0](shape, x, filter, y);
        kernels[1](shape, dy, filter, dx);
        kernels[2](shape, x, dy, df);
        const expected = dot(y, dy);
        const tolerance = 1e-5 * Math.sqrt(dot(y, y) * dot(dy, dy)) + 1e-5;
        const what = `${name} case ${i}: ${shape}`;
        assert.ok(Math.abs(dot(dx, x) - expected) <= tolerance, `input gradient, ${what}`);
        assert.ok(Math.abs(dot(df, filter) - expected) <= tolerance, `filter gradient, ${what}`);
      }
    }
  });

  it("matrix products, transposed or not, of one matrix and of several", () =>
    compareMatrixProducts(compareSums, 60));

  it("matrix products whose batches are broadcast", async () => {
    const random = new Random("native broadcast product");
    for (const [aBatch, bBatch] of [
      [
        [2, 1],
        [1, 3],
      ],
      [[3], []],
      [[], [2, 2]],
      [[2, 3], [3]],
    ]) {
      for (const transpose of [false, true]) {
        const aShape = [...aBatch, ...(transpose ? [5, 4] : [4, 5])];
        const bShape = [...bBatch, ...(transpose ? [6, 5] : [5, 6])];
        const [a, b] = [randomValues(random, aShape), randomValues(random, bShape)];
        const batch = tf.broadcast_util.assertAndGetBroadcastShape(aBatch, bBatch);
        // The cpu backend mixes up batches that are broadcast in both: it is given them in full.
        await compareSums(`${aShape} · ${bShape}`, () => {
          const [full, other] = [tf.tensor(a, aShape), tf.tensor(b, bShape)];
          if (tf.getBackend() === "native") return tf.matMul(full, other, transpose, transpose);
          return tf.matMul(
            tf.broadcastTo(full, [...batch, ...aShape.slice(-2)]),
            tf.broadcastTo(other, [...batch, ...bShape.slice(-2)]),
            transpose,
            transpose,
          );
        });
      }
    }
  });

  it("dense layers: a product, a bias and an activation", async () => {
    for (const [i, activation] of ACTIVATIONS.entries()) {
      const random = new Random("native dense", i);
      const [a, b, bias] = [[7, 30], [30, 21], [21]].map((shape) => randomValues(random, shape));
      await compareSums(`${activation}`, () =>
        tf.fused.matMul({
          a: tf.tensor2d(a, [7, 30]),
          b: tf.tensor2d(b, [30, 21]),
          bias: tf.tensor1d(bias),
          activation,
          preluActivationWeights: tf.scalar(0.3),
          leakyreluAlpha: 0.3,
        }),
      );
    }
  });

  it("operations value by value, also on what is no number", async () => {
    const operations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
      relu: tf.relu,
      relu6: tf.relu6,
      step: (x) => tf.step(x, 0.25),
      neg: tf.neg,
      square: tf.square,
      sqrt: tf.sqrt,
      rsqrt: tf.rsqrt,
      reciprocal: tf.reciprocal,
      abs: tf.abs,
      clip: (x) => tf.clipByValue(x, -0.5, 3),
      leakyRelu: (x) => tf.leakyRelu(x, 0.3),
      elu: tf.elu,
      sigmoid: tf.sigmoid,
      tanh: tf.tanh,
      exp: tf.exp,
    };
    for (const [name, operation] of Object.entries(operations)) {
      for (const size of [1, 5, 16, 33, 100]) {
        const x = specialValues(new Random(name, size), [size]);
        await compareValues(`${name} of ${size}`, () => operation(tf.tensor1d(x)));
      }
    }
  });

  it("operations on two operands, broadcast in every way", async () => {
    const operations = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div } as const;
    const others = { maximum: tf.maximum, minimum: tf.minimum, squaredDifference: tf.squaredDifference };
    for (const [name, operation] of Object.entries({ ...operations, ...others })) {
      for (let i = 0; i < 25; i++) {
        const random = new Random("native binary", name, i);
        const shape = Array.from({ length: random.integer(0, 4) }, () => random.integer(1, 9));
        if (random.chance(0.3)) shape.push(32);
        const operandShape = () =>
          shape.map((size) => (random.chance(0.3) ? 1 : size)).slice(random.integer(0, shape.length));
        const [aShape, bShape] = random.chance(0.5) ? [shape, operandShape()] : [operandShape(), shape];
        const [a, b] = [specialValues(random, aShape), specialValues(random, bShape)];
        await compareValues(`${name} ${i}: ${aShape} and ${bShape}`, () =>
          operation(tf.tensor(a, aShape), tf.tensor(b, bShape)),
        );
      }
    }
  });

  it("gradients of operations", async () => {
    const operations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
      relu: tf.relu,
      relu6: tf.relu6,
      leakyRelu: (x) => tf.leakyRelu(x, 0.3),
      elu: tf.elu,
      square: tf.square,
      clip: (x) => tf.clipByValue(x, -0.5, 3),
      minimum: (x) => tf.minimum(6, x),
      maximum: (x) => tf.maximum(x, -1),
      sum: (x) => tf.sum(x, [0, 2]),
      mean: (x) => tf.mean(x, 1, true),
      "mean of all": (x) => tf.mean(x),
    };
    for (const [name, operation] of Object.entries(operations)) {
      for (const isSpecial of [false, true]) {
        const random = new Random("native gradient", name);
        const x = (isSpecial ? specialValues : randomValues)(random, [3, 5, 7]);
        await compareValues(name, () => {
          const input = tf.tensor(x, [3, 5, 7]);
          const dy = tf.tensor(
            randomValues(new Random(name), operation(input).shape),
            operation(input).shape,
          );
          return tf.grad(operation)(input, dy);
        });
      }
    }
  });

  it("gradients of gradients", async () => {
    const x = randomValues(new Random("second"), [6, 4]);
    await compareValues("of a mean of squares of a relu", () => {
      const first = tf.grad((input) => tf.sum(tf.mul(tf.mean(tf.square(tf.relu(input)), 0), input)));
      return tf.grad((input) => tf.sum(tf.square(first(input))))(tf.tensor(x, [6, 4]));
    });
  });

  it("sums, means and maxima over any axes", async () => {
    for (let i = 0; i < 60; i++) {
      const random = new Random("native reduction", i);
      const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 5));
      if (random.chance(0.3)) shape.push(random.integer(12, 70));
      if (random.chance(0.3)) shape.unshift(random.integer(50, 100));
      const axes = shape.map((_, axis) => axis).filter(() => random.chance(0.5));
      const x = randomValues(random, shape);
      if (random.chance(0.3)) x[random.integer(0, x.length - 1)] = Number.NaN;
      for (const [name, operation] of Object.entries({ sum: tf.sum, mean: tf.mean, max: tf.max })) {
        await compareSums(`${name} ${i}: ${shape} over ${axes}`, () =>
          operation(tf.tensor(x, shape), axes.length > 0 ? axes : undefined, i % 2 === 0),
        );
      }
    }
  });

  it("batch normalisation and its gradients", async () => {
    for (let i = 0; i < 25; i++) {
      const random = new Random("native normalisation", i);
      const channels = random.integer(1, 40);
      const shape: Shape4D = [random.integer(1, 4), random.integer(1, 6), random.integer(1, 6), channels];
      const x = randomValues(random, shape);
      const [mean, offset, scale] = [1, 2, 3].map(() => randomValues(random, [channels]));
      const variance = randomValues(random, [channels]).map(Math.abs);
      const dy = randomValues(random, shape);
      const inputs = () => [
        tf.tensor4d(x, shape),
        ...[mean, variance, offset, scale].map((v) => tf.tensor1d(v)),
      ];
      const normalize = (...[input, ...by]: tf.Tensor[]) =>
        tf.batchNorm(
          input as tf.Tensor4D,
          ...(by as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D]),
          0.01,
        );
      await compareSums(`case ${i}: ${shape}`, () => normalize(...inputs()));
      for (let input = 0; input < 5; input++) {
        await compareSums(
          `case ${i}: ${shape}, gradient ${input}`,
          () => tf.grads(normalize)(inputs(), tf.tensor(dy, shape))[input],
        );
      }
    }
  });

  it("kernels that move values", async () => {
    for (let i = 0; i < 40; i++) {
      const random = new Random("native move", i);
      const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 7));
      const x = randomValues(random, shape);
      const axis = random.integer(0, shape.length - 1);
      const permutation = [...random.choose(shape.length, shape.length)];
      const begin = shape.map((size) => random.integer(0, size - 1));
      const size = shape.map((whole, each) => random.integer(1, whole - begin[each]));
      const pads = shape.map((): [number, number] => [random.integer(0, 2), random.integer(0, 2)]);
      const other = shape.map((whole, each) => (each === axis ? random.integer(1, 4) : whole));
      const rest = randomValues(random, other);
      const parts = shape[axis] > 1 ? [1, shape[axis] - 1] : [1];
      const input = () => tf.tensor(x, shape);
      const moves: Record<string, () => tf.Tensor> = {
        transpose: () => tf.transpose(input(), permutation),
        slice: () => tf.slice(input(), begin, size),
        split: () => tf.split(input(), parts, axis).at(-1) as tf.Tensor,
        pad: () => tf.pad(input(), pads, 0.5),
        concat: () => tf.concat([input(), tf.tensor(rest, other), input()], axis),
        tile: () =>
          tf.tile(
            input(),
            pads.map(([before]) => before + 1),
          ),
      };
      for (const [name, move] of Object.entries(moves)) {
        await compareValues(`${name} ${i}: ${shape}, axis ${axis}, ${permutation}, ${begin}, ${size}`, move);
      }
    }
  });

  it("max-pooling gradients: windows, strides and pads, ties too", () =>
    compareMaxPoolGradients(compareSums, 40));

  it("poolings", () => comparePoolings(compareSums, 40));

  it("RMSprop in one pass equals the composed one", async () => {
    for (const prepare of Object.values(variants)) {
      prepare();
      checkRmsProp(await startNative());
    }
  });

  it("results too large for the cache, which are written past it", async () => {
    const shape = [130, 1001, 33];
    const size = 130 * 1001 * 33;
    const x = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1009) / 500 - 1);
    const row = randomValues(new Random("large"), [48]);
    await compareValues("relu", () => tf.relu(tf.tensor(x, shape)));
    await compareValues("sum of rows", () =>
      tf.add(tf.tensor(x.subarray(0, 89375 * 48), [89375, 48]), tf.tensor(row)),
    );
    await compareValues("repeated", () => tf.tile(tf.tensor(row, [1, 48]), [90_000, 1]));
  });

  it("numbers of other kinds, as the cpu backend has them", async () => {
    const [a, b] = [Int32Array.of(7, -2, 3), Int32Array.of(2, 2, -5)];
    const integers = () => [tf.tensor1d(a, "int32"), tf.tensor1d(b, "int32")] as const;
    const kinds: Record<string, () => tf.Tensor> = {
      add: () => tf.add(...integers()),
      sum: () => tf.sum(integers()[0]),
      relu: () => tf.relu(integers()[0]),
      "cast integers": () => tf.mul(tf.cast(integers()[0], "float32"), 0.5),
      "cast booleans": () => tf.add(tf.cast(tf.greater(...integers()), "float32"), 0.5),
      empty: () => tf.add(tf.zeros([0, 3]), tf.ones([3])),
      complex: () => tf.real(tf.mul(tf.complex([1, 2], [3, 4]), tf.complex([5, 6], [7, 8]))),
    };
    for (const [name, compute] of Object.entries(kinds)) await compareValues(name, compute);
  });
});

const ACTIVATIONS = ["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const;

interface Convolution {
  readonly xShape: Shape4D;
  readonly filterShape: Shape4D;
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: "same" | "valid" | number;
}

/** Strides or dilations, as TensorFlow.js wants it. `filters` at most. */
function randomConvolution(random: Random, filters: number): Convolution {
  const one = (): [number, number] => [1, 1];
  const some = (): [number, number] => [random.integer(1, 3), random.integer(1, 3)];
  const isDilated = random.chance(0.4);
  const dilations = isDilated ? some() : one();
  const filterShape: Shape4D = [
    random.integer(1, 4),
    random.integer(1, 4),
    random.integer(1, 40),
    random.integer(1, filters),
  ];
  const reach = [0, 1].map((axis) => (filterShape[axis] - 1) * dilations[axis] + 1);
  const xShape: Shape4D = [
    random.integer(1, 3),
    random.integer(reach[0], reach[0] + 7),
    random.integer(reach[1], reach[1] + 7),
    filterShape[2],
  ];
  const pads = ["same", "valid", random.integer(0, 2)] as const;
  return {
    xShape,
    filterShape,
    strides: isDilated ? one() : some(),
    dilations,
    pad: pads[random.integer(0, 2)],
  };
}

/** Any convolution that native/kernels.h describes: both strides and dilations, pads of every side. */
function randomConvolutionShape(random: Random, isDepthwise: boolean): Int32Array {
  const [filterHeight, filterWidth] = [random.integer(1, 4), random.integer(1, 4)];
  const [strideHeight, strideWidth] = [random.integer(1, 3), random.integer(1, 3)];
  const [dilationHeight, dilationWidth] = [random.integer(1, 3), random.integer(1, 3)];
  const reachHeight = (filterHeight - 1) * dilationHeight + 1;
  const reachWidth = (filterWidth - 1) * dilationWidth + 1;
  const [padTop, padLeft] = [random.integer(0, reachHeight - 1), random.integer(0, reachWidth - 1)];
  const [height, width] = [random.integer(1, 10), random.integer(1, 10)];
  const out = (size: number, before: number, reach: number, stride: number) =>
    Math.floor(Math.max(0, size + before + random.integer(0, reach - 1) - reach) / stride) + 1;
  const inChannels = random.integer(1, 20);
  return Int32Array.of(
    random.integer(1, 3),
    height,
    width,
    inChannels,
    out(height, padTop, reachHeight, strideHeight),
    out(width, padLeft, reachWidth, strideWidth),
    isDepthwise ? inChannels * random.integer(1, 3) : random.integer(1, 40),
    filterHeight,
    filterWidth,
    strideHeight,
    strideWidth,
    dilationHeight,
    dilationWidth,
    padTop,
    padLeft,
  );
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
