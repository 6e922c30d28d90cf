// The native backend's memory is reused, but never while it is still visible.

import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { startEngine } from "../../src/engine/choose.ts";
import { BufferPool } from "../../src/engine/native/buffers.ts";
import type { NativeBackend } from "../../src/engine/native/storage.ts";
import { skip } from "./native-cases.ts";

describe("the pool", () => {
  const FLOAT = Float32Array.BYTES_PER_ELEMENT;
  let pool: BufferPool;
  beforeEach(() => {
    pool = new BufferPool(1000 * FLOAT, () => 0);
  });
  const held = (length: number): Float32Array => {
    const values = pool.take(length);
    pool.hold(values);
    return values;
  };

  it("reuses freed memory for the next array of about that size, with the requested length", () => {
    const first = held(200);
    const { buffer } = first;
    pool.release(first);
    const second = pool.take(195);
    assert.equal(second.buffer, buffer);
    assert.equal(second.length, 195);
    assert.notEqual(pool.take(195).buffer, buffer);
    for (const length of [0, 1, 15, 16, 17, 100, 1023, 1024, 1025, 70_000]) {
      assert.equal(pool.take(length).length, length);
    }
  });

  it("wastes at most an eighth", () => {
    for (let length = 16; length < 5000; length += 7) {
      const before = pool.madeBytes;
      pool.take(length);
      const made = (pool.madeBytes - before) / FLOAT;
      assert.ok(made >= length && made <= length * 1.125 + 2, `${made} for ${length}`);
    }
  });

  it("waits until the last holder of a part has released it", () => {
    const whole = held(100);
    const part = whole.subarray(10, 20);
    pool.hold(part);
    pool.release(whole);
    assert.equal(pool.freeBytes, 0);
    assert.notEqual(pool.take(100).buffer, whole.buffer);
    pool.release(part);
    assert.equal(pool.take(100).buffer, whole.buffer);
  });

  it("ignores memory that is not its own", () => {
    const foreign = new Float32Array(100);
    pool.hold(foreign);
    pool.release(foreign);
    assert.equal(pool.freeBytes + pool.heldBytes, 0);
    assert.equal(pool.holdersOf(foreign), undefined);
  });

  it("keeps at most a quarter more than the peak use, and drops the oldest memory", () => {
    const large = [held(800), held(800)];
    for (const values of large) pool.release(values);
    assert.equal(pool.freeBytes, 2 * 832 * FLOAT);
    const most = 1.25 * pool.freeBytes;
    const small = Array.from({ length: 20 }, () => held(50));
    assert.ok(pool.freeBytes + pool.heldBytes <= most, "while they are in use");
    for (const values of small) pool.release(values);
    assert.ok(pool.freeBytes <= most, "when they are free");
    const next = pool.take(50);
    assert.ok(small.some(({ buffer }) => buffer === next.buffer));
  });
});

describe("tensors of the native backend", { skip }, () => {
  let pool: BufferPool;
  before(async () => {
    await startEngine("native", "float32");
    pool = (tf.backend() as NativeBackend).pool;
  });
  /** Creates and drops tensors of this size, which reuse memory that was freed before. */
  const overwrite = (size: number) =>
    tf.tidy(() => {
      for (let i = 0; i < 4; i++) tf.add(tf.fill([size], -1), -1);
    });

  it("values that were read stay unchanged", async () => {
    const tensor = tf.tidy(() => tf.add(tf.ones([500]), 1));
    const [read, later] = [tensor.dataSync(), await tensor.data()];
    tensor.dispose();
    overwrite(500);
    assert.ok(read.every((value) => value === 2) && later.every((value) => value === 2));
  });

  it("slices, clones, reshaped tensors and complex parts outlive their sources", () => {
    const views: Record<string, (tensor: tf.Tensor) => tf.Tensor> = {
      slice: (tensor) => tf.slice(tensor, [100], [50]),
      clone: (tensor) => tensor.clone(),
      reshape: (tensor) => tf.reshape(tensor, [25, 20]),
      cast: (tensor) => tf.cast(tensor, "float32"),
      variable: (tensor) => tf.variable(tensor),
      complex: (tensor) => tf.real(tf.complex(tensor, tf.zerosLike(tensor))),
      kept: (tensor) => tf.keep(tensor.clone()),
    };
    for (const [name, view] of Object.entries(views)) {
      const seen = tf.tidy(() => view(tf.add(tf.ones([500]), 1)));
      overwrite(500);
      assert.ok(
        seen.dataSync().every((value) => value === 2),
        name,
      );
      seen.dispose();
    }
  });

  it("a user's array is never written to", () => {
    const mine = new Float32Array(500).fill(3);
    const variable = tf.variable(tf.tensor(mine));
    for (let i = 0; i < 3; i++) tf.tidy(() => variable.assign(tf.mul(variable, 2)));
    assert.equal(variable.dataSync()[0], 24);
    variable.dispose();
    overwrite(500);
    assert.ok(mine.every((value) => value === 3));
  });

  it("a thousand training steps use no more memory than the first few and leak no tensors", () => {
    const { layers } = tfl;
    const net = tfl.sequential();
    net.add(layers.inputLayer({ inputShape: [6, 6, 2] }));
    net.add(layers.conv2d({ filters: 4, kernelSize: 3, activation: "relu" }));
    net.add(layers.batchNormalization());
    net.add(layers.maxPooling2d({ poolSize: 2 }));
    net.add(layers.flatten());
    net.add(layers.dense({ units: 3 }));
    const optimizer = tf.train.adam(0.01);
    const images = tf.randomUniform([5, 6, 6, 2], 0, 1, "float32", 1);
    const step = () =>
      tf.tidy(() => {
        optimizer.minimize(() => tf.mean(tf.square(net.apply(images, { training: true }) as tf.Tensor)));
      });
    for (let i = 0; i < 5; i++) step();
    const { madeBytes, heldBytes } = pool;
    const { numTensors, numBytes } = tf.memory();
    for (let i = 0; i < 1000; i++) step();
    assert.equal(pool.madeBytes, madeBytes);
    assert.equal(pool.heldBytes, heldBytes);
    assert.deepEqual([tf.memory().numTensors, tf.memory().numBytes], [numTensors, numBytes]);
    net.dispose();
    optimizer.dispose();
    images.dispose();
  });

  it("all memory is freed when all tensors are disposed of", () => {
    const { heldBytes } = pool;
    const tensors = tf.tidy(() => [tf.square(tf.ones([300])), tf.add(tf.ones([7]), tf.ones([20, 7]))]);
    assert.ok(pool.heldBytes > heldBytes);
    tf.dispose(tensors);
    assert.equal(pool.heldBytes, heldBytes);
  });
});
