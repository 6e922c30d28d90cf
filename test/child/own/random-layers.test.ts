// Layers of a user's own model that draw random numbers in training.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { dropoutKey, dropoutMask } from "../../../src/child/dropout.ts";
import {
  AlphaDropout,
  GaussianDropout,
  GaussianNoise,
  normals,
  SharedMaskDropout,
} from "../../../src/child/own/random-layers.ts";
import { continueDropout } from "../../../src/child/pass.ts";

const key = dropoutKey("random layers");
const SIZE = 40_000;

function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(square) };
}

/** Five standard deviations of a mean, and of a deviation, of this number of normal numbers. */
const MARGIN = 5 / Math.sqrt(SIZE);

const input = (value: number) => tf.fill([SIZE / 100, 100], value);

describe("normal numbers", () => {
  it("have the mean, deviation and tails of a normal distribution", () => {
    const values = normals(SIZE, key, 0, 3, 2);
    const { mean, deviation } = momentsOf(values);
    assert.ok(Math.abs(mean - 3) < 2 * MARGIN, `${mean}`);
    assert.ok(Math.abs(deviation - 2) < 2 * MARGIN, `${deviation}`);
    // Shares within one, two and three deviations.
    for (const [limit, share] of [
      [1, 0.6827],
      [2, 0.9545],
      [3, 0.9973],
    ]) {
      const found = values.filter((value) => Math.abs(value - 3) < 2 * limit).length / SIZE;
      assert.ok(Math.abs(found - share) < 2.5 / Math.sqrt(SIZE), `${limit}: ${found}`);
    }
  });

  it("are the same for the same key and step, and independent for others", () => {
    const values = normals(SIZE, key, 4, 0, 1);
    assert.deepEqual(normals(99, key, 4, 0, 1), values.slice(0, 99));
    for (const other of [normals(SIZE, key, 5, 0, 1), normals(SIZE, dropoutKey("other"), 4, 0, 1)]) {
      const correlation = values.reduce((sum, value, i) => sum + value * other[i], 0) / SIZE;
      assert.ok(Math.abs(correlation) < MARGIN, `${correlation}`);
    }
    const neighbours = values.reduce((sum, value, i) => sum + value * (values[i + 1] ?? 0), 0) / SIZE;
    assert.ok(Math.abs(neighbours) < MARGIN);
  });
});

describe("random layers", () => {
  before(() => tf.setBackend("cpu"));

  const train = (layer: layers.Layer, x: tf.Tensor) =>
    (layer.apply(x, { training: true }) as tf.Tensor).dataSync<"float32">();

  const LAYERS: Record<string, () => layers.Layer> = {
    GaussianNoise: () => new GaussianNoise({ name: "noise", key, deviation: 0.5 }),
    GaussianDropout: () => new GaussianDropout({ name: "noise", key, deviation: 0.5 }),
    AlphaDropout: () => new AlphaDropout({ name: "noise", key, rate: 0.2, noiseShape: undefined }),
    SharedMaskDropout: () => new SharedMaskDropout({ name: "noise", key, rate: 0.5, noiseShape: [null, 1] }),
  };

  for (const [name, make] of Object.entries(LAYERS)) {
    it(`${name} does nothing in inference, draws anew at every step, and continues from a step`, () => {
      const layer = make();
      const x = input(1.5);
      assert.deepEqual((layer.apply(x, { training: false }) as tf.Tensor).dataSync(), x.dataSync());
      const steps = [0, 1, 2].map(() => train(layer, x));
      assert.notDeepEqual(steps[0], steps[1]);
      const net = sequential({ layers: [layers.inputLayer({ inputShape: [100] }), make()] });
      continueDropout(net, 2);
      assert.deepEqual(train(net, x), steps[2]);
    });

    it(`${name} has the gradient of its output`, () => {
      const at = (x: tf.Tensor) => make().apply(x, { training: true }) as tf.Tensor;
      const gradient = tf
        .grad((x: tf.Tensor) => at(x))(input(1.5))
        .dataSync();
      const [above, below] = [at(input(2)).dataSync(), at(input(1)).dataSync()];
      for (const [i, slope] of gradient.entries()) {
        assert.ok(Math.abs(above[i] - below[i] - slope) < 1e-5, `${slope}`);
      }
    });
  }

  it("GaussianNoise adds noise, and GaussianDropout multiplies by it", () => {
    const noise = momentsOf(train(LAYERS.GaussianNoise(), input(3)));
    assert.ok(Math.abs(noise.mean - 3) < MARGIN && Math.abs(noise.deviation - 0.5) < MARGIN);
    const factors = momentsOf(train(LAYERS.GaussianDropout(), input(3)));
    assert.ok(Math.abs(factors.mean - 3) < 3 * MARGIN && Math.abs(factors.deviation - 1.5) < 3 * MARGIN);
  });

  it("AlphaDropout keeps the mean and the variance of normal numbers, and drops a share equal to its rate", () => {
    const x = tf.tensor2d(normals(SIZE, dropoutKey("input"), 0, 0, 1), [SIZE / 100, 100]);
    const values = train(LAYERS.AlphaDropout(), x);
    const { mean, deviation } = momentsOf(values);
    assert.ok(Math.abs(mean) < 2 * MARGIN && Math.abs(deviation - 1) < 2 * MARGIN, `${mean} ${deviation}`);
    const mask = dropoutMask(SIZE, { name: "", rate: 0.2, key }, 0);
    const dropped = new Set(values.filter((_, i) => mask[i] === 0));
    assert.equal(dropped.size, 1);
  });

  it("SharedMaskDropout drops whole rows", () => {
    const rows = train(LAYERS.SharedMaskDropout(), input(1));
    for (let row = 0; row < SIZE / 100; row++) {
      assert.ok(new Set(rows.slice(100 * row, 100 * row + 100)).size === 1);
    }
    assert.deepEqual([...new Set(rows)].sort(), [0, 2]);
  });
});
