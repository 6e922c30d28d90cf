import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { selectSplit, splitForTest } from "../../src/evaluate/split.ts";
import { imageAt } from "../../src/image/batch.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

let sample: Dataset;
let untested: Dataset;
before(async () => {
  sample = await loadSample();
  const { test: _, ...rest } = sample;
  untested = rest;
});

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("splitForTest", () => {
  it("takes the data's own test split", () => {
    const split = splitForTest(sample, { share: 0.2, seed: 1 });
    assert.deepEqual(split, { testFrom: "test" });
    const { train, validation } = selectSplit(sample, split);
    assert.equal(train, sample.train);
    assert.equal(validation, sample.test);
  });

  it("otherwise holds out a share of each class, by the seed", () => {
    const { heldOut } = splitForTest(untested, { share: 0.2, seed: 1 });
    assert.equal(heldOut!.length, 40);
    const counts = new Array(10).fill(0);
    for (const index of heldOut!) counts[untested.train.labels[index]]++;
    assert.deepEqual(counts, new Array(10).fill(4));
    assert.deepEqual(splitForTest(untested, { share: 0.2, seed: 1 }).heldOut, heldOut);
    assert.notDeepEqual(splitForTest(untested, { share: 0.2, seed: 2 }).heldOut, heldOut);
  });

  it("never holds out an image that validated the search, and prefers those that it did not use", () => {
    const used = { train: numbers(0, 100), validation: numbers(100, 160) };
    const unused = splitForTest(untested, { share: 0.2, seed: 3, used });
    assert.ok(unused.heldOut!.every((index) => index >= 160));
    const more = splitForTest(untested, { share: 0.5, seed: 3, used });
    assert.equal(more.heldOut!.length, 100);
    assert.ok(more.heldOut!.every((index) => index < 100 || index >= 160));
    assert.equal(more.heldOut!.filter((index) => index >= 160).length, 40);
  });

  it("trains on all images that are not held out, each with its own label", () => {
    const split = splitForTest(untested, { share: 0.2, seed: 1 });
    const { train, validation } = selectSplit(untested, split);
    assert.equal(train.labels.length + validation.labels.length, 200);
    const index = split.heldOut![7];
    assert.deepEqual(imageAt(validation.images, 7), imageAt(untested.train.images, index));
    assert.equal(validation.labels[7], untested.train.labels[index]);
  });

  it("refuses data of which a class cannot be tested, naming it", () => {
    const used = { train: [], validation: numbers(0, 200).filter((i) => untested.train.labels[i] === 3) };
    const few = { ...untested, train: slice(untested.train, 0, 10) };
    const name = untested.classNames[3];
    for (const attempt of [
      () => splitForTest(untested, { share: 0.2, seed: 1, used }),
      () => splitForTest(few, { share: 0.2, seed: 1 }),
    ]) {
      assert.throws(attempt, (error: Error) => {
        assert.ok(error instanceof UsageError);
        assert.match(
          error.message,
          /class ".+" has too few images \(\d+\) to hold some out for testing; add images/,
        );
        return true;
      });
    }
    assert.throws(() => splitForTest(untested, { share: 0.2, seed: 1, used }), new RegExp(`class "${name}"`));
  });
});
