// Average pooling is linear, so its gradient is its adjoint: on every backend, with and without padding.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../src/common/random.ts";
import "../../src/engine/average-pool-gradient.ts";
import type { EngineChoice } from "../../src/config/engines.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import { randomValues } from "./kernel-cases.ts";

const ENGINES: EngineChoice[] = "missing" in findAddon() ? ["wasm"] : ["wasm", "native"];

function checkAdjoint(backend: string): void {
  for (let i = 0; i < 30; i++) {
    const random = new Random("average pool", i);
    const shape: [number, number, number, number] = [2, random.integer(4, 9), random.integer(4, 9), 3];
    const window: [number, number] = [random.integer(1, 4), random.integer(1, 4)];
    const strides = random.integer(1, 3);
    const pad = random.chance(0.7) ? "same" : "valid";
    tf.tidy(() => {
      const pool = (x: tf.Tensor) => tf.avgPool(x as tf.Tensor4D, window, strides, pad);
      const x = tf.tensor4d(randomValues(random, shape), shape);
      const y = pool(x);
      const dy = tf.tensor(randomValues(random, y.shape), y.shape);
      const dx = tf.grad(pool)(x, dy);
      const [forward, back] = [tf.sum(tf.mul(y, dy)), tf.sum(tf.mul(x, dx))].map((sum) => sum.dataSync()[0]);
      const what = `${backend}, case ${i}: ${shape}, window ${window}, strides ${strides}, pad ${pad}`;
      assert.ok(Math.abs(forward - back) < 1e-4, `${what}: ${forward}, ${back}`);
    });
  }
}

describe("the gradient of average pooling", () => {
  it("is its adjoint on TensorFlow.js's cpu backend", async () => {
    await tf.setBackend("cpu");
    checkAdjoint("cpu");
  });
  for (const engine of ENGINES) {
    it(`is its adjoint on engine ${engine}`, async () => {
      await startEngine(engine, "float32");
      checkAdjoint(engine);
    });
  }
});
