import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  centroids,
  comparePixels,
  compareSamples,
  criticalDistance,
  kolmogorovDistance,
  meanQuantileDistance,
  measureImages,
} from "../../scripts/imgaug/measures.ts";
import { Random } from "../../src/common/random.ts";
import { createBatch } from "../../src/image/batch.ts";

const close = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

describe("the comparison with imgaug", () => {
  it("measures distances between distributions, ties included", () => {
    // Distribution functions: at 1 the first is 3/4 and the second 1/5; at 2 they are 1 and 2/5.
    const first = Float64Array.of(2, 1, 0, 1);
    const second = Float64Array.of(1, 2, 3, 5, 4);
    close(kolmogorovDistance(first, second), 0.6);
    close(kolmogorovDistance(first, first), 0);
    close(meanQuantileDistance(Float64Array.of(1, 2, 3), Float64Array.of(3, 1, 2)), 0);
    close(meanQuantileDistance(Float64Array.of(0, 10), Float64Array.of(1, 12)), 1.5);
    // Quantiles 0 0 0 | 3 3 3 against 1 1 | 2 2 | 6 6, each one sixth.
    close(meanQuantileDistance(Float64Array.of(3, 0), Float64Array.of(6, 1, 2)), (1 + 1 + 2 + 1 + 3 + 3) / 6);
    close(criticalDistance(2000, 2000), Math.sqrt(-Math.log(1e-5 / 2) / 2 / 1000));
  });

  it("distinguishes samples of different distributions, but accepts small differences", () => {
    const random = new Random(3);
    const draw = (shift: number, deviation = 4) =>
      Float64Array.from({ length: 2000 }, () => random.normal(shift, deviation));
    const sample = draw(10);
    assert.ok(compareSamples(sample, draw(10), 0, false).inside);
    assert.ok(!compareSamples(sample, draw(11.5), 0.25, false).inside);
    // The same mean with a different spread.
    assert.ok(!compareSamples(sample, draw(10, 6), 0.25, false).inside);
    const shifted = sample.map((value, i) => value + 0.2 + 0.01 * (i % 2));
    assert.ok(compareSamples(sample, shifted, 0.25, true).inside);
    assert.ok(!compareSamples(sample, shifted, 0.15, true).inside);
    assert.ok(compareSamples(sample, sample, 0, true).inside);
  });

  it("measures images", () => {
    const originals = createBatch(2, 1, 2);
    const images = createBatch(2, 1, 2);
    images.data.set([30, 26, 34, 10, 10, 10]);
    const { mean, deviation, change, colour, grain } = measureImages(images, originals);
    // Values one pixel apart differ by 20 levels on average; there are none two pixels apart.
    assert.deepEqual([...mean, ...change, ...colour, ...grain], [20, 0, 20, 0, 2, 0, 10, 0]);
    close(deviation[0], Math.sqrt((100 + 36 + 196 + 300) / 6));
    assert.equal(deviation[1], 0);
    assert.deepEqual(centroids(images), [{ x: 0.25, y: 0 }, undefined]);
    assert.deepEqual(comparePixels(Uint8Array.of(1, 2, 3, 9), Uint8Array.of(1, 3, 3, 4)), {
      largest: 5,
      different: 0.5,
    });
  });
});
