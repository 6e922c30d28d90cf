// Intervals and conclusions, on simulated trainings whose true difference is known.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { parseArm } from "../../src/config/arms.ts";
import { compareArms, differenceOf } from "../../src/evaluate/comparison.ts";
import type { ArmTraining } from "../../src/evaluate/records.ts";

interface Simulated {
  readonly samples: number;
  readonly images: number;
  /** True accuracies of the arms. */
  readonly accuracies: readonly number[];
  /** How much the accuracy of a training and that of an image spread. */
  readonly spread?: number;
}

const labelsOf = (images: number) => new Int32Array(images);

/** Trainings whose errors depend on the arm, on the image, on the sample, and on chance. */
function simulate(
  arms: readonly string[],
  { samples, images, accuracies, spread = 0.1 }: Simulated,
  seed: number,
) {
  const trainings: ArmTraining[] = [];
  for (const [armIndex, arm] of arms.entries()) {
    const ofImages = new Random(seed, "images", arm);
    const shifts = Array.from({ length: images }, () => ofImages.uniform(-spread, spread));
    for (let sample = 0; sample < samples; sample++) {
      const random = new Random(seed, arm, sample);
      const ofSample = random.uniform(-spread / 4, spread / 4);
      const predictions = Int32Array.from(shifts, (shift) =>
        random.chance(accuracies[armIndex] + shift + ofSample) ? 0 : 1,
      );
      const accuracy = predictions.filter((prediction) => prediction === 0).length / images;
      trainings.push({
        ...{ arm, sample, history: [{ epoch: 1, loss: 1, accuracy: 0.5, seconds: 2 }] },
        test: { loss: 1, accuracy, predictions },
      });
    }
  }
  return trainings;
}

const ofArm = (trainings: readonly ArmTraining[], name: string) =>
  trainings.filter(({ arm }) => arm === name);

describe("differenceOf", () => {
  for (const [samples, images] of [
    [3, 60],
    [5, 500],
    [10, 100],
  ]) {
    it(`covers the true difference in about 95% of evaluations of ${samples} samples and ${images} test images`, () => {
      let covered = 0;
      const rounds = 600;
      for (let round = 0; round < rounds; round++) {
        const setting = { samples, images, accuracies: [0.7, 0.6] };
        const trainings = simulate(["a", "b"], setting, round);
        const found = differenceOf(ofArm(trainings, "a"), ofArm(trainings, "b"), labelsOf(images))!;
        if (found.low! <= 0.1 && found.high! >= 0.1) covered++;
      }
      const share = covered / rounds;
      // Of 600 evaluations at 95%, 97% to 93% would be chance; the interval may be a little too wide.
      assert.ok(share > 0.93 && share <= 0.995, `covered ${share}`);
    });
  }

  it("uses only the samples that both arms have, and gives no interval for one", () => {
    const trainings = simulate(["a", "b"], { samples: 3, images: 50, accuracies: [0.9, 0.5] }, 1);
    const one = ofArm(trainings, "b").filter(({ sample }) => sample === 1);
    const found = differenceOf(ofArm(trainings, "a"), one, labelsOf(50))!;
    assert.equal(found.samples, 1);
    assert.equal(found.low, null);
    const a = trainings.find(({ arm, sample }) => arm === "a" && sample === 1)!;
    assert.ok(Math.abs(found.mean - (a.test.accuracy - one[0].test.accuracy)) < 1e-12);
    assert.equal(differenceOf(ofArm(trainings, "a"), [], labelsOf(50)), undefined);
  });

  it("is zero for an arm that is right on the same images, as far as this number of images can show", () => {
    const [first] = simulate(["a"], { samples: 1, images: 40, accuracies: [0.6] }, 2);
    const arm = [first, { ...first, sample: 1 }];
    const expected = { mean: 0, low: -3 / 40, high: 3 / 40, standardError: 0, samples: 2 };
    assert.deepEqual(differenceOf(arm, arm, labelsOf(40)), expected);
  });

  it("is never beyond −1 and 1", () => {
    const of = (arm: string, prediction: number) =>
      [0, 1].map(
        (sample): ArmTraining => ({
          ...{ arm, sample, history: [{ epoch: 1, loss: 1, accuracy: 0.5, seconds: 2 }] },
          test: { loss: 1, accuracy: 1 - prediction, predictions: Int32Array.of(prediction, prediction) },
        }),
      );
    const { low, high } = differenceOf(of("a", 0), of("b", 1), labelsOf(2))!;
    assert.deepEqual([low, high], [-0.5, 1]);
  });
});

describe("compareArms", () => {
  const compare = (names: readonly string[], setting: Simulated) =>
    compareArms(names.map(parseArm), simulate(names, setting, 5), labelsOf(setting.images));
  const large = { samples: 6, images: 4000, spread: 0.02 };

  it("gives accuracies, standard errors, differences and the error reduction", () => {
    const { arms, bestRecipe } = compare(["none", "flip", "flip-crop"], {
      ...large,
      accuracies: [0.5, 0.55, 0.6],
    });
    assert.equal(bestRecipe, "flip-crop");
    const [none, flip, flipCrop] = arms;
    assert.equal(none.fromNone, undefined);
    assert.ok(Math.abs(flip.fromNone!.mean - (flip.accuracy - none.accuracy)) < 1e-12);
    assert.ok(Math.abs(flipCrop.errorReduction! - flipCrop.fromNone!.mean / (1 - none.accuracy)) < 1e-12);
    assert.ok(flip.fromBestRecipe!.high! < 0);
    assert.equal(flipCrop.fromBestRecipe, undefined);
    assert.ok(none.standardError! > 0 && none.standardError! < 0.02);
    assert.equal(none.seconds, 2);
  });

  it("says that the policy is better, and by how much", () => {
    const { conclusion } = compare(["none", "flip", "policy"], { ...large, accuracies: [0.5, 0.55, 0.6] });
    assert.match(conclusion, /^policy is better than flip: by \d\.\d to \d\.\d points of test accuracy\.$/);
  });

  it("says that a recipe is enough if the policies are worse, or no different", () => {
    const worse = compare(["none", "flip", "policy"], { ...large, accuracies: [0.5, 0.6, 0.55] });
    assert.match(worse.conclusion, /^flip is enough here: policy is worse by \d/);
    const none = simulate(["none"], { ...large, samples: 2, accuracies: [0.4] }, 3);
    const [flip] = simulate(["flip"], { ...large, accuracies: [0.6] }, 3);
    const policies = [0, 1].map((sample) => ({ ...flip, arm: "policy", sample }));
    const flips = [0, 1].map((sample) => ({ ...flip, sample }));
    const arms = ["none", "flip", "policy"].map(parseArm);
    const { conclusion } = compareArms(arms, [...none, ...flips, ...policies], labelsOf(4000));
    assert.match(conclusion, /^flip is enough here: policy differs by less than 0\.1 points/);
  });

  it("says how many samples are needed if there are too few to tell", () => {
    const { conclusion } = compare(["none", "flip", "top-policies"], {
      ...{ samples: 2, images: 2000, spread: 0.2 },
      accuracies: [0.5, 0.58, 0.6],
    });
    assert.match(
      conclusion,
      /^flip and top-policies cannot be distinguished \([−+][\d.]+ to \+[\d.]+ points\): /,
    );
    const { conclusion: text, samplesNeeded } = compare(["none", "flip", "policy"], {
      ...{ samples: 2, images: 4000, spread: 0.2 },
      accuracies: [0.5, 0.58, 0.6],
    });
    assert.ok(samplesNeeded! > 2);
    assert.ok(text.includes(`: more samples are needed: about ${samplesNeeded}.`), text);
    assert.equal(compare(["none", "flip"], { ...large, accuracies: [0.5, 0.6] }).samplesNeeded, undefined);
    assert.equal(
      compare(["none", "flip"], { ...large, samples: 1, accuracies: [0.5, 0.6] }).samplesNeeded,
      3,
    );
  });

  it("recommends the better arm, and the simpler one of two that cannot be distinguished", () => {
    const recommended = (names: readonly string[], accuracies: readonly number[], more = {}) =>
      compare(names, { ...large, ...more, accuracies }).recommended;
    assert.equal(recommended(["none", "flip", "policy"], [0.5, 0.55, 0.6]), "policy");
    assert.equal(recommended(["none", "flip", "policy"], [0.5, 0.6, 0.55]), "flip");
    assert.equal(
      recommended(["none", "flip", "policy"], [0.1, 0.6, 0.61], { samples: 4, images: 100 }),
      "flip",
    );
    assert.equal(recommended(["none", "flip"], [0.6, 0.5]), "none");
    const unsure = { samples: 2, images: 50, accuracies: [0.5, 0.52, 0.53] };
    const { conclusion, recommended: nothing } = compare(["none", "flip", "policy"], unsure);
    assert.equal(nothing, "none");
    assert.match(conclusion, / flip was not shown to be better than no augmentation either\.$/);
    assert.equal(recommended(["flip"], [0.6]), undefined);
  });

  it("concludes nothing from trainings that diverged", () => {
    const [none] = simulate(["none"], { ...large, samples: 1, accuracies: [0.4] }, 3);
    const diverged = { ...none, arm: "flip", test: { ...none.test, loss: Number.NaN } };
    const { conclusion, recommended } = compareArms(
      ["none", "flip"].map(parseArm),
      [none, diverged],
      labelsOf(4000),
    );
    assert.match(conclusion, /^1 training diverged \(flip\): the loss is not a number\./);
    assert.equal(recommended, undefined);
  });

  it("compares a recipe with none if no arm has policies, and policies with none if no arm is a recipe", () => {
    const setting = { ...large, accuracies: [0.5, 0.6] };
    assert.match(compare(["none", "flip"], setting).conclusion, /^flip is better than no augmentation/);
    assert.match(compare(["none", "policy"], setting).conclusion, /^policy is better than no augmentation/);
    const one = compare(["none", "flip"], { ...setting, samples: 1 });
    assert.match(one.conclusion, /in one sample, which does not show whether that is chance/);
  });
});
