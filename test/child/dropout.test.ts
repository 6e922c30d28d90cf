import assert from "node:assert/strict";
import { describe, it } from "node:test";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { layers, models, sequential } from "@tensorflow/tfjs-layers";
import { dropoutKey, dropoutMask, SeededDropout } from "../../src/child/dropout.ts";
import { threefry2x32 } from "../../src/common/threefry.ts";

const config = (rate: number, ...keys: (number | string)[]) => ({
  name: "dropout",
  rate,
  key: dropoutKey(...keys),
});
const share = (values: Iterable<boolean>) => {
  const all = [...values];
  return all.filter(Boolean).length / all.length;
};
/** The share of values that are equal in two masks. */
const agreement = (a: Float32Array, b: Float32Array) => share([...a].map((value, i) => value === b[i]));

describe("dropoutMask", () => {
  it("takes the 16 bits given by the key, the step and the value's index", () => {
    const { key } = config(0.6, 4);
    const step = 9;
    const mask = dropoutMask(1000, config(0.6, 4), step);
    assert.equal(mask.length, 1000);
    const first = new Int32Array(1);
    const second = new Int32Array(1);
    for (let i = 0; i < mask.length; i++) {
      threefry2x32(key, 16 * (i >> 6) + (i & 15), step, first, second);
      const [x, y] = [first[0] >>> 0, second[0] >>> 0];
      const number = [x % 65536, Math.floor(x / 65536), y % 65536, Math.floor(y / 65536)][(i >> 4) & 3];
      assert.equal(mask[i], number < 39322 ? 0 : Math.fround(1 / 0.4), `value ${i}`);
    }
  });

  it("drops a share equal to the rate and keeps the mean", () => {
    for (const rate of [0.05, 0.5, 0.6]) {
      const mask = dropoutMask(200_000, config(rate, "share"), 0);
      const dropped = share([...mask].map((factor) => factor === 0));
      assert.ok(Math.abs(dropped - rate) < 5 * Math.sqrt((rate * (1 - rate)) / mask.length), `${dropped}`);
      const mean = mask.reduce((sum, factor) => sum + factor, 0) / mask.length;
      assert.ok(Math.abs(mean - 1) < 0.03, `mean ${mean}`);
    }
    assert.ok(dropoutMask(1000, config(0, "share"), 0).every((factor) => factor === 1));
  });

  it("is reproducible, and independent for each step, layer and seed", () => {
    const mask = dropoutMask(20_000, config(0.5, 1, "a"), 0);
    assert.deepEqual(dropoutMask(20_000, config(0.5, 1, "a"), 0), mask);
    const others = [
      dropoutMask(20_000, config(0.5, 1, "a"), 1),
      dropoutMask(20_000, config(0.5, 1, "b"), 0),
      dropoutMask(20_000, config(0.5, 2, "a"), 0),
    ];
    // Five standard deviations of a fair coin's mean.
    for (const other of others) assert.ok(Math.abs(agreement(mask, other) - 0.5) < 2.5 / Math.sqrt(20_000));
  });

  it("is independent for neighbours, for values in a group and for values in successive groups", () => {
    const mask = dropoutMask(40_064, config(0.5, "lags"), 3);
    for (const lag of [1, 2, 15, 16, 17, 32, 48, 64]) {
      const same = agreement(mask.subarray(0, 40_000), mask.subarray(lag, 40_000 + lag));
      assert.ok(Math.abs(same - 0.5) < 2.5 / Math.sqrt(40_000), `lag ${lag}: ${same}`);
    }
  });

  it("is a prefix of a longer mask", () => {
    assert.deepEqual(
      dropoutMask(70, config(0.5, "prefix"), 2),
      dropoutMask(500, config(0.5, "prefix"), 2).subarray(0, 70),
    );
  });
});

describe("SeededDropout", () => {
  const input = () => tf.ones([2, 7, 11]);
  const values = (tensor: unknown) => (tensor as tf.Tensor).dataSync();

  it("multiplies by the mask of step 0, then of step 1; is the identity in validation, which takes no step", async () => {
    await tf.setBackend("cpu");
    const layer = new SeededDropout(config(0.4, 5));
    assert.deepEqual(values(layer.apply(input(), { training: true })), dropoutMask(154, config(0.4, 5), 0));
    assert.deepEqual(values(layer.apply(input(), { training: false })), new Float32Array(154).fill(1));
    assert.deepEqual(values(layer.apply(input(), { training: true })), dropoutMask(154, config(0.4, 5), 1));
  });

  it("applies the same mask to the gradient", () => {
    const layer = new SeededDropout(config(0.4, 5));
    const gradient = tf.grad((x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor)(input());
    assert.deepEqual(values(gradient), dropoutMask(154, config(0.4, 5), 0));
  });

  it("can be restored from its config", () => {
    const layer = new SeededDropout({ ...config(0.4, 5), name: "dropout_7" });
    const { name, rate, key } = layer.getConfig();
    assert.deepEqual({ name, rate, key }, { name: "dropout_7", rate: 0.4, key: [...dropoutKey(5)] });
    const again = SeededDropout.fromConfig(SeededDropout, layer.getConfig()) as SeededDropout;
    assert.deepEqual(values(again.apply(input(), { training: true })), dropoutMask(154, config(0.4, 5), 0));
  });

  it("can be restored as part of a model", async () => {
    const net = sequential();
    net.add(layers.inputLayer({ inputShape: [7, 11] }));
    net.add(new SeededDropout(config(0.4, 5)));
    const json = net.toJSON(undefined, false) as { modelTopology: object };
    const again = await models.modelFromJSON({ modelTopology: json } as never);
    assert.deepEqual(values(again.apply(input(), { training: true })), dropoutMask(154, config(0.4, 5), 0));
  });

  it("rejects a rate of 1", () => {
    assert.throws(() => new SeededDropout(config(1, 5)), /rate 1 is not in \[0, 1\)/);
  });
});
