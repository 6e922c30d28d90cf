import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/common/errors.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { apportion, drawSubsets } from "../../src/dataset/subsets.ts";
import { createBatch } from "../../src/image/batch.ts";

/** A dataset with this many images of each class, interleaved. */
function dataset(counts: readonly number[], validation?: readonly number[]): Dataset {
  const split = (numbers: readonly number[]) => {
    const labels: number[] = [];
    for (let i = 0; i < Math.max(...numbers); i++) {
      for (const [label, count] of numbers.entries()) if (i < count) labels.push(label);
    }
    return { images: createBatch(labels.length, 1, 1), labels: Int32Array.from(labels) };
  };
  return {
    name: "test",
    classNames: counts.map(String),
    train: split(counts),
    ...(validation && { validation: split(validation) }),
    digest: "",
    skipped: [],
  };
}

function countsOf(indices: Int32Array, labels: Int32Array, classes: number): number[] {
  const counts = new Array(classes).fill(0);
  for (const index of indices) counts[labels[index]]++;
  return counts;
}

describe("drawSubsets", () => {
  it("is disjoint, stratified to the nearest image, and of the requested sizes", () => {
    const classCounts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 8 });
    const property = fc.property(classCounts, fc.nat(), fc.nat(), fc.nat(), (counts, a, b, seed) => {
      const data = dataset(counts);
      const total = data.train.labels.length;
      const trainSize = 1 + (a % total);
      const validationSize = b % (total - trainSize + 1);
      const { train, validation, validationFrom } = drawSubsets(data, { trainSize, validationSize, seed });
      assert.equal(validationFrom, "train");
      assert.equal(train.length, trainSize);
      assert.equal(validation.length, validationSize);
      assert.equal(new Set([...train, ...validation]).size, trainSize + validationSize);
      for (const [label, count] of countsOf(train, data.train.labels, counts.length).entries()) {
        assert.ok(Math.abs(count - (counts[label] * trainSize) / total) < 2);
      }
    });
    fc.assert(property, { numRuns: 200, seed: 1 });
  });

  it("depends only on the seed", () => {
    const data = dataset([300, 200, 100]);
    const draw = (seed: number) => drawSubsets(data, { trainSize: 60, validationSize: 30, seed });
    assert.deepEqual(draw(1), draw(1));
    assert.notDeepEqual(draw(1).train, draw(2).train);
    assert.deepEqual(countsOf(draw(1).train, data.train.labels, 3), [30, 20, 10]);
    assert.deepEqual(countsOf(draw(1).validation, data.train.labels, 3), [15, 10, 5]);
    // Not the first ones of each class.
    assert.ok(draw(1).train.at(-1)! > 300);
  });

  it("uses the data's own validation split if there is one", () => {
    const data = dataset([20, 20], [6, 2]);
    const { train, validation, validationFrom } = drawSubsets(data, {
      trainSize: 40,
      validationSize: 4,
      seed: 0,
    });
    assert.equal(validationFrom, "validation");
    assert.equal(train.length, 40);
    assert.deepEqual(countsOf(validation, data.validation!.labels, 2), [3, 1]);
  });

  it("says what is needed if there are too few images", () => {
    const fails = (data: Dataset, trainSize: number, validationSize: number, message: string) => {
      assert.throws(
        () => drawSubsets(data, { trainSize, validationSize, seed: 0 }),
        (error) => error instanceof UsageError && error.message === message,
      );
    };
    fails(
      dataset([50, 50]),
      80,
      21,
      "test has 100 training images, but 101 are needed (train_set_size 80 + validation_set_size 21): " +
        "lower train_set_size or validation_set_size, or add images",
    );
    const own = dataset([50, 50], [2, 2]);
    fails(
      own,
      101,
      4,
      "test has 100 training images, but 101 are needed (train_set_size 101): lower train_set_size, or add images",
    );
    fails(
      own,
      100,
      5,
      "test has 4 validation images, but 5 are needed (validation_set_size 5): lower validation_set_size, or add images",
    );
  });
});

describe("drawSubsets with everyClass", () => {
  const draw = (data: Dataset, trainSize: number, validationSize: number, everyClass: boolean) => {
    const { train, validation } = drawSubsets(data, { trainSize, validationSize, seed: 1, everyClass });
    const classes = data.classNames.length;
    return [
      countsOf(train, data.train.labels, classes),
      countsOf(validation, (data.validation ?? data.train).labels, classes),
    ];
  };

  it("draws images of a class whose share rounds to none", () => {
    assert.deepEqual(draw(dataset([900, 98, 2]), 20, 10, false), [
      [18, 2, 0],
      [9, 1, 0],
    ]);
    assert.deepEqual(draw(dataset([900, 98, 2]), 20, 10, true), [
      [17, 2, 1],
      [8, 1, 1],
    ]);
    assert.deepEqual(draw(dataset([60, 38, 2]), 66, 34, true)[1], [20, 13, 1]);
    assert.deepEqual(draw(dataset([100, 100, 1], [90, 10, 1]), 20, 10, true), [
      [9, 10, 1],
      [8, 1, 1],
    ]);
  });

  it("changes nothing if every class has its images anyway, or too few exist", () => {
    const property = fc.property(
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 2, maxLength: 8 }),
      fc.nat(),
      fc.nat(),
      (counts, a, b) => {
        const data = dataset(counts);
        const total = data.train.labels.length;
        const trainSize = 1 + (a % (total - 1));
        const validationSize = 1 + (b % (total - trainSize));
        const plain = draw(data, trainSize, validationSize, false);
        const every = draw(data, trainSize, validationSize, true);
        const sums = every.map((each) => each.reduce((sum, count) => sum + count, 0));
        assert.deepEqual(sums, [trainSize, validationSize]);
        if (plain.flat().every((count) => count > 0)) assert.deepEqual(every, plain);
        const isPossible = Math.min(...counts) > 1 && Math.min(trainSize, validationSize) >= counts.length;
        if (isPossible)
          assert.ok(
            every.flat().every((count) => count > 0),
            JSON.stringify(every),
          );
      },
    );
    fc.assert(property, { numRuns: 500, seed: 1 });
  });
});

describe("apportion", () => {
  it("is the largest remainder", () => {
    assert.deepEqual(apportion([47_000, 16_000, 15_900, 12_000, 6000, 3100], 10), [5, 2, 1, 1, 1, 0]);
    assert.deepEqual(apportion([1, 1, 1], 2), [1, 1, 0]);
    assert.deepEqual(apportion([5, 0, 5], 10), [5, 0, 5]);
  });
});
