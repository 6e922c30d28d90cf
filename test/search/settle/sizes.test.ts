// What `auto` chooses for the sizes, with its reasons.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { usualEpochs } from "../../../src/child/usual-epochs.ts";
import { resolveConfig } from "../../../src/config/load.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { Dataset } from "../../../src/dataset/dataset.ts";
import { datasetSizes, loadAtSize } from "../../../src/dataset/sizes.ts";
import { drawSubsets } from "../../../src/dataset/subsets.ts";
import type { ExperimentFacts } from "../../../src/experiment/experiment.ts";
import { createBatch, imageAt } from "../../../src/image/batch.ts";
import { chooseImageSize, chooseSetSizes, loadSized, settleSizes } from "../../../src/search/settle/sizes.ts";
import { gainNote, smallestGain } from "../../../src/search/settle/smallest-gain.ts";
import { settleStopRule } from "../../../src/search/settle/stopping.ts";
import { settleSubsets } from "../../../src/search/settle/subsets.ts";
import { modelPath } from "../../child/own/keras.ts";
import { picture, temporaryFolder, writeFiles } from "../../dataset/fixtures/files.ts";

const configOf = (given: ConfigInput = {}) => resolveConfig({ data: "photos", ...given });

/** A dataset of this many images of each class, of 1 × 1 pixels, all different. */
function dataset(counts: readonly number[], validation?: readonly number[]): Dataset {
  let colour = 0;
  const split = (numbers: readonly number[]) => {
    const labels = numbers.flatMap((count, label) => new Array<number>(count).fill(label));
    const images = createBatch(labels.length, 1, 1);
    for (const index of labels.keys()) imageAt(images, index).set([++colour & 255, colour >> 8, 0]);
    return { images, labels: Int32Array.from(labels) };
  };
  return {
    ...{ name: "photos", classNames: counts.map((_, label) => `c${label}`), digest: "", skipped: [] },
    train: split(counts),
    ...(validation && { validation: split(validation) }),
  };
}

describe("train_set_size and validation_set_size", () => {
  const choose = (train: number, given: ConfigInput = {}, validation?: number) => {
    const sizes = chooseSetSizes(
      configOf(given),
      { sizes: [], counts: { train, ...(validation && { validation }) } },
      3,
    );
    return [sizes.train, sizes.validation];
  };

  const original = { reward: "original" } as const;

  it("are the usual ones if there are enough images, else two thirds and one third", () => {
    assert.deepEqual(choose(50_000), [
      { value: 2000, reason: "2,000 of 50,000 images, the usual number" },
      { value: 5000, reason: "5,000 of 50,000 images, the usual number" },
    ]);
    assert.deepEqual(choose(50_000, original), [
      { value: 2000, reason: "2,000 of 50,000 images, the usual number" },
      { value: 1000, reason: "1,000 of 50,000 images, the usual number" },
    ]);
    assert.deepEqual(choose(5500), [
      { value: 2000, reason: "2,000 of 5,500 images, the usual number" },
      { value: 3500, reason: "3,500 of 5,500 images, because train_set_size leaves no more" },
    ]);
    assert.deepEqual(choose(300), [
      { value: 200, reason: "200 of 300 images, because there are fewer than 3,000" },
      { value: 100, reason: "100 of 300 images, the others" },
    ]);
    for (const images of [6, 7, 11, 2999, 3000, 3001]) {
      const [train, validation] = choose(images, original).map(({ value }) => value);
      assert.ok(validation >= 3 && train >= 3 && train + validation === Math.min(images, 3000), `${images}`);
    }
    for (const images of [6, 7, 11, 2999, 3000, 3001, 6999, 7000, 7001]) {
      const [train, validation] = choose(images).map(({ value }) => value);
      assert.ok(validation >= 3 && train >= 3 && train + validation === Math.min(images, 7000), `${images}`);
      assert.ok(train <= 2000);
    }
  });

  it("leave each other what is given", () => {
    assert.deepEqual(choose(300, { train_set_size: 250 }), [
      { value: 250 },
      { value: 50, reason: "50 of 300 images, because train_set_size leaves no more" },
    ]);
    assert.deepEqual(
      choose(5000, { validation_set_size: 4000 }).map(({ value }) => value),
      [1000, 4000],
    );
    assert.deepEqual(choose(300, { train_set_size: 250, validation_set_size: 40 }), [
      { value: 250 },
      { value: 40 },
    ]);
  });

  it("are each of its own split if the data have one for validation", () => {
    const train = { value: 300, reason: "300 of 300 images, because the data have no more" };
    assert.deepEqual(choose(300, original, 2000), [
      train,
      { value: 1000, reason: "1,000 of 2,000 images, the usual number" },
    ]);
    assert.deepEqual(choose(300, {}, 2000), [
      train,
      { value: 2000, reason: "2,000 of 2,000 images, because the data have no more" },
    ]);
    assert.deepEqual(choose(300, {}, 6000)[1], {
      ...{ value: 5000, reason: "5,000 of 6,000 images, the usual number" },
    });
  });
});

describe("child_epochs", () => {
  const settle = (images: number, given: ConfigInput = {}) => {
    const { config, sizes, notes } = settleSizes(
      configOf({ train_set_size: images, validation_set_size: 10, ...given }),
      dataset([600, 600]),
    );
    assert.equal(config.child_epochs, sizes.epochs.value);
    return { ...sizes.epochs, notes };
  };

  it("are more for few images, so that there are as many steps, within reason", () => {
    assert.deepEqual(settle(1000), {
      ...{ value: 100, reason: "100, more than usual, because there are few images" },
      notes: ["child_epochs auto: 100, more than usual, because there are few images"],
    });
    assert.deepEqual([settle(300).value, settle(20).value], [333, 400]);
    assert.deepEqual([2000, 4000, 1999].map(usualEpochs), [50, 50, 50]);
    const config = configOf({ train_set_size: 2000, validation_set_size: 10 });
    const { epochs } = settleSizes(config, dataset([2000, 2000])).sizes;
    assert.deepEqual(epochs, { value: 50, reason: "50, the usual number" });
  });

  it("stay as they are given", () => {
    assert.deepEqual(settle(1000, { child_epochs: 7 }), { value: 7, notes: [] });
  });

  it("leave time for trainings that are stopped early", () => {
    const stopping = (given: ConfigInput) =>
      settleStopRule(settleSizes(configOf({ ...given, stop_epochs: [70] }), dataset([2000, 2000])).config);
    assert.deepEqual(stopping({ train_set_size: 1000 }), { epochs: [70], share: 0.5 });
    assert.throws(() => stopping({ train_set_size: 2000 }), {
      name: "UsageError",
      message:
        "stop_epochs: a training cannot be stopped early after epoch 70 of 50; give epochs below child_epochs",
    });
  });
});

describe("image_size", () => {
  const choose = (sizes: [number, number, number][], given: ConfigInput = {}) =>
    chooseImageSize(configOf(given), {
      sizes: sizes.map(([height, width, count]) => ({ height, width, count })),
      counts: { train: sizes.reduce((sum, [, , count]) => sum + count, 0) },
    });

  it("is the data's own if all images have the same small size", () => {
    assert.deepEqual(choose([[32, 32, 50_000]]), {
      value: null,
      reason: "not resized, because all images are 32 × 32",
    });
    assert.equal(choose([[48, 64, 100]]).value, null);
    assert.equal(choose([[28, 28, 100]], { model: "mobilenetv2" }).value, 32);
  });

  it("has a reason that fits images of extreme shapes", () => {
    const reasonOf = (sizes: [number, number, number][], given: ConfigInput = {}) =>
      choose(sizes, given).reason;
    assert.equal(
      reasonOf([[10, 5000, 300]]),
      "10, because all images are 5000 × 10 (shorter side 10) and a larger size would enlarge them",
    );
    assert.equal(
      reasonOf([[5000, 40, 300]]),
      "32, because all images are 40 × 5000 (shorter side 40) and a larger size would enlarge them",
    );
    assert.equal(
      reasonOf([[480, 640, 300]]),
      "48, because all images are 640 × 480 (shorter side 480) and larger is slower",
    );
    assert.equal(
      reasonOf([[6, 5000, 300]], { model: "wrn_10_1" }),
      "8, because all images are 5000 × 6 (shorter side 6) and no smaller size is allowed",
    );
    const mixed = (shorter: number): [number, number, number][] => [
      [shorter, 5000, 200],
      [480, 640, 100],
    ];
    assert.equal(reasonOf(mixed(10)), "10, because sizes differ (median 10) and most are no larger");
    assert.equal(
      reasonOf(mixed(40)),
      "32, because sizes differ (median 40) and a larger size would enlarge most",
    );
  });

  it("is 64, 48 or 32 otherwise: no larger than half of the images, and affordable", () => {
    const sizes: [number, number, number][] = [
      [480, 640, 200],
      [40, 90, 100],
    ];
    assert.deepEqual(choose(sizes), {
      value: 48,
      reason: "48, because sizes differ (median 480) and larger is slower",
    });
    assert.equal(
      choose([
        [40, 640, 200],
        [480, 90, 100],
      ]).value,
      32,
    );
    assert.equal(
      choose([
        [50, 640, 200],
        [480, 90, 100],
      ]).value,
      48,
    );
    assert.equal(
      choose([
        [20, 640, 200],
        [480, 90, 100],
      ]).value,
      20,
    );
    assert.equal(choose([[224, 224, 187]]).value, 64);
    assert.equal(choose([[224, 224, 333]]).value, 48);
    assert.equal(choose([[224, 224, 334]]).value, 32);
    assert.equal(choose([[224, 224, 1400]], { train_set_size: 100 }).value, 64);
    assert.equal(choose(sizes, { model: "inceptionv3" }).value, 75);
    const model = modelPath("keras3-sequential.json");
    assert.deepEqual(choose(sizes, { model }), {
      value: 32,
      reason: "32, because the model takes no other images",
    });
    assert.equal(choose([[32, 32, 100]], { model }).value, null);
    assert.deepEqual(choose(sizes, { image_size: 96 }), { value: 96 });
    assert.deepEqual(choose(sizes, { image_size: null }), { value: null });
  });

  it("loads a folder of mixed sizes, and leaves one of equal sizes as it is", async () => {
    const home = temporaryFolder();
    const mixed = writeFiles({
      "cat/1.png": await picture(40, 90, 1),
      "cat/2.jpg": await picture(50, 60, 2, "jpg"),
      "dog/1.png": await picture(35, 35, 3),
    });
    const load = (source: string) => loadSized(configOf(), (size) => loadAtSize(source, size, { home }));
    const { config, dataset: loaded } = await load(mixed);
    assert.equal(config.image_size, 32);
    assert.deepEqual([loaded.train.images.height, loaded.train.images.width], [32, 32]);
    const equal = writeFiles({
      "cat/1.png": await picture(40, 20, 1),
      "dog/2.png": await picture(40, 20, 2),
    });
    const own = await load(equal);
    assert.equal(own.config.image_size, null);
    assert.deepEqual([own.dataset.train.images.height, own.dataset.train.images.width], [40, 20]);
    const large = writeFiles({
      "cat/1.png": await picture(90, 90, 1),
      "dog/2.png": await picture(90, 90, 2),
    });
    assert.equal((await load(large)).config.image_size, 64);
    assert.deepEqual(datasetSizes(own.dataset).counts, { train: 2 });
  });
});

describe("classes", () => {
  const settle = (data: Dataset, given: ConfigInput = {}) => {
    const { config, sizes } = settleSizes(configOf(given), data);
    return settleSubsets(config, data, { sizes });
  };

  it("with too few images are an error", () => {
    const message =
      'photos: class "c1" has 1 image, but a class needs one to train and one to validate; add images of it, or remove the class';
    assert.throws(() => settle(dataset([20, 1])), { name: "UsageError", message });
    const given = { train_set_size: 14, validation_set_size: 7 };
    assert.throws(() => settle(dataset([20, 1]), given), { name: "UsageError", message });
    assert.throws(() => settle(dataset([20, 20], [20, 0])), {
      message:
        'photos: class "c1" has 0 validation images, but a class needs at least one; add images of it, or remove the class',
    });
    assert.throws(() => settle(dataset([20, 1, 1, 1]), given), {
      message:
        /^photos: class "c1" has 1 image \(and 2 more classes too few\), but a class needs one to train/,
    });
  });

  it("that the sizes leave out are an error with sizes that would do", () => {
    const suggested = (data: Dataset, train: number, validation: number): [number, number] => {
      const given = { train_set_size: train, validation_set_size: validation };
      try {
        settle(data, given);
      } catch (error) {
        const found = /; train_set_size (\d+) and validation_set_size (\d+) would do$/.exec(String(error));
        assert.ok(found, String(error));
        const [own, other] = found.slice(1).map(Number);
        // They do.
        settle(data, { train_set_size: own, validation_set_size: other });
        return [own, other];
      }
      return assert.fail("no error");
    };
    assert.deepEqual(suggested(dataset([20, 20, 20]), 40, 2), [40, 3]);
    assert.deepEqual(suggested(dataset([20, 20, 20]), 2, 2), [3, 3]);
    assert.deepEqual(suggested(dataset([20, 20, 20]), 58, 2), [57, 3]);
    const many = dataset(Array.from({ length: 1000 }, () => 2));
    assert.deepEqual(suggested(many, 400, 200), [1000, 1000]);
    assert.deepEqual(suggested(many, 1500, 500), [1000, 1000]);
    const own = dataset([9, 9, 9], [1, 1, 1]);
    assert.deepEqual(suggested(own, 27, 2), [27, 3]);
    assert.throws(() => settle(many, { train_set_size: 400, validation_set_size: 200 }), {
      message:
        "photos has 1000 classes, and each needs a training and a validation image: train_set_size 400 and " +
        "validation_set_size 200 are not enough; train_set_size 1000 and validation_set_size 1000 would do",
    });
    assert.deepEqual(settle(dataset([200, 20])).notes, []);
  });

  it("all get an image by auto, also if there are more of them than usual images", () => {
    const sizesOf = (counts: number[]) => {
      const { train, validation } = settleSizes(configOf(), dataset(counts)).sizes;
      return [train.value, validation.value];
    };
    const classes = (count: number, images: number) => Array.from({ length: count }, () => images);
    assert.deepEqual(sizesOf(classes(1500, 3)), [2000, 2500]);
    assert.deepEqual(sizesOf(classes(1500, 2)), [1500, 1500]);
    assert.deepEqual(sizesOf(classes(3000, 2)), [3000, 3000]);
    assert.deepEqual(
      settleSizes(configOf({ reward: "original" }), dataset(classes(1500, 3))).sizes.validation,
      {
        value: 1500,
        reason: "1,500 of 4,500 images, one of each class",
      },
    );
    assert.ok(settle(dataset(classes(1500, 3))));
  });

  it("with few validation images are named", () => {
    const few = (data: Dataset, validation_set_size: number) =>
      settle(data, { train_set_size: 12, validation_set_size }).notes;
    assert.deepEqual(few(dataset([20, 20, 20]), 15), []);
    assert.deepEqual(few(dataset([20, 20, 20]), 13), [
      'fewer than 5 validation images of the classes "c1" (4), "c2" (4): rewards say little about them; raise ' +
        "validation_set_size, or add images",
    ]);
    assert.match(
      few(dataset([20, 2]), 9)[0],
      /^fewer than 5 validation images of the class "c1" \(1\): rewards/,
    );
    const all = few(dataset([5, 5, 5, 5, 5, 5, 5, 5]), 16)[0];
    assert.match(
      all,
      /^fewer than 5 validation images of the classes ("c\d" \(2\), ){4}"c4" \(2\) and 3 more: rewards/,
    );
  });
});

describe("test_share", () => {
  const settle = (data: Dataset, given: ConfigInput, began?: ExperimentFacts) => {
    const { config, sizes, heldOut, notes } = settleSizes(configOf(given), data);
    return { config, heldOut, notes, ...settleSubsets(config, data, { sizes, heldOut, began }).drawn };
  };

  it("holds out a share of each class, and auto divides the others", () => {
    const data = dataset([20, 20, 10]);
    const { config, heldOut, notes, train, validation } = settle(data, { test_share: 0.2, seed: 3 });
    assert.equal(heldOut.length, 10);
    assert.deepEqual([config.train_set_size, config.validation_set_size], [27, 13]);
    assert.deepEqual(
      [...train, ...validation, ...heldOut].sort((a, b) => a - b),
      [...data.train.labels.keys()],
    );
    const facts = {
      subsets: { train: [...train], validation: [...validation], validationFrom: "train" },
    } as Partial<ExperimentFacts> as ExperimentFacts;
    const resumed = settle(data, { test_share: 0.2, seed: 3 }, facts);
    assert.deepEqual([resumed.train, resumed.validation], [train, validation]);
    assert.deepEqual(notes.slice(0, 2), [
      "10 images are held out for testing: the search uses none of them",
      "train_set_size auto: 27 of 40 images, because there are fewer than 3,000",
    ]);
  });

  it("holds out nothing if there is a test split, and refuses a class that has too few images", () => {
    const { train: test, ...rest } = dataset([4, 4]);
    const split = settle({ ...rest, train: test, test }, { test_share: 0.5 });
    assert.deepEqual([split.heldOut, split.train.length + split.validation.length], [[], 8]);
    assert.throws(() => settle(dataset([20, 1]), { test_share: 0.2 }), {
      name: "UsageError",
      message:
        'photos has no test split, and class "c1" has too few images (1) to hold some out for testing; add images, or a folder test/',
    });
    assert.throws(() => settle(dataset([20, 2]), { test_share: 0.5 }), {
      message:
        'photos: class "c1" has 1 image besides those that are held out, but a class needs one to train and one to validate; add images of it, or remove the class',
    });
    assert.throws(
      () => settle(dataset([10, 10]), { test_share: 0.5, train_set_size: 8, validation_set_size: 4 }),
      {
        message: /^photos has 10 training images, but 12 are needed/,
      },
    );
  });
});

describe("the images of a resumed experiment", () => {
  it("are those with which it began, also if rare classes were left out then", () => {
    const data = dataset([900, 98, 2]);
    const { config, sizes } = settleSizes(configOf({ train_set_size: 20, validation_set_size: 10 }), data);
    const drawn = settleSubsets(config, data, { sizes }).drawn;
    const earlier = drawSubsets(data, { trainSize: 20, validationSize: 10, seed: 0 });
    assert.notDeepEqual(drawn, earlier);
    for (const began of [drawn, earlier]) {
      const { validationFrom } = began;
      const subsets = { train: [...began.train], validation: [...began.validation], validationFrom };
      const facts = { subsets } as Partial<ExperimentFacts> as ExperimentFacts;
      assert.deepEqual(settleSubsets(config, data, { sizes, began: facts }), { drawn: began, notes: [] });
    }
  });
});

describe("identical images", () => {
  const settle = (data: Dataset, began?: ExperimentFacts["subsets"]) => {
    const given = configOf({ train_set_size: 40, validation_set_size: 20 });
    const { config, sizes } = settleSizes(given, data);
    return settleSubsets(config, data, {
      sizes,
      ...(began && { began: { subsets: began } as ExperimentFacts }),
    });
  };
  const keysOf = ({ train }: Dataset, indices: Int32Array) =>
    new Set(Array.from(indices, (index) => imageAt(train.images, index).join()));
  /** The validation images of a draw without copies become copies of training images. */
  const withCopies = (count: number) => {
    const data = dataset([50, 50]);
    const { train, validation } = settle(data).drawn;
    for (const [i, index] of [...validation].slice(0, count).entries()) {
      imageAt(data.train.images, index).set(imageAt(data.train.images, train[i]));
    }
    return data;
  };

  it("are not drawn to train and to validate, and nothing else changes", () => {
    const before = settle(dataset([50, 50])).drawn;
    const data = withCopies(6);
    const { drawn, notes } = settle(data);
    assert.deepEqual(notes, []);
    const trained = keysOf(data, drawn.train);
    assert.ok([...keysOf(data, drawn.validation)].every((key) => !trained.has(key)));
    const added = drawn.train.filter((index) => !before.train.includes(index));
    assert.deepEqual([...added], [...before.validation.slice(0, 6)]);
    const ofClass = (indices: Int32Array) => indices.filter((index) => data.train.labels[index] === 0).length;
    assert.deepEqual(
      [drawn.train, drawn.validation].map((indices) => [indices.length, ofClass(indices)]),
      [before.train, before.validation].map((indices) => [indices.length, ofClass(indices)]),
    );
    assert.deepEqual(settle(data).drawn, drawn);
  });

  it("keep their places in an experiment that began with them", () => {
    const asBefore = settle(dataset([50, 50])).drawn;
    const { validationFrom } = asBefore;
    const began = { train: [...asBefore.train], validation: [...asBefore.validation], validationFrom };
    assert.deepEqual(settle(withCopies(6), began).drawn, asBefore);
  });

  it("give a note if they cannot be separated", () => {
    const data = dataset([50, 50]);
    data.train.images.data.fill(7);
    assert.deepEqual(settle(data).notes, [
      "20 validation images are identical to training images: rewards look better than they are; remove the copies",
    ]);
    const own = dataset([50, 50], [15, 15]);
    const [first] = settle(own).drawn.train;
    const copied = imageAt(own.train.images, first);
    for (let i = 0; i < 30; i++) imageAt(own.validation!.images, i).set(copied);
    assert.match(settle(own).notes.join("\n"), /^20 validation images are identical to training images/);
  });
});

describe("the smallest gain", () => {
  it("is half of the 95% interval of the difference of two accuracies", () => {
    const sizes = { opt_samples: 3, confirm_top: 5, confirm_samples: 5 };
    assert.equal(smallestGain({ validation_set_size: 1000, ...sizes }).toFixed(4), "0.0196");
    assert.equal(smallestGain({ validation_set_size: 100, ...sizes }).toFixed(4), "0.0620");
    assert.equal(smallestGain({ validation_set_size: 100, ...sizes, confirm_top: 0 }).toFixed(4), "0.0800");
    assert.equal(gainNote({ validation_set_size: 1000, ...sizes }), undefined);
    assert.equal(
      gainNote({ validation_set_size: 100, ...sizes }),
      "gains below 0.06 may be luck with 100 validation images, 5 trainings each",
    );
  });
});
