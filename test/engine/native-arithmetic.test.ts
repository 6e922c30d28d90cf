// Compares the native backend's elementwise operations, reductions and moves with TensorFlow.js's cpu backend, on
// random shapes, for each instruction set of this processor.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { Random } from "../../src/common/random.ts";
import { startEngine } from "../../src/engine/choose.ts";
import { randomValues, specialValues } from "./kernel-cases.ts";
import { addon, compareSums, compareValues, INSTRUCTION_SETS, skip } from "./native-cases.ts";

describe("native operations against the cpu backend", { skip }, () => {
  before(async () => {
    await startEngine("native", "float32");
  });

  it("elementwise operations, also on NaN", async () => {
    const operations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
      relu: tf.relu,
      relu6: tf.relu6,
      step: (x) => tf.step(x, 0.25),
      neg: tf.neg,
      square: tf.square,
      sqrt: tf.sqrt,
      rsqrt: tf.rsqrt,
      reciprocal: tf.reciprocal,
      abs: tf.abs,
      clip: (x) => tf.clipByValue(x, -0.5, 3),
      leakyRelu: (x) => tf.leakyRelu(x, 0.3),
      elu: tf.elu,
      sigmoid: tf.sigmoid,
      tanh: tf.tanh,
      exp: tf.exp,
      erf: tf.erf,
    };
    for (const [name, operation] of Object.entries(operations)) {
      for (const size of [1, 5, 16, 33, 100]) {
        const x = specialValues(new Random(name, size), [size]);
        await compareValues(`${name} of ${size}`, () => operation(tf.tensor1d(x)));
      }
    }
  });

  it("operations on two operands, with all kinds of broadcasting", async () => {
    const operations = { add: tf.add, sub: tf.sub, mul: tf.mul, div: tf.div } as const;
    const others = { maximum: tf.maximum, minimum: tf.minimum, squaredDifference: tf.squaredDifference };
    for (const [name, operation] of Object.entries({ ...operations, ...others })) {
      for (let i = 0; i < 25; i++) {
        const random = new Random("native binary", name, i);
        const shape = Array.from({ length: random.integer(0, 4) }, () => random.integer(1, 9));
        if (random.chance(0.3)) shape.push(32);
        const operandShape = () =>
          shape.map((size) => (random.chance(0.3) ? 1 : size)).slice(random.integer(0, shape.length));
        const [aShape, bShape] = random.chance(0.5) ? [shape, operandShape()] : [operandShape(), shape];
        const [a, b] = [specialValues(random, aShape), specialValues(random, bShape)];
        await compareValues(`${name} ${i}: ${aShape} and ${bShape}`, () =>
          operation(tf.tensor(a, aShape), tf.tensor(b, bShape)),
        );
      }
    }
  });

  it("gradients of operations", async () => {
    const operations: Record<string, (x: tf.Tensor) => tf.Tensor> = {
      relu: tf.relu,
      relu6: tf.relu6,
      leakyRelu: (x) => tf.leakyRelu(x, 0.3),
      elu: tf.elu,
      square: tf.square,
      clip: (x) => tf.clipByValue(x, -0.5, 3),
      minimum: (x) => tf.minimum(6, x),
      maximum: (x) => tf.maximum(x, -1),
      sum: (x) => tf.sum(x, [0, 2]),
      mean: (x) => tf.mean(x, 1, true),
      "mean of all": (x) => tf.mean(x),
    };
    for (const [name, operation] of Object.entries(operations)) {
      for (const isSpecial of [false, true]) {
        const random = new Random("native gradient", name);
        const x = (isSpecial ? specialValues : randomValues)(random, [3, 5, 7]);
        await compareValues(name, () => {
          const input = tf.tensor(x, [3, 5, 7]);
          const dy = tf.tensor(
            randomValues(new Random(name), operation(input).shape),
            operation(input).shape,
          );
          return tf.grad(operation)(input, dy);
        });
      }
    }
  });

  it("gradients of resized images, which are wrong in TensorFlow.js, agree with the linear map", () => {
    const methods = { nearest: tf.image.resizeNearestNeighbor, bilinear: tf.image.resizeBilinear };
    for (const [name, resize] of Object.entries(methods)) {
      for (let i = 0; i < 20; i++) {
        const random = new Random("native resizing", name, i);
        const [height, width, toHeight, toWidth] = Array.from({ length: 4 }, () => random.integer(1, 7));
        const shape: [number, number, number, number] = [
          random.integer(1, 3),
          height,
          width,
          random.integer(1, 4),
        ];
        const flags = [
          [false, false],
          [true, false],
          [false, true],
        ][i % 3];
        tf.tidy(() => {
          const run = (x: tf.Tensor) => resize(x as tf.Tensor4D, [toHeight, toWidth], flags[0], flags[1]);
          const x = tf.tensor(randomValues(random, shape), shape);
          const out = run(x);
          const dy = tf.tensor(randomValues(random, out.shape), out.shape);
          // ⟨resize(x), dy⟩ = ⟨x, gradient(dy)⟩ for every x.
          const forward = tf.sum(tf.mul(out, dy)).dataSync()[0];
          const gradient = tf.grad(run)(x, dy);
          assert.deepEqual(gradient.shape, shape);
          const backward = tf.sum(tf.mul(x, gradient)).dataSync()[0];
          assert.ok(Math.abs(forward - backward) < 1e-4, `${name} ${i}: ${forward} and ${backward}`);
        });
      }
    }
  });

  it("gradients of gradients", async () => {
    const x = randomValues(new Random("second"), [6, 4]);
    await compareValues("of a mean of squares of a relu", () => {
      const first = tf.grad((input) => tf.sum(tf.mul(tf.mean(tf.square(tf.relu(input)), 0), input)));
      return tf.grad((input) => tf.sum(tf.square(first(input))))(tf.tensor(x, [6, 4]));
    });
  });

  it("sums, means and maxima over any axes", async () => {
    for (let i = 0; i < 60; i++) {
      const random = new Random("native reduction", i);
      const shape = Array.from({ length: random.integer(1, 4) }, () => random.integer(1, 5));
      if (random.chance(0.3)) shape.push(random.integer(12, 70));
      if (random.chance(0.3)) shape.unshift(random.integer(50, 100));
      const axes = shape.map((_, axis) => axis).filter(() => random.chance(0.5));
      const x = randomValues(random, shape);
      if (random.chance(0.3)) x[random.integer(0, x.length - 1)] = Number.NaN;
      for (const [name, operation] of Object.entries({ sum: tf.sum, mean: tf.mean, max: tf.max })) {
        await compareSums(`${name} ${i}: ${shape} over ${axes}`, () =>
          operation(tf.tensor(x, shape), axes.length > 0 ? axes : undefined, i % 2 === 0),
        );
      }
    }
  });

  it("kernels that move values", async () => {
    for (let i = 0; i < 40; i++) {
      const random = new Random("native move", i);
      const shape = Array.from({ length: random.integer(1, 5) }, () => random.integer(1, 7));
      const x = randomValues(random, shape);
      const axis = random.integer(0, shape.length - 1);
      const permutation = [...random.choose(shape.length, shape.length)];
      const begin = shape.map((size) => random.integer(0, size - 1));
      const size = shape.map((whole, each) => random.integer(1, whole - begin[each]));
      const pads = shape.map((): [number, number] => [random.integer(0, 2), random.integer(0, 2)]);
      const other = shape.map((whole, each) => (each === axis ? random.integer(1, 4) : whole));
      const rest = randomValues(random, other);
      const parts = shape[axis] > 1 ? [1, shape[axis] - 1] : [1];
      const input = () => tf.tensor(x, shape);
      const moves: Record<string, () => tf.Tensor> = {
        transpose: () => tf.transpose(input(), permutation),
        slice: () => tf.slice(input(), begin, size),
        split: () => tf.split(input(), parts, axis).at(-1) as tf.Tensor,
        pad: () => tf.pad(input(), pads, 0.5),
        concat: () => tf.concat([input(), tf.tensor(rest, other), input()], axis),
        tile: () =>
          tf.tile(
            input(),
            pads.map(([before]) => before + 1),
          ),
      };
      for (const [name, move] of Object.entries(moves)) {
        await compareValues(`${name} ${i}: ${shape}, axis ${axis}, ${permutation}, ${begin}, ${size}`, move);
      }
    }
  });

  it("results too large for the cache, which are written around it", async () => {
    const shape = [130, 1001, 33];
    const size = 130 * 1001 * 33;
    const x = Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1009) / 500 - 1);
    const row = randomValues(new Random("large"), [48]);
    await compareValues("relu", () => tf.relu(tf.tensor(x, shape)));
    await compareValues("sum of rows", () =>
      tf.add(tf.tensor(x.subarray(0, 89375 * 48), [89375, 48]), tf.tensor(row)),
    );
    await compareValues("repeated", () => tf.tile(tf.tensor(row, [1, 48]), [90_000, 1]));
  });

  it("nothing is written past the end of a result", () => {
    const random = new Random("native guard");
    const guarded = (length: number) => {
      const whole = new Float32Array(length + 64).fill(-7);
      return { result: whole.subarray(0, length), behind: whole.subarray(length) };
    };
    for (const name of INSTRUCTION_SETS) {
      addon.choose(name);
      for (let size = 1; size < 70; size++) {
        const x = randomValues(random, [size * 3]);
        const row = x.subarray(0, size);
        const writes: Record<string, (result: Float32Array) => void> = {
          unary: (result) => addon.unary(0, 0, row, result),
          clip: (result) => addon.clip(0, 1, row, result),
          clipGradient: (result) => addon.clipGradient(0, 1, row, row, result),
          binary: (result) => addon.binary(0, Int32Array.of(size, 1, 0), 0, row, row, result),
          columns: (result) => addon.reduce(0, 1, 3, size, x, result),
          move: (result) => addon.move(Int32Array.of(size, 3, 1), x, 0, result, 0),
        };
        for (const [what, write] of Object.entries(writes)) {
          const { result, behind } = guarded(size);
          write(result);
          assert.ok(behind.every((value) => value === -7) && !result.includes(-7), `${name} ${what} ${size}`);
        }
        const { result, behind } = guarded(3);
        addon.reduce(0, 3, size, 1, x, result);
        assert.ok(behind.every((value) => value === -7) && !result.includes(-7), `${name} rows ${size}`);
      }
    }
  });

  it("arrays that are too short are rejected", () => {
    const [four, three] = [new Float32Array(4), new Float32Array(3)];
    const refused: (() => void)[] = [
      () => addon.unary(0, 0, four, three),
      () => addon.clip(0, 1, four, three),
      () => addon.binary(0, Int32Array.of(4, 1, 1), 0, four, three, four),
      () => addon.binary(0, Int32Array.of(2, 2, 2, 1, 1, 1), 0, four, four, three),
      () => addon.reduce(0, 2, 2, 1, three, four),
      () => addon.move(Int32Array.of(2, 2, 1), three, 1, three, 0),
      () => addon.convolveDepthwise(new Int32Array(15).fill(1), new Float32Array(0), four, four),
    ];
    for (const call of refused) assert.throws(call, /expected at least \d values, received/, String(call));
    const code = addon.unaryNames.length;
    assert.throws(() => addon.unary(code, 0, four, four), /operation/);
    assert.throws(() => addon.unary(0, 0, [1] as unknown as Float32Array, four), /typed array/);
  });

  it("other number types, as on the cpu backend", async () => {
    const [a, b] = [Int32Array.of(7, -2, 3), Int32Array.of(2, 2, -5)];
    const integers = () => [tf.tensor1d(a, "int32"), tf.tensor1d(b, "int32")] as const;
    const kinds: Record<string, () => tf.Tensor> = {
      add: () => tf.add(...integers()),
      sum: () => tf.sum(integers()[0]),
      relu: () => tf.relu(integers()[0]),
      "cast integers": () => tf.mul(tf.cast(integers()[0], "float32"), 0.5),
      "cast booleans": () => tf.add(tf.cast(tf.greater(...integers()), "float32"), 0.5),
      empty: () => tf.add(tf.zeros([0, 3]), tf.ones([3])),
      complex: () => tf.real(tf.mul(tf.complex([1, 2], [3, 4]), tf.complex([5, 6], [7, 8]))),
    };
    for (const [name, compute] of Object.entries(kinds)) await compareValues(name, compute);
  });
});
