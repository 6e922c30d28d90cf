// Resizing of images within a user's own model.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers the gradients
import {
  INTERPOLATIONS,
  Resizing,
  type ResizingConfig,
  resizingMatrix,
} from "../../../src/child/own/resizing.ts";

const rowsOf = (matrix: Float32Array, size: number) =>
  Array.from({ length: matrix.length / size }, (_, i) => [...matrix.subarray(i * size, (i + 1) * size)]);

const isNear = (found: ArrayLike<number>, expected: ArrayLike<number>, what: string) => {
  assert.equal(found.length, expected.length, what);
  for (let i = 0; i < found.length; i++)
    assert.ok(Math.abs(found[i] - expected[i]) < 1e-5, `${what}: ${found}`);
};

describe("resizingMatrix", () => {
  it("has weights that add up to 1, and is symmetric", () => {
    for (const interpolation of INTERPOLATIONS) {
      for (const [size, length] of [
        [5, 12],
        [12, 5],
        [7, 7],
        [9, 1],
      ]) {
        for (const antialias of [false, true]) {
          const rows = rowsOf(resizingMatrix(size, length, { interpolation, antialias }), size);
          for (const [i, row] of rows.entries()) {
            assert.ok(Math.abs(row.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-5);
            if (interpolation !== "nearest") isNear(row, [...rows[length - 1 - i]].reverse(), interpolation);
          }
        }
      }
    }
  });

  it("has the weights of each method", () => {
    const rows = (size: number, length: number, interpolation: ResizingConfig["interpolation"], more = {}) =>
      rowsOf(resizingMatrix(size, length, { interpolation, antialias: false, ...more }), size);
    assert.deepEqual(rows(2, 4, "nearest"), [
      [1, 0],
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
    assert.deepEqual(rows(5, 2, "nearest"), [
      [0, 1, 0, 0, 0],
      [0, 0, 0, 1, 0],
    ]);
    assert.deepEqual(rows(2, 4, "bilinear"), [
      [1, 0],
      [0.75, 0.25],
      [0.25, 0.75],
      [0, 1],
    ]);
    // Keys's kernel at distances of 1.5, 0.5, 0.5 and 1.5.
    isNear(rows(4, 1, "bicubic")[0], [-0.0625, 0.5625, 0.5625, -0.0625], "bicubic");
    // A filter as wide as two pixels of the result.
    isNear(rows(4, 2, "bilinear", { antialias: true })[0], [3 / 7, 3 / 7, 1 / 7, 0], "antialias");
  });
});

describe("the layer Resizing", () => {
  before(() => tf.setBackend("cpu"));

  const layer = (target: readonly [number, number], config: Partial<ResizingConfig> = {}) =>
    new Resizing({
      ...{ name: "resizing", target: () => target, interpolation: "bilinear", antialias: false },
      ...{ ratio: "stretch", fillValue: 0, ...config },
    });
  const images = (height: number, width: number) =>
    tf.reshape(tf.range(0, 2 * height * width * 3), [2, height, width, 3]);
  const apply = (to: Resizing, x: tf.Tensor) => to.apply(x) as tf.Tensor;

  it("repeats pixels for a whole factor", () => {
    const x = images(3, 5);
    const expected = tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 15]);
    assert.deepEqual(
      apply(layer([6, 15], { interpolation: "nearest" }), x).arraySync(),
      expected.arraySync(),
    );
  });

  it("has a gradient that agrees with differences", () => {
    const x = tf.randomUniform([2, 5, 4, 3], 0, 1, "float32", 2);
    const direction = tf.randomUniform([2, 5, 4, 3], -1, 1, "float32", 3);
    for (const interpolation of INTERPOLATIONS) {
      const f = (input: tf.Tensor) => tf.sum(tf.square(apply(layer([7, 9], { interpolation }), input)));
      const slope = tf.sum(tf.mul(tf.grad(f)(x), direction)).dataSync()[0];
      const at = (step: number) => f(tf.add(x, tf.mul(direction, step))).dataSync()[0];
      const difference = (at(0.05) - at(-0.05)) / 0.1;
      assert.ok(
        Math.abs(slope - difference) < 1e-2 * Math.abs(slope) + 1e-2,
        `${interpolation}: ${slope} ${difference}`,
      );
    }
  });

  it("crops, pads and cuts out the center", () => {
    const x = images(4, 8);
    const inner = (top: number, left: number, height: number, width: number) =>
      tf.slice(x, [0, top, left, 0], [-1, height, width, -1]).arraySync();
    assert.deepEqual(apply(layer([4, 4], { ratio: "crop" }), x).arraySync(), inner(0, 2, 4, 4));
    assert.deepEqual(apply(layer([2, 4], { ratio: "centerCrop" }), x).arraySync(), inner(1, 2, 2, 4));
    const padded = apply(layer([8, 8], { ratio: "pad", fillValue: 7 }), x);
    assert.deepEqual(tf.slice(padded, [0, 2, 0, 0], [-1, 4, 8, -1]).arraySync(), x.arraySync());
    assert.ok(
      tf
        .slice(padded, [0, 0, 0, 0], [-1, 2, -1, -1])
        .dataSync()
        .every((value) => value === 7),
    );
    assert.deepEqual(layer([8, 8]).computeOutputShape([null, 4, 8, 3]), [null, 8, 8, 3]);
  });
});
