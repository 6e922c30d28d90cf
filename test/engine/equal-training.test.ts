// Compares the same training from the same seed on every available engine with TensorFlow.js's cpu backend.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { buildModel } from "../../src/child/model.ts";
import { stepsOf } from "../../src/child/steps.ts";
import { ENGINE_NAMES, type EngineName } from "../../src/config/engines.ts";
import { probeEngine, startEngine } from "../../src/engine/choose.ts";
import { composedOptimizers } from "../../src/engine/composed.ts";
import type { Engine } from "../../src/engine/types.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import { loadSample, slice } from "../fixtures/sample.ts";
import "./webgpu-cases.ts"; // finds SwiftShader

const CPU: Engine = { name: "cpu", precision: "float32", kernels: null, optimizers: composedOptimizers };
/** The smallest images of the basic CNN: TensorFlow.js's cpu backend is slow. */
const SIDE = 10;
const BATCH = 2;
const STEPS = 4;

/**
 * Tolerance after each step, relative to the loss. Engines sum products in different orders, and RMSprop, which divides
 * a gradient by its size, takes equally large steps for rounding errors of gradients near 0, so losses diverge over the
 * steps.
 */
const TOLERANCES = [1e-5, 1e-3, 2e-3, 5e-3];

async function losses(engine: Engine): Promise<number[]> {
  await tf.setBackend(engine.name);
  const { train } = await loadSample();
  const { images, labels } = slice(train, 0, BATCH * STEPS);
  const data = { images: resizeBatch(images, SIDE, SIDE), labels };
  const model = buildModel("basiccnn", { height: SIDE, width: SIDE, classes: 10, seed: 3, engine });
  const steps = stepsOf(model, BATCH, 10);
  const result: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const batch = Int32Array.from({ length: BATCH }, (_, i) => step * BATCH + i);
    result.push((await steps.train(data, batch, BATCH)).loss);
  }
  steps.dispose();
  model.net.dispose();
  model.optimizer.dispose();
  return result;
}

const missing = new Map<EngineName, string>();
for (const name of ENGINE_NAMES) {
  const probe = await probeEngine(name);
  if ("missing" in probe) missing.set(name, `engine ${name} ${probe.missing}`);
}

describe("the first steps of the basic CNN, from the same seed", async () => {
  const expected = losses(CPU);
  for (const name of ENGINE_NAMES) {
    it(`have the same losses on ${name} as on cpu`, { skip: missing.get(name) ?? false }, async () => {
      const reference = await expected;
      const actual = await losses(await startEngine(name, "float32"));
      for (const [step, loss] of reference.entries()) {
        const difference = Math.abs(actual[step] - loss) / loss;
        assert.ok(
          difference <= TOLERANCES[step],
          `step ${step}: ${actual[step]} and not ${loss} (${difference})`,
        );
      }
    });
  }
});
