// How well the search's model predicts policies of families that it has not seen, on recorded learning curves: each policy from
// the others of the same sample. Beside it, how well the reward of a single training predicts the test accuracy of another one of
// the same policy, on other images: that is what a reward is worth without a model.
//
//   npm run bench:families -- [--curves FILE …]

import { parseArgs } from "node:util";
import { correlationOf } from "../../src/common/correlation.ts";
import { deviationOf, meanOf } from "../../src/common/mean.ts";
import { BASES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { fitModel } from "../../src/controller/fit.ts";
import { formOfFamilies, hasForm } from "../../src/policy/form.ts";
import { createSpace, policyToPoint } from "../../src/policy/space.ts";
import { CURVE_FAMILIES } from "../curves/policies.ts";
import { readCurves } from "../curves/table.ts";

const { values } = parseArgs({
  options: {
    curves: {
      type: "string",
      multiple: true,
      default: ["cifar10", "fashion_mnist", "mnist"].map((data) => `test/fixtures/curves-${data}.jsonl.gz`),
    },
  },
});

const SPACE = createSpace({ ...formOfFamilies(CURVE_FAMILIES, BASES), operations: EXTENDED_TECHNIQUES });

for (const path of values.curves) {
  const pairs = readCurves(path).filter(({ policy, equalSteps }) => equalSteps && isOfSpace(policy));
  const points = pairs.map(({ policy }) => policyToPoint(SPACE, policy));
  for (const sample of [0, 1]) {
    const rewards = pairs.map(({ samples }) => samples[sample].averaged.accuracy.at(-1)!);
    const judged = points.map((point, index) => ({ point, reward: rewards[index], standardError: null }));
    const others = pairs.map(({ samples }) => samples[1 - sample].test.accuracy);
    const predicted = points.map((point, index) => {
      const model = fitModel(SPACE.dimensions, judged.toSpliced(index, 1), 0);
      const { mean, variance } = model.predict([point]);
      return { mean: mean[0], deviation: Math.sqrt(variance[0]) };
    });
    const errors = predicted.map(({ mean }, index) => mean - rewards[index]);
    const means = predicted.map(({ mean }) => mean);
    const judgedMeans = [...fitModel(SPACE.dimensions, judged, 0).judgedMeans()];
    const line = {
      ...{ bench: "families", curves: path, policies: pairs.length, sample },
      correlation: rounded(correlationOf(means, rewards)),
      errorInPoints: rounded(100 * Math.sqrt(meanOf(errors.map((error) => error ** 2)))),
      expectedErrorInPoints: rounded(100 * meanOf(predicted.map(({ deviation }) => deviation))),
      spreadInPoints: rounded(100 * deviationOf(rewards)),
      rewardWithTestOfOther: rounded(correlationOf(rewards, others)),
      expectedRewardWithTestOfOther: rounded(correlationOf(judgedMeans, others)),
    };
    console.log(JSON.stringify(line));
  }
}

function isOfSpace(policy: Parameters<typeof hasForm>[1]): boolean {
  return policy.portion === 0 ? policy.redrawn === true : hasForm(SPACE, policy);
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
