import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { pixelDigests, separateIdentical } from "../../src/dataset/identical.ts";
import { drawSubsets } from "../../src/dataset/subsets.ts";
import { drawHeldOut } from "../../src/dataset/test-images.ts";
import { selectSplit, splitForTest } from "../../src/evaluate/split.ts";
import { createBatch, imageAt } from "../../src/image/batch.ts";
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

describe("splitForTest of data with identical images", () => {
  /** The sample's training images, of which some are replaced by copies of others. */
  const withCopies = (copies: Record<number, number>, data = untested): Dataset => {
    const images = { ...data.train.images, data: data.train.images.data.slice() };
    for (const [to, from] of Object.entries(copies)) {
      imageAt(images, Number(to)).set(imageAt(data.train.images, from));
    }
    return { ...data, train: { images, labels: data.train.labels } };
  };

  it("never separates copies, also of different classes, and holds out as many images as without them", () => {
    const pairs = Object.fromEntries(numbers(0, 90).map((i) => [i + 90, i]));
    // The labels repeat with every ten images; these copies are of the next class.
    const otherClass = Object.fromEntries(numbers(180, 189).map((i) => [i, i + 11]));
    const cases: [Record<number, number>, number][] = [
      [pairs, 40],
      [otherClass, 40],
      // Of a class with pairs and three copies of one image, four images or three are held out.
      [{ ...pairs, 184: 4 }, 39],
    ];
    for (const [copies, least] of cases) {
      const data = withCopies(copies);
      for (let seed = 0; seed < 20; seed++) {
        const split = splitForTest(data, { share: 0.2, seed });
        assert.ok(split.heldOut!.length >= least && split.heldOut!.length <= 40);
        const { train, validation } = selectSplit(data, split);
        const trained = new Set(pixelDigests(train.images));
        assert.ok(pixelDigests(validation.images).every((digest) => !trained.has(digest)));
      }
    }
  });

  it("never holds out a copy of an image that validated the search, in either split, and prefers unused ones", () => {
    const data = withCopies({ 150: 100, 160: 110, 170: 0 });
    const used = { train: numbers(0, 100), validation: numbers(100, 120) };
    for (let seed = 0; seed < 10; seed++) {
      const { heldOut } = splitForTest(data, { share: 0.2, seed, used });
      assert.ok(heldOut!.every((index) => index >= 120 && ![150, 160].includes(index)));
      assert.ok(!heldOut!.includes(170));
      const own = { ...data, validation: slice(data.train, 0, 20) };
      const ownValidation = numbers(0, 20);
      const apart = splitForTest(own, {
        share: 0.2,
        seed,
        used: { train: [], validation: [], ownValidation },
      });
      assert.ok(apart.heldOut!.every((index) => index >= 20 && index !== 170));
    }
  });

  it("holds out the images that a search was not allowed to use, also if there are copies", () => {
    const pairs = Object.fromEntries(numbers(0, 60).map((i) => [i + 90, i]));
    for (const data of [untested, withCopies(pairs), withCopies({ ...pairs, 184: 4 })]) {
      for (let seed = 0; seed < 20; seed++) {
        const heldOut = drawHeldOut(data, { share: 0.2, seed });
        const left = 200 - heldOut.length;
        const sizes = { trainSize: left - 50, validationSize: 50, seed, everyClass: true, heldOut };
        const { train, validation } = separateIdentical(data, drawSubsets(data, sizes), seed);
        assert.equal(new Set([...train, ...validation, ...heldOut]).size, 200);
        const used = { train: [...train], validation: [...validation] };
        assert.deepEqual(splitForTest(data, { share: 0.2, seed, used }).heldOut, heldOut);
      }
    }
  });

  it("holds out the smallest group of a class that has no smaller one than wanted", () => {
    // Class 3 has 20 images: 17 of one picture and 3 of another one.
    const ofClass = numbers(0, 200).filter((i) => untested.train.labels[i] === 3);
    const copies = Object.fromEntries(ofClass.map((index, i) => [index, ofClass[i < 17 ? 0 : 17]]));
    const { heldOut } = splitForTest(withCopies(copies), { share: 0.1, seed: 1 });
    assert.deepEqual(
      heldOut!.filter((index) => untested.train.labels[index] === 3),
      ofClass.slice(17),
    );
    const single = Object.fromEntries(ofClass.map((index) => [index, ofClass[0]]));
    assert.throws(
      () => splitForTest(withCopies(single), { share: 0.1, seed: 1 }),
      (error: Error) =>
        error instanceof UsageError &&
        error.message.includes(`class "${untested.classNames[3]}" has too few images (20)`),
    );
  });

  it("also of thousands of copies", () => {
    const labels = Int32Array.from({ length: 20_000 }, (_, i) => i % 10);
    const images = createBatch(labels.length, 1, 1);
    for (let i = 0; i < 10_000; i++) imageAt(images, i).set([i & 255, i >> 8, 1]);
    const { heldOut } = splitForTest({ ...untested, train: { images, labels } }, { share: 0.2, seed: 1 });
    assert.equal(heldOut!.length, 4000);
    assert.ok(heldOut!.every((index) => index < 10_000));
  });

  it("leaves copies of the data's own test images out of the training", () => {
    const data = withCopies({}, sample);
    imageAt(data.train.images, 7).set(imageAt(sample.test!.images, 3));
    imageAt(data.train.images, 9).set(imageAt(sample.test!.images, 4));
    const split = splitForTest(data, { share: 0.2, seed: 1 });
    assert.deepEqual(split, { testFrom: "test", leftOut: [7, 9] });
    const { train, validation } = selectSplit(data, split);
    assert.equal(train.labels.length, 198);
    assert.equal(validation, data.test);
    const judged = splitForTest(data, { share: 0.2, seed: 1, used: { train: [7], validation: [9] } });
    assert.deepEqual(judged, { testFrom: "test", leftOut: [7], untested: [4] });
    assert.equal(selectSplit(data, judged).validation.labels.length, 39);
  });

  it("refuses data whose test images are all training images of a class, or validated the search", () => {
    const same = { ...sample, test: slice(sample.train, 0, 200) };
    assert.throws(
      () => splitForTest(same, { share: 0.2, seed: 1 }),
      /all training images of class ".+" are test images too; remove the copies/,
    );
    const used = { train: [], validation: numbers(0, 200) };
    assert.throws(
      () => splitForTest(same, { share: 0.2, seed: 1, used }),
      /all test images validated the search; give other images with --data/,
    );
  });
});
