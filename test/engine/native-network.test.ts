// A whole network on the native backend: its gradients agree with finite differences, and every run gives the same
// bits.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { Random } from "../../src/common/random.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { randomValues } from "./kernel-cases.ts";
import { skip } from "./native-cases.ts";

/** Tolerance for central differences, which magnify the rounding of a float32 loss. */
const TOLERANCE = 0.01;

/**
 * Every kind of layer that the native kernels support; smooth activations, so that differences approximate gradients.
 */
function createNetwork(activation: "relu" | "elu"): tfl.LayersModel {
  const { layers } = tfl;
  const initializer = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const net = tfl.sequential();
  net.add(layers.inputLayer({ inputShape: [9, 9, 3] }));
  net.add(
    layers.conv2d({
      filters: 5,
      kernelSize: 3,
      padding: "same",
      activation,
      kernelInitializer: initializer(1),
    }),
  );
  net.add(layers.batchNormalization());
  net.add(
    layers.depthwiseConv2d({
      kernelSize: 3,
      strides: 2,
      depthMultiplier: 2,
      depthwiseInitializer: initializer(2),
    }),
  );
  net.add(layers.activation({ activation }));
  net.add(layers.conv2d({ filters: 6, kernelSize: 2, kernelInitializer: initializer(3) }));
  net.add(layers.batchNormalization());
  net.add(layers.averagePooling2d({ poolSize: 2, strides: 1 }));
  net.add(layers.maxPooling2d({ poolSize: 2, strides: 1, padding: "same" }));
  net.add(layers.flatten());
  net.add(layers.dense({ units: 7, activation, kernelInitializer: initializer(4) }));
  net.add(layers.dense({ units: 4, kernelInitializer: initializer(5) }));
  return net;
}

describe("a network on the native backend", { skip }, () => {
  before(async () => {
    await startEngine("native", "float32");
  });

  const random = new Random("network");
  const images = randomValues(random, [6, 9, 9, 3]);
  const labels = Int32Array.of(0, 1, 2, 3, 0, 1);
  const lossOf = (net: tfl.LayersModel) => () => {
    const logits = net.apply(tf.tensor4d(images, [6, 9, 9, 3]), { training: true }) as tf.Tensor2D;
    return tf.losses.softmaxCrossEntropy(tf.oneHot(tf.tensor1d(labels, "int32"), 4), logits) as tf.Scalar;
  };

  it("has gradients that agree with differences of its loss", () => {
    const net = createNetwork("elu");
    const variables = net.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const loss = () => tf.tidy(lossOf(net)).dataSync()[0];
    const { grads } = tf.variableGrads(lossOf(net), variables);
    for (const variable of variables) {
      const start = variable.dataSync();
      // Along the gradient itself, the direction of the largest difference.
      const gradient = grads[variable.name].dataSync() as Float32Array;
      const length = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0));
      const lossAt = (step: number) => {
        const moved = tf.tensor(
          start.map((value, i) => value + (step * gradient[i]) / length),
          variable.shape,
        );
        variable.assign(moved);
        moved.dispose();
        return loss();
      };
      const step = 3e-3;
      const slope = (lossAt(step) - lossAt(-step)) / (2 * step);
      lossAt(0);
      const allowed = TOLERANCE * length + 2e-4;
      assert.ok(Math.abs(slope - length) <= allowed, `${variable.name}: ${slope}, gradient ${length}`);
    }
    tf.dispose(grads);
    net.dispose();
  });

  it("learns with the same bits on every run and with every optimizer of TensorFlow.js", () => {
    const learn = (optimizer: tf.Optimizer) => {
      const net = createNetwork("relu");
      const losses = Array.from({ length: 20 }, () => {
        const loss = optimizer.minimize(lossOf(net), true) as tf.Scalar;
        const [value] = loss.dataSync();
        loss.dispose();
        return value;
      });
      const weights = net.getWeights().map((weight) => weight.dataSync());
      net.dispose();
      optimizer.dispose();
      return { losses, weights };
    };
    const optimizers = [
      () => tf.train.sgd(0.1),
      () => tf.train.momentum(0.05, 0.9),
      () => tf.train.adam(0.01),
      () => tf.train.rmsprop(0.003),
    ];
    for (const create of optimizers) {
      const first = learn(create());
      assert.deepEqual(learn(create()), first);
      assert.ok(first.losses[19] < first.losses[0] - 0.1, `${first.losses}`);
    }
  });
});
