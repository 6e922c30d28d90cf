// Policies of the extended forms: mixtures, bases, drawn magnitudes, and images that are drawn anew.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { drawForImage, renderChain } from "../../src/augment/chain.ts";
import { augmentTrainingSet, drawPortion } from "../../src/augment/policy.ts";
import { drawRecipe } from "../../src/augment/recipes.ts";
import { drawSteps, redrawInto } from "../../src/augment/redraw.ts";
import { Random } from "../../src/common/random.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { createBatch, imageAt } from "../../src/image/batch.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

let train: LabelledImages;
before(async () => {
  train = slice((await loadSample()).train, 0, 40);
});

const BLUR_OR_INVERT: Policy = {
  chains: [[{ type: "gaussian-blur", magnitude: 0.3 }], [{ type: "invert", magnitude: 0 }]],
  portion: 0.5,
};

describe("a mixture whose copies are drawn once", () => {
  it("adds one copy of each drawn image, by the chains' weights", () => {
    const mixture: Policy = { ...BLUR_OR_INVERT, weights: [1, 3] };
    const { images, labels } = augmentTrainingSet(train, mixture, 5);
    const drawn = drawPortion(40, 0.5, 5);
    assert.equal(images.count, 60);
    let inverted = 0;
    for (const [i, imageIndex] of drawn.entries()) {
      assert.equal(labels[40 + i], train.labels[imageIndex]);
      const source = imageAt(train.images, imageIndex);
      const candidates = mixture.chains.map((chain, chainIndex) =>
        renderChain(
          source,
          train.images,
          drawForImage(chain, train.images, { seed: 5, imageIndex, chainIndex }),
        ),
      );
      const which = candidates.findIndex((each) => Buffer.compare(each, imageAt(images, 40 + i)) === 0);
      assert.ok(which >= 0, `image ${imageIndex}`);
      inverted += which;
    }
    // 15 of 20 are expected; 5 and 20 are more than three standard deviations away.
    assert.ok(inverted > 8 && inverted < 20, String(inverted));
  });

  it("puts copies on the base, with magnitudes that are drawn", () => {
    const policy: Policy = { ...BLUR_OR_INVERT, weights: [1, 1], base: "flip", magnitudes: "drawn" };
    const { images } = augmentTrainingSet(train, policy, 5);
    const [imageIndex] = drawPortion(40, 0.5, 5);
    const key = { seed: 5, imageIndex, chainIndex: new Random(5, "chain", imageIndex).weighted([1, 1]) };
    const drawn = [
      ...drawRecipe("flip", train.images, key),
      ...drawForImage(policy.chains[key.chainIndex], train.images, key, "drawn"),
    ];
    const expected = renderChain(imageAt(train.images, imageIndex), train.images, drawn);
    assert.deepEqual(imageAt(images, 40), expected);
  });
});

describe("a mixture of copies, drawn anew for every image", () => {
  it("has its base, its weights and its drawn magnitudes", () => {
    const chains: Policy["chains"] = [[{ type: "solarize", magnitude: 0.5 }], BLUR_OR_INVERT.chains[1]];
    const policy: Policy = { portion: 0.1, chains, weights: [3, 1], base: "flip", magnitudes: "drawn" };
    const draws = Array.from({ length: 1000 }, (_, imageIndex) =>
      drawSteps([{ policies: [policy], chance: 1 }], train.images, { seed: 3, imageIndex }),
    );
    assert.ok(draws.every((drawn) => drawn.length === 2 && drawn[0].type === "horizontal-flip"));
    const solarized = draws.map(([, second]) => second).filter(({ type }) => type === "solarize");
    assert.ok(Math.abs(solarized.length - 750) < 45, String(solarized.length));
    assert.ok(new Set(solarized.map(({ parameters }) => parameters.threshold)).size > 700);
  });
});

describe("a redrawn policy", () => {
  const redrawn: Policy = { ...BLUR_OR_INVERT, base: "flip", redrawn: true };
  const draw = (policy: Policy, imageIndex: number, seed = 3) =>
    drawSteps([{ policy }], train.images, { seed, imageIndex });

  it("puts every image through its base, and a portion through one chain", () => {
    const types = Array.from({ length: 2000 }, (_, index) => draw(redrawn, index).map(({ type }) => type));
    assert.ok(types.every(([first]) => first === "horizontal-flip"));
    const share = (type: string) => types.filter((each) => each[1] === type).length / types.length;
    assert.ok(types.every((each) => each.length <= 2));
    for (const type of ["gaussian-blur", "invert"]) assert.ok(Math.abs(share(type) - 0.25) < 0.04, type);
  });

  it("is the base alone at portion 0, and all chains at portion 1", () => {
    for (let index = 0; index < 50; index++) {
      assert.equal(draw({ ...redrawn, portion: 0 }, index).length, 1);
      assert.equal(draw({ ...redrawn, portion: 1 }, index).length, 2);
    }
  });

  it("puts an image through each chain with its chance, in turn, independently of the others", () => {
    const chains = [...BLUR_OR_INVERT.chains, [{ type: "emboss", magnitude: 0.5 }]] as const;
    const policy: Policy = { ...{ chains, portion: 0.8 }, redrawn: true, chances: [0.5, 0.25, 0] };
    const types = Array.from({ length: 4000 }, (_, index) =>
      draw(policy, index)
        .map(({ type }) => type)
        .join(),
    );
    // The standard deviation of a share is less than 0.008.
    const shares = [0.4 * 0.75, 0.4 * 0.25, 0.4 * 0.25];
    for (const [i, kind] of ["gaussian-blur", "gaussian-blur,invert", "invert"].entries()) {
      const share = types.filter((each) => each === kind).length / types.length;
      assert.ok(Math.abs(share - shares[i]) < 0.03, `${kind} ${share}`);
    }
    assert.equal(types.filter((each) => each.includes("emboss")).length, 0);
  });

  it("draws other images for another seed, and the same for the same", () => {
    const drawn = (seed: number) => {
      const target = createBatch(40, train.images.height, train.images.width);
      redrawInto(target, train.images, [...Array(40).keys()], [{ policy: redrawn }], seed);
      return target.data;
    };
    assert.deepEqual(drawn(1), drawn(1));
    assert.notDeepEqual(drawn(1), drawn(2));
  });

  it("has magnitudes from 0 to its own if they are drawn", () => {
    const chain = [{ type: "solarize", magnitude: 0.5 }] as const;
    const thresholds = Array.from({ length: 500 }, (_, imageIndex) => {
      const [drawn] = drawForImage(chain, train.images, { seed: 1, imageIndex, chainIndex: 0 }, "drawn");
      return drawn.parameters.threshold as number;
    });
    assert.ok(thresholds.every((threshold) => threshold >= 127.5 && threshold <= 255));
    const mean = thresholds.reduce((sum, threshold) => sum + threshold, 0) / thresholds.length;
    assert.ok(Math.abs(mean - 191.25) < 6, String(mean));
  });
});
