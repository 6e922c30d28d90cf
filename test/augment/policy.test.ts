import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { applyChain, drawForImage, renderChain } from "../../src/augment/chain.ts";
import { augmentTrainingSet, drawPortion } from "../../src/augment/policy.ts";
import { scaledTo } from "../../src/augment/scale.ts";
import { createBatch, imageAt, imageSize, selectImages } from "../../src/image/batch.ts";
import { noAugmentation, type Policy } from "../../src/policy/policy.ts";
import { randomImage } from "./images.ts";

const images = createBatch(10, 6, 5);
images.data.set(randomImage(60, 5));
const train = { images, labels: Int32Array.from({ length: 10 }, (_, i) => 9 - i) };

const policy: Policy = {
  chains: [
    [
      { type: "rotate", magnitude: 0.4 },
      { type: "dropout", magnitude: 0.2 },
    ],
    [{ type: "invert", magnitude: 0 }],
  ],
  portion: 0.45,
};

describe("a policy on a training set", () => {
  it("adds the drawn images after every chain to the originals, with their labels", () => {
    const before = images.data.slice();
    const result = augmentTrainingSet(train, policy, 3);
    const drawn = drawPortion(10, 0.45, 3);
    // round(4.5) = 5.
    assert.equal(new Set(drawn).size, 5);
    assert.equal(result.images.count, 20);
    assert.deepEqual(images.data, before);
    const size = imageSize(images);
    assert.deepEqual(result.images.data.subarray(0, 10 * size), before);
    assert.deepEqual(
      result.images.data.subarray(10 * size, 15 * size),
      applyChain(images, drawn, policy.chains[0], 0, 3).data,
    );
    assert.deepEqual(
      result.images.data.subarray(15 * size),
      selectImages(images, drawn).data.map((value) => 255 - value),
    );
    const drawnLabels = Array.from(drawn, (index) => 9 - index);
    assert.deepEqual([...result.labels], [...train.labels, ...drawnLabels, ...drawnLabels]);
  });

  it("depends only on the seed", () => {
    assert.deepEqual(augmentTrainingSet(train, policy, 3), augmentTrainingSet(train, policy, 3));
    assert.notDeepEqual(
      augmentTrainingSet(train, policy, 3).images,
      augmentTrainingSet(train, policy, 4).images,
    );
  });

  it("draws the same images and more for a larger portion", () => {
    const all = drawPortion(1000, 1, 7);
    assert.deepEqual(
      [...all].sort((a, b) => a - b),
      Array.from({ length: 1000 }, (_, i) => i),
    );
    assert.deepEqual(drawPortion(1000, 0.2, 7), all.slice(0, 200));
    assert.throws(() => drawPortion(10, 1.1, 7), RangeError);
  });

  it("scales with the images, relative to those on which it was judged", () => {
    const blur: Policy = { chains: [[{ type: "gaussian-blur", magnitude: 0.2 }]], portion: 1 };
    const shape = scaledTo(images, [3, 2.5]);
    const added = augmentTrainingSet(train, blur, 3, [3, 2.5]);
    for (const [i, imageIndex] of drawPortion(10, 1, 3).entries()) {
      const drawn = drawForImage(blur.chains[0], shape, { seed: 3, imageIndex, chainIndex: 0 });
      const unscaled = drawForImage(blur.chains[0], images, { seed: 3, imageIndex, chainIndex: 0 });
      assert.ok(
        Math.abs((drawn[0].parameters.sigma as number) - 2 * (unscaled[0].parameters.sigma as number)) < 1e-9,
      );
      const expected = renderChain(imageAt(images, imageIndex), images, drawn);
      assert.deepEqual(imageAt(added.images, 10 + i), expected);
    }
    assert.deepEqual(augmentTrainingSet(train, blur, 3, [6, 5]), augmentTrainingSet(train, blur, 3));
  });

  it("of portion 0 returns the originals", () => {
    assert.equal(augmentTrainingSet(train, noAugmentation(), 1), train);
  });
});
