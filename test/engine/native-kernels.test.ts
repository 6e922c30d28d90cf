// Compares the native backend's layer kernels with TensorFlow.js's cpu backend, on random shapes, for each instruction
// set of this processor.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../src/common/random.ts";
import { startEngine } from "../../src/engine/choose.ts";
import {
  checkAdam,
  checkRmsProp,
  checkSgd,
  compareConvolutionGradients,
  compareMatrixProducts,
  compareMaxPoolGradients,
  comparePoolings,
  randomValues,
  run,
} from "./kernel-cases.ts";
import {
  addon,
  compareSums,
  fromBfloat16,
  INSTRUCTION_SETS,
  productsIn,
  randomConvolutionShape,
  skip,
  toBfloat16,
  variants,
} from "./native-cases.ts";

type Shape4D = [number, number, number, number];

describe("native kernels of layers against the cpu backend", { skip }, () => {
  before(async () => {
    await startEngine("native", "float32");
  });

  it("convolutions, and everything fused with them", async () => {
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
      if (Math.max(...dilations) > 1) continue; // TensorFlow.js has no gradients for dilations
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
        : productsIn("float32");
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

  it("depthwise convolutions of images in bfloat16", () => {
    for (let i = 0; i < 30; i++) {
      const random = new Random("native bfloat16", i);
      const shape = randomConvolutionShape(random, true);
      const [batch, height, width, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth] =
        shape;
      const short = (length: number) => Float32Array.from({ length }, () => random.integer(-64, 64) / 64);
      const x = short(batch * height * width * inChannels);
      const dy = short(batch * outHeight * outWidth * outChannels);
      const filter = short(filterHeight * filterWidth * outChannels);
      for (const name of INSTRUCTION_SETS) {
        addon.choose(name);
        const check = (what: string, expected: Float32Array, actual: Float32Array) =>
          expected.forEach((value, at) => {
            const isClose = Math.abs(actual[at] - value) <= Math.abs(value) * 2 ** -8 + 1e-5;
            assert.ok(isClose, `${name} ${what}, case ${i}: ${actual[at]} and not ${value}`);
          });
        const [y, dx, df] = [dy, x, filter].map(({ length }) => new Float32Array(length));
        const [shortY, shortDx] = [dy, x].map(({ length }) => new Uint16Array(length));
        addon.convolveDepthwise(shape, x, filter, y);
        addon.convolveDepthwise(shape, toBfloat16(x), filter, shortY);
        check("output", y, fromBfloat16(shortY));
        addon.depthwiseInputGradient(shape, dy, filter, dx);
        addon.depthwiseInputGradient(shape, toBfloat16(dy), filter, shortDx);
        check("input gradient", dx, fromBfloat16(shortDx));
        addon.depthwiseFilterGradient(shape, x, dy, df);
        const expected = df.slice();
        addon.depthwiseFilterGradient(shape, toBfloat16(x), toBfloat16(dy), df);
        check("filter gradient", expected, df);
      }
    }
  });

  it("matrix products, transposed or not, single and batched", () => compareMatrixProducts(compareSums, 60));

  it("matrix products with broadcast batches", async () => {
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
        // The cpu backend computes wrong results if both batches are broadcast, so it gets them expanded.
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

  it("batch normalization and its gradients", async () => {
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

  it("max-pooling gradients: windows, strides, pads and ties", () =>
    compareMaxPoolGradients(compareSums, 40));

  it("poolings", () => comparePoolings(compareSums, 40));

  for (const [name, check] of Object.entries({ SGD: checkSgd, RMSprop: checkRmsProp, Adam: checkAdam })) {
    it(`${name} in one pass equals the composed one`, async () => {
      const engine = await startEngine("native", "float32");
      for (const prepare of Object.values(variants)) {
        prepare();
        await check(engine);
      }
    });
  }
});

const ACTIVATIONS = ["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const;

interface Convolution {
  readonly xShape: Shape4D;
  readonly filterShape: Shape4D;
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: "same" | "valid" | number;
}

/** Strides or dilations, because TensorFlow.js does not allow both. `filters` at most. */
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

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
