// Compares optimizers written to files by real Keras 2 and 3 with the steps they took there for two variables.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { readOptimizer } from "../../../src/child/own/optimizer.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { KERAS_OPTIMIZERS, numbers } from "./keras.ts";

let engine: Engine;
before(async () => {
  engine = await startEngine("wasm", "float32");
});

const SHAPES = [[3], [2, 1]];
const START = [
  [1, -2, 0.5],
  [0.3, -0.1],
];

const file = (optimizer: unknown) => ({
  ...{ path: "model.keras", text: "", digest: "", architecture: {} },
  optimizer,
});

/** The values of two variables after each of `count` steps. */
function stepsOf(optimizer: unknown, count: number, penalties = new Map()): number[][] {
  const child = readOptimizer(file(optimizer))(engine, penalties);
  const variables = SHAPES.map((shape, i) =>
    tf.tidy(() => tf.variable(tf.tensor(START[i], shape), true, `variable_${i}`)),
  );
  const values: number[][] = [];
  for (let step = 0; step < count; step++) {
    const gradients = SHAPES.map((shape, i) => {
      const slopes = numbers(`gradient ${step} ${i}`, START[i].length).map(
        (value) => value * 3 ** (i - step / 3),
      );
      return tf.tensor(Float32Array.from(slopes), shape);
    });
    child.step(variables, { variable_0: gradients[0], variable_1: gradients[1] });
    values.push(variables.flatMap((variable) => [...variable.dataSync()]));
    tf.dispose(gradients);
  }
  child.dispose();
  tf.dispose(variables);
  return values;
}

describe("an optimizer that Keras wrote", () => {
  for (const [index, { optimizer, values }] of KERAS_OPTIMIZERS.entries()) {
    const { learning_rate: rate } = optimizer.config;
    const schedule = typeof rate === "number" ? "" : ` by ${(rate as { class_name: string }).class_name}`;
    it(`${index + 1}. ${optimizer.class_name}${schedule} takes the same steps as in Keras`, () => {
      const before = tf.memory().numTensors;
      const found = stepsOf(optimizer, values.length);
      for (const [step, row] of values.entries()) {
        for (const [i, value] of row.entries()) {
          const message = `step ${step + 1}: ${found[step]} instead of ${row}`;
          assert.ok(Math.abs(found[step][i] - value) < 1e-5, message);
        }
      }
      assert.equal(tf.memory().numTensors, before, "no tensors leak");
    });
  }
});

describe("an optimizer of a file", () => {
  it("is Adam with Keras's defaults if there is none, and has Keras's defaults if there is only a name", () => {
    const adam = { class_name: "Adam", config: { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999 } };
    assert.deepEqual(stepsOf(undefined, 3), stepsOf(adam, 3));
    assert.deepEqual(
      stepsOf("sgd", 3),
      stepsOf({ class_name: "SGD", config: { learning_rate: 0.01, momentum: 0 } }, 3),
    );
  });

  it("is read with TensorFlow.js's names of settings", () => {
    assert.deepEqual(
      stepsOf(
        { class_name: "Momentum", config: { learning_rate: 0.1, momentum: 0.5, use_nesterov: true } },
        3,
      ),
      stepsOf({ class_name: "SGD", config: { learning_rate: 0.1, momentum: 0.5, nesterov: true } }, 3),
    );
    assert.deepEqual(
      stepsOf({ class_name: "RMSProp", config: { learning_rate: 0.1, decay: 0.8, momentum: 0.2 } }, 3),
      stepsOf({ class_name: "RMSprop", config: { learning_rate: 0.1, rho: 0.8, momentum: 0.2 } }, 3),
    );
  });

  it("is the one that mixed precision wraps", () => {
    const inner = { class_name: "SGD", config: { learning_rate: 0.3 } };
    const wrapped = {
      class_name: "LossScaleOptimizer",
      config: { inner_optimizer: inner, initial_scale: 2 },
    };
    assert.deepEqual(stepsOf(wrapped, 2), stepsOf(inner, 2));
  });

  it("includes the penalties on weights", () => {
    const sgd = { class_name: "SGD", config: { learning_rate: 1 } };
    const [plain] = stepsOf(sgd, 1);
    const [penalized] = stepsOf(sgd, 1, new Map([["variable_0", { l1: 0.1, l2: 0.2 }]]));
    const expected = [-0.1 - 0.4 * 1, 0.1 + 0.4 * 2, -0.1 - 0.4 * 0.5, 0, 0];
    for (const [i, change] of expected.entries()) {
      assert.ok(Math.abs(penalized[i] - plain[i] - change) < 1e-6, `${penalized} ${plain}`);
    }
  });

  it("is rejected if it or one of its settings is unknown", () => {
    const refused = (optimizer: unknown, message: RegExp) =>
      assert.throws(() => readOptimizer(file(optimizer)), { name: "UsageError", message });
    refused({ class_name: "Lion", config: {} }, /^model model\.keras was compiled with optimizer Lion, /);
    refused({ class_name: "Adam", config: { amsgrad: true } }, /Adam with amsgrad true/);
    refused({ class_name: "RMSprop", config: { centered: true } }, /RMSprop with centered true/);
    refused({ class_name: "SGD", config: { use_ema: true } }, /use_ema/);
    refused({ class_name: "__proto__", config: {} }, /optimizer __proto__, which is not supported/);
    refused(
      { class_name: "SGD", config: { learning_rate: { class_name: "MySchedule", config: {} } } },
      /learning_rate \{"class_name":"MySchedule"/,
    );
  });

  it("is rejected if no step can be taken with its settings", () => {
    const refused = (className: string, config: object, message: RegExp) =>
      assert.throws(() => readOptimizer(file({ class_name: className, config })), {
        name: "UsageError",
        message,
      });
    refused("SGD", { learning_rate: -1 }, /SGD with learning_rate -1, which is not supported; compile/);
    refused("SGD", { momentum: 5 }, /SGD with momentum 5,/);
    refused("SGD", { clipnorm: -1 }, /SGD with clipnorm -1,/);
    refused("Adam", { beta_2: 2 }, /Adam with beta_2 2,/);
    refused("Adam", { epsilon: -1e-7 }, /Adam with epsilon -1e-7,/);
    refused("RMSprop", { rho: -0.1 }, /RMSprop with rho -0\.1,/);
    const start = { initial_learning_rate: 0.1, decay_steps: 0, decay_rate: 0.5 };
    for (const schedule of ["ExponentialDecay", "InverseTimeDecay", "PolynomialDecay", "CosineDecay"]) {
      const learning_rate = { class_name: schedule, config: start };
      refused("SGD", { learning_rate }, new RegExp(`SGD with learning_rate \\{"class_name":"${schedule}"`));
    }
  });
});
