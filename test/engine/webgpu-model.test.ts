// A model's steps on the GPU: recorded and replayed, they agree with TensorFlow.js's cpu backend; and the errors of a
// failing GPU.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { dropoutKey, SeededDropout } from "../../src/child/dropout.ts";
import { RmsProp } from "../../src/child/optimizers.ts";
import type { Means } from "../../src/child/pass.ts";
import { stepsOf } from "../../src/child/steps.ts";
import type { ChildModel } from "../../src/child/types.ts";
import { Random } from "../../src/common/random.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { composedOptimizers } from "../../src/engine/composed.ts";
import type { Engine } from "../../src/engine/types.ts";
import { requestDevice } from "../../src/engine/webgpu/dawn.ts";
import { failureOf, GpuBackend } from "../../src/engine/webgpu/gpu-backend.ts";
import { GpuModel } from "../../src/engine/webgpu/model.ts";
import { createBatch } from "../../src/image/batch.ts";
import { skip, startGpu } from "./webgpu-cases.ts";

const CPU: Engine = { name: "cpu", precision: "float32", kernels: null, optimizers: composedOptimizers };
const SIDE = 5;
const CLASSES = 3;
const BATCH = 4;

/** The side is not a multiple of four, and the last batch is smaller. */
function noise(count: number): LabelledImages {
  const random = new Random("gpu model", count);
  const images = createBatch(count, SIDE, SIDE);
  for (let i = 0; i < images.data.length; i++) images.data[i] = random.integer(0, 255);
  return { images, labels: Int32Array.from({ length: count }, () => random.integer(0, CLASSES - 1)) };
}

/** A model with moving moments, a mask and weights: all the state that a step leaves for the next one. */
function build(engine: Engine): ChildModel {
  const { layers } = tfl;
  const initializer = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const net = tfl.sequential();
  net.add(layers.inputLayer({ inputShape: [SIDE, SIDE, 3] }));
  net.add(
    layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu", kernelInitializer: initializer(1) }),
  );
  net.add(layers.batchNormalization({ momentum: 0.5 }));
  net.add(new SeededDropout({ name: "dropout", rate: 0.3, key: dropoutKey("gpu") }));
  net.add(layers.flatten());
  net.add(layers.dense({ units: CLASSES, kernelInitializer: initializer(2) }));
  const optimizer = new RmsProp(engine, {
    learningRate: (step) => 0.001 / (1 + 0.1 * step),
    rho: 0.9,
    epsilon: 1e-7,
  });
  return { net, optimizer, engine };
}

/** The training and validation means of each epoch, and the model's final weights. */
async function train(engine: Engine, epochs: number) {
  await tf.setBackend(engine.name);
  const model = build(engine);
  const steps = stepsOf(model, BATCH, CLASSES);
  const [data, validation] = [noise(10), noise(3)];
  const order = Int32Array.of(3, 1, 4, 0, 5, 9, 2, 6, 8, 7);
  const history: Means[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    history.push(await steps.train(data, order, BATCH), await steps.evaluate(validation));
    order.reverse();
  }
  const weights = await Promise.all(model.net.getWeights().map(async (weight) => [...(await weight.data())]));
  steps.dispose();
  model.net.dispose();
  model.optimizer.dispose();
  return { history, weights: weights.flat() };
}

describe("a model's steps on the GPU", { skip }, () => {
  let engine: Engine;
  before(async () => {
    engine = await startGpu();
  });

  it("agree with the cpu backend, run and replayed, including weights and moving moments", async () => {
    const expected = await train(CPU, 5);
    const actual = await train(engine, 5);
    for (const [i, { loss, accuracy }] of expected.history.entries()) {
      assert.ok(
        Math.abs(actual.history[i].loss - loss) < 1e-4,
        `${i}: ${actual.history[i].loss} and not ${loss}`,
      );
      assert.equal(actual.history[i].accuracy, accuracy);
    }
    for (const [i, value] of expected.weights.entries())
      assert.ok(
        Math.abs(actual.weights[i] - value) < 1e-3,
        `weight ${i}: ${actual.weights[i]} and not ${value}`,
      );
  });

  it("are reproducible to the bit, and leak no tensors and buffers", async () => {
    await tf.setBackend("webgpu");
    const gpu = tf.backend() as unknown as GpuBackend;
    const held = () => [tf.memory().numTensors, gpu.buffers.numBytesUsed];
    const before = held();
    const first = await train(engine, 4);
    assert.deepEqual(held(), before);
    const { numBytesAllocated } = gpu.buffers;
    assert.deepEqual(await train(engine, 4), first);
    assert.deepEqual(held(), before);
    assert.equal(gpu.buffers.numBytesAllocated, numBytesAllocated);
  });

  it("are replayed after two runs of each batch size", async () => {
    await tf.setBackend("webgpu");
    const { net } = build(engine);
    const model = new GpuModel(tf.backend() as unknown as GpuBackend, net);
    const { images, labels } = noise(12);
    model.begin({ pixels: images.data, labels }, Int32Array.from(labels.keys()));
    const dispatchesAfter = (count: number) => {
      model.train(count);
      return Object.values(model.dispatches).map((dispatches) => dispatches > 10);
    };
    assert.deepEqual(dispatchesAfter(4), [false]);
    assert.deepEqual(dispatchesAfter(4), [true]);
    assert.deepEqual(dispatchesAfter(2), [true, false]);
    assert.deepEqual(dispatchesAfter(2), [true, true]);
    model.dispose();
    net.dispose();
  });

  it("are not replayed if the model draws random numbers, which a replay would not draw", async () => {
    await tf.setBackend("webgpu");
    const net = tfl.sequential();
    net.add(tfl.layers.flatten({ inputShape: [SIDE, SIDE, 3] }));
    net.add(tfl.layers.gaussianNoise({ stddev: 1 }));
    net.add(tfl.layers.dense({ units: CLASSES }));
    const model = new GpuModel(tf.backend() as unknown as GpuBackend, net);
    const { images, labels } = noise(2);
    const losses = new Set<number>();
    for (let step = 0; step < 4; step++) {
      model.begin({ pixels: images.data, labels }, Int32Array.of(0, 1));
      model.train(2);
      losses.add((await model.end()).loss);
    }
    assert.equal(losses.size, 4, "another loss each time");
    assert.deepEqual(model.dispatches, { "train 2": 0 });
    model.dispose();
    net.dispose();
  });

  it("fail with one line that says what to reduce if the GPU is lost or its memory is full", async () => {
    const { device, info } = await requestDevice();
    const gpu = new GpuBackend(device, info);
    const buffer = gpu.buffers.acquireBuffer(16, GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC);
    device.destroy();
    await assert.rejects(
      gpu.readBuffer(buffer),
      /^RunError: engine webgpu lost the GPU .*; lower child_batch_size, workers or image_size/,
    );
    assert.throws(() => gpu.check(), /lost the GPU/);
    const full = failureOf(new GPUOutOfMemoryError("vkAllocateMemory failed"));
    assert.match(
      String(full),
      /^RunError: engine webgpu ran out of the GPU's memory; lower child_batch_size/,
    );
  });
});
