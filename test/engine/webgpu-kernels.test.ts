// Compares every kernel that we add to the WebGPU backend with TensorFlow.js's cpu backend. A shader is compiled for
// each shape, which takes SwiftShader a second, so there are few cases, chosen to differ.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { dropoutKey, dropoutMask } from "../../src/child/dropout.ts";
import { Random } from "../../src/common/random.ts";
import { SEEDED_DROPOUT } from "../../src/engine/seeded-dropout.ts";
import type { Engine } from "../../src/engine/types.ts";
import {
  checkAdam,
  checkRmsProp,
  checkSgd,
  compareMaxPoolGradients,
  comparison,
  randomValues,
  run,
} from "./kernel-cases.ts";
import { skip, startGpu } from "./webgpu-cases.ts";

/** Tolerance relative to the result's largest value: both sides sum float32 products in different orders. */
const compare = comparison("webgpu", 2e-5);
const random = new Random("webgpu");
const values = (shape: number[]) => {
  const given = randomValues(random, shape);
  return () => tf.tensor(given, shape);
};

interface Convolution {
  readonly x: [number, number, number, number];
  readonly filter: [number, number, number, number];
  readonly strides: [number, number];
  readonly pad: "same" | "valid";
}

const CONVOLUTIONS: Convolution[] = [
  // Channels in multiples of four; many pixels, so that the filter's gradient is summed in parts.
  { x: [3, 20, 19, 8], filter: [3, 3, 8, 36], strides: [1, 1], pad: "same" },
  // Single channels, different strides, a window that is not square.
  { x: [2, 9, 8, 3], filter: [2, 3, 3, 5], strides: [2, 3], pad: "valid" },
];

describe("webgpu kernels against the cpu backend", { skip }, () => {
  let engine: Engine;
  before(async () => {
    engine = await startGpu();
  });

  for (const { x, filter, strides, pad } of CONVOLUTIONS) {
    it(`convolution of ${x} by ${filter}, and its gradients`, async () => {
      const attrs = { strides, pad, dataFormat: "NHWC", dilations: [1, 1] };
      const [images, filters, bias] = [values(x), values(filter), values([filter[3]])];
      await compare("relu", () =>
        run(
          "FusedConv2D",
          { x: images(), filter: filters(), bias: bias() },
          { ...attrs, activation: "relu" },
        ),
      );
      const { outShape } = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad);
      const dy = values(outShape);
      await compare("input gradient", () =>
        run("Conv2DBackpropInput", { dy: dy(), filter: filters() }, { ...attrs, inputShape: x }),
      );
      await compare("filter gradient", () =>
        run("Conv2DBackpropFilter", { x: images(), dy: dy() }, { ...attrs, filterShape: filter }),
      );
    });
  }

  it("a convolution with dilation", async () => {
    const [x, filter] = [values([1, 9, 9, 4]), values([3, 3, 4, 2])];
    await compare("dilated", () =>
      tf.conv2d(x() as tf.Tensor4D, filter() as tf.Tensor4D, 1, "valid", "NHWC", 2),
    );
  });

  it("a depthwise convolution's gradients: strides, two filters per channel, many pixels", async () => {
    const cases: [number[], number[], number, "same" | "valid"][] = [
      [[2, 9, 8, 5], [3, 2, 5, 2], 2, "same"],
      [[4, 12, 12, 3], [3, 3, 3, 1], 1, "valid"],
    ];
    for (const [shape, filterShape, stride, pad] of cases) {
      const [x, filter] = [values(shape), values(filterShape)];
      const convolve = (images: tf.Tensor, filters: tf.Tensor) =>
        tf.square(tf.depthwiseConv2d(images as tf.Tensor4D, filters as tf.Tensor4D, stride, pad));
      await compare("filter", () => tf.grad((each) => convolve(x(), each))(filter()));
      await compare("input", () => tf.grad((each) => convolve(each, filter()))(x()));
    }
  });

  it("matrix products, transposed or not, single and batched, with bias and activation", async () => {
    const product = (a: number[], b: number[], transposeA = false, transposeB = false) => {
      const [left, right] = [values(a), values(b)];
      return compare(`${a} · ${b}`, () => tf.matMul(left(), right(), transposeA, transposeB));
    };
    await product([5, 300], [300, 7]);
    await product([40, 6], [40, 36], true);
    await product([2, 3, 8], [2, 5, 8], false, true);
    await product([1, 3, 4], [2, 4, 4]);
    const [a, b, bias] = [values([3, 8]), values([8, 5]), values([5])];
    await compare("relu6", () =>
      run(
        "_FusedMatMul",
        { a: a(), b: b(), bias: bias() },
        { transposeA: false, transposeB: false, activation: "relu6" },
      ),
    );
  });

  it("max-pooling gradients: windows, strides, pads and ties", () => compareMaxPoolGradients(compare, 6));

  it("sums and means over the first, the middle and all but the last axes", async () => {
    const x = values([3, 9, 11, 70]);
    await compare("first", () => tf.sum(x(), 0));
    await compare("middle", () => tf.mean(x(), [1, 2], true));
    await compare("all but the last", () => tf.sum(x(), [0, 1, 2]));
    await compare("the last", () => tf.sum(x(), 3));
  });

  it("gradients of relu, relu6, sums, variances and batch normalization", async () => {
    const x = values([4, 5, 6, 3]);
    const scaled = () => tf.mul(x(), 10);
    const gradientOf = (f: (x: tf.Tensor) => tf.Tensor) => () => tf.grad(f)(scaled());
    await compare("relu", gradientOf(tf.relu));
    await compare(
      "relu6",
      gradientOf((each) => tf.mul(tf.relu6(each), each)),
    );
    await compare(
      "mean",
      gradientOf((each) => tf.square(tf.mean(each, [1, 2]))),
    );
    const parts = [values([3]), values([3]), values([3]), values([3])];
    for (const input of [0, 1, 2, 3, 4]) {
      await compare(`batch normalisation by input ${input}`, () => {
        const [mean, variance, offset, scale] = parts.map((part) => part());
        const inputs = [scaled(), mean, tf.abs(variance), offset, scale] as tf.Tensor1D[];
        const f = (each: tf.Tensor) => {
          const [a, b, c, d, e] = inputs.with(input, each as tf.Tensor1D);
          return tf.square(tf.batchNorm(a as unknown as tf.Tensor4D, b, c, d, e, 0.001));
        };
        return tf.grad(f)(inputs[input]);
      });
    }
    await compare(
      "normalisation by the batch's moments",
      gradientOf((each) => {
        const { mean, variance } = tf.moments(each, [0, 1, 2]);
        // TensorFlow.js has no gradients of batch normalization without both.
        const [offset, scale] = [tf.zeros([3]), tf.ones([3])] as [tf.Tensor1D, tf.Tensor1D];
        return tf.square(
          tf.batchNorm(each as tf.Tensor4D, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale),
        );
      }),
    );
  });

  it("dropout's masks, which are the same on every engine", async () => {
    await tf.setBackend("webgpu");
    const config = { name: "dropout", rate: 0.6, key: dropoutKey("webgpu") };
    for (const size of [1, 63, 1000]) {
      const mask = { take: () => 7, step: 7 };
      const dropped = run(SEEDED_DROPOUT, { x: tf.ones([size]) }, { ...config, mask, isGradient: false });
      assert.deepEqual(await dropped.data(), dropoutMask(size, config, 7));
    }
  });

  it("SGD in one pass equals the composed SGD", () => checkSgd(engine));

  it("RMSprop in one pass equals the composed RMSprop", () => checkRmsProp(engine));

  it("Adam in one pass equals the composed Adam", () => checkAdam(engine));
});
