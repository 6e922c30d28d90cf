// Initializers and constraints of a user's own model that TensorFlow.js lacks.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { buildModel } from "../../../src/child/model.ts";
import { type Constraint, constraintOf } from "../../../src/child/own/constraints.ts";
import { readOptimizer } from "../../../src/child/own/optimizer.ts";
import { orthogonalMatrix } from "../../../src/child/own/orthogonal.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { KERAS_CONSTRAINTS, modelPath, numbers } from "./keras.ts";

describe("orthogonal weights", () => {
  it("have orthonormal columns, or rows if there are fewer of those, and depend on the seed", () => {
    for (const [rows, columns] of [
      [40, 7],
      [7, 40],
      [30, 30],
      [1, 3],
    ]) {
      const matrix = orthogonalMatrix(rows, columns, 5);
      const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
      const at = (vector: number, k: number) =>
        matrix[rows < columns ? vector * columns + k : k * columns + vector];
      for (let a = 0; a < count; a++) {
        for (let b = 0; b <= a; b++) {
          let product = 0;
          for (let k = 0; k < length; k++) product += at(a, k) * at(b, k);
          assert.ok(Math.abs(product - Number(a === b)) < 1e-6, `${rows} ${columns}: ${a} ${b} ${product}`);
        }
      }
      assert.deepEqual(orthogonalMatrix(rows, columns, 5), matrix);
      assert.notDeepEqual(orthogonalMatrix(rows, columns, 6), matrix);
    }
  });

  it("are uniformly distributed: the first value has a mean of 0 and a mean square of 1 by the number of rows", () => {
    const firsts = Array.from({ length: 4000 }, (_, seed) => orthogonalMatrix(5, 3, seed)[0]);
    const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
    const square = firsts.reduce((sum, value) => sum + value ** 2, 0) / firsts.length;
    assert.ok(Math.abs(mean) < 0.04 && Math.abs(square - 0.2) < 0.02, `${mean} ${square}`);
  });
});

describe("the initial weights of a user's own model", () => {
  it("are orthogonal, the identity or constant as in the file", async () => {
    const engine = await startEngine("wasm", "float32");
    const options = { height: 20, width: 24, classes: 10, seed: 1, engine };
    const { net } = buildModel(modelPath("keras3-deterministic-layers.json.gz"), options);
    const weightsOf = (layer: string) => net.getLayer(layer).getWeights()[0];
    // [3, 3, 2, 12]: 18 rows and 12 columns.
    const kernel = tf.reshape(weightsOf("conv2d_1"), [18, 12]);
    const products = tf.matMul(kernel, kernel, true, false).arraySync() as number[][];
    for (const [i, row] of products.entries()) {
      for (const [k, product] of row.entries()) assert.ok(Math.abs(product - Number(i === k)) < 1e-5);
    }
    const identity = weightsOf("dense").arraySync() as number[][];
    for (const [i, row] of identity.entries()) {
      assert.deepEqual(
        row,
        row.map((_, k) => Number(i === k)),
      );
    }
    net.dispose();
    const scaled = buildModel(modelPath("keras3-convnexttiny.json.gz"), {
      ...options,
      height: 32,
      width: 32,
    });
    const gamma = scaled.net.getLayer("convnext_tiny_stage_0_block_0_layer_scale").getWeights()[0];
    assert.ok(gamma.dataSync().every((value) => value === Math.fround(1e-6)));
    scaled.net.dispose();
  });
});

describe("constraints on weights", () => {
  let engine: Engine;
  before(async () => {
    engine = await startEngine("wasm", "float32");
  });

  const kernel = () => tf.mul(tf.tensor(Float32Array.from(numbers("constrained", 12)), [3, 4]), 3);

  it("give the same weight as in Keras", () => {
    assert.equal(KERAS_CONSTRAINTS.length, 5);
    for (const { constraint, values } of KERAS_CONSTRAINTS) {
      const found = (constraintOf(constraint) as Constraint)(kernel()).dataSync();
      for (const [i, value] of values.entries()) {
        assert.ok(Math.abs(found[i] - value) < 1e-6, `${JSON.stringify(constraint)}: ${found}`);
      }
    }
    assert.equal(constraintOf({ class_name: "MyConstraint", config: {} }), undefined);
    assert.equal(constraintOf({ class_name: "MaxNorm", config: { axis: "all" } }), undefined);
  });

  it("are applied after each step of the optimizer", () => {
    const optimizer = { class_name: "SGD", config: { learning_rate: 1 } };
    const [weight, free] = ["weight", "free"].map((name) => tf.variable(kernel(), true, name));
    const constraint = constraintOf({ class_name: "NonNeg", config: {} }) as Constraint;
    const child = readOptimizer({ path: "model.keras", optimizer })(
      engine,
      new Map(),
      new Map([["weight", constraint]]),
    );
    const gradient = tf.fill([3, 4], 0.25);
    child.step([weight, free], { weight: gradient, free: gradient });
    const stepped = free.dataSync();
    assert.ok(stepped.some((value) => value < 0));
    assert.deepEqual(
      weight.dataSync(),
      stepped.map((value) => Math.max(value, 0)),
    );
  });

  it("of a file hold for the weights that they are set for", async () => {
    const options = { height: 20, width: 24, classes: 10, seed: 1, engine };
    const { net, optimizer } = buildModel(modelPath("keras3-deterministic-layers.json.gz"), options);
    const variables = net.trainableWeights.map((weight) => weight.read() as tf.Variable);
    // Steps that make all weights much larger.
    const gradients = Object.fromEntries(variables.map(({ name, shape }) => [name, tf.fill(shape, -100)]));
    optimizer.step(variables, gradients);
    const normsOf = (layer: string, axes: number[]) => {
      const [weight] = net.getLayer(layer).getWeights();
      return tf.sqrt(tf.sum(tf.square(weight), axes)).dataSync();
    };
    const areAt = (norms: ArrayLike<number>, limit: number) =>
      assert.ok(
        [...Array.from(norms)].every((norm) => Math.abs(norm - limit) < 1e-4),
        `${norms}`,
      );
    areAt(normsOf("conv2d", [0, 1, 2]), 1.5);
    areAt(normsOf("depthwise_conv2d", [0]), 1);
    assert.ok(normsOf("conv2d_1", [0, 1, 2]).every((norm) => norm > 10));
    net.dispose();
  });
});
