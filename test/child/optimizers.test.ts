import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { Adam } from "../../src/child/optimizers.ts";
import { composedOptimizers } from "../../src/engine/composed.ts";
import type { Engine } from "../../src/engine/types.ts";

const CPU: Engine = { name: "cpu", precision: "float32", kernels: null, optimizers: composedOptimizers };
const OPTIONS = { learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, clipNorm: 1 };
before(() => tf.setBackend("cpu"));

describe("Adam", () => {
  it("takes the steps of Keras 2's formula with clipped gradients", () => {
    const adam = new Adam(CPU, OPTIONS);
    const variables = [tf.variable(tf.tensor1d([1, -2])), tf.variable(tf.tensor1d([0.5]))];
    const values = [1, -2, 0.5];
    const means = [0, 0, 0];
    const squares = [0, 0, 0];
    // The first two are clipped, the third is not.
    for (const [index, gradients] of [
      [3, 4, 12],
      [0, -2, 0.5],
      [0.1, 0.2, -0.3],
    ].entries()) {
      const norm = Math.hypot(...gradients);
      const rate = (0.1 * Math.sqrt(1 - 0.999 ** (index + 1))) / (1 - 0.9 ** (index + 1));
      for (const [i, gradient] of gradients.entries()) {
        const clipped = gradient * Math.min(1, 1 / norm);
        means[i] = 0.9 * means[i] + 0.1 * clipped;
        squares[i] = 0.999 * squares[i] + 0.001 * clipped ** 2;
        values[i] -= (rate * means[i]) / (Math.sqrt(squares[i]) + 1e-7);
      }
      adam.step(variables, {
        [variables[0].name]: tf.tensor1d(gradients.slice(0, 2)),
        [variables[1].name]: tf.tensor1d(gradients.slice(2)),
      });
    }
    const found = variables.flatMap((variable) => [...variable.dataSync()]);
    for (const [i, value] of values.entries())
      assert.ok(Math.abs(found[i] - value) < 1e-5, `${found} ${values}`);
  });

  it("leaves a variable unchanged if its gradient is 0", () => {
    const adam = new Adam(CPU, OPTIONS);
    const variable = tf.variable(tf.tensor1d([1, -2]));
    const before = tf.memory().numTensors;
    const gradient = tf.zeros([2]);
    adam.step([variable], { [variable.name]: gradient });
    assert.deepEqual([...variable.dataSync()], [1, -2]);
    adam.dispose();
    gradient.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
});
