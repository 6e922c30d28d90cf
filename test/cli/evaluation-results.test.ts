// The text of an evaluation's result at all widths.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatEvaluation, formatSoFar } from "../../src/cli/evaluation-results.ts";
import { paintNothing } from "../../src/cli/paint.ts";
import { widthOf } from "../../src/cli/text.ts";
import type { EvaluationOutcome } from "../../src/evaluate/evaluation.ts";

const difference = (mean: number) => ({ mean, low: mean - 0.011, high: mean + 0.011, samples: 5 });

function outcomeOf(recommended: string, more: Record<string, unknown> = {}): EvaluationOutcome {
  const outcome = {
    folder: "reports/evaluations/2026-11-29_10-32-00",
    config: {
      ...{ data: "my photos/cats.tar.gz", image_column: null, label_column: null },
      ...{ arrays: null, channels: "auto" as const },
      experiment: "reports/experiments/1",
      policy: null,
      ...{ top: 20, samples: 5 },
      ...more,
    },
    facts: { trainImages: 2000, testImages: 1, measured: "averaged weights" },
    comparison: {
      arms: [
        {
          arm: "none",
          samples: 5,
          accuracy: 0.5362,
          standardError: 0.0042,
          seconds: 65,
          fromBestRecipe: difference(-0.05),
        },
        {
          ...{ arm: "flip-crop", samples: 5, accuracy: 0.5862, standardError: 0.0042, seconds: 65 },
          ...{ fromNone: difference(0.05), errorReduction: 0.108 },
        },
        {
          ...{
            arm: "flip-crop+top-policies",
            samples: 5,
            accuracy: 0.5962,
            standardError: null,
            seconds: 130,
          },
          ...{ fromNone: difference(0.06), fromBestRecipe: difference(0.01), errorReduction: 0.129 },
        },
      ],
      bestRecipe: "flip-crop",
      conclusion: "flip-crop is enough here: policy is worse by 1.2 to 2.9 points.",
      recommended,
    },
    ...{ failures: [], utilization: 1 },
  };
  return outcome as unknown as EvaluationOutcome;
}

const textOf = (outcome: EvaluationOutcome, columns: number) =>
  formatEvaluation(outcome, { columns, paint: paintNothing });

describe("formatEvaluation", () => {
  it("has the table beside each other at 80 columns", () => {
    const text = textOf(outcomeOf("flip-crop"), 80);
    assert.match(text, /^arm +accuracy +over none +over flip-crop$/m);
    assert.match(text, /^none +53\.6 ± 0\.4 +– +−5\.0 \(−6\.1 to −3\.9\)$/m);
    assert.match(
      text,
      /^flip-crop\+top-policies +59\.6 +\+6\.0 \(\+4\.9 to \+7\.1\) +\+1\.0 \(−0\.1 to \+2\.1\)$/m,
    );
    assert.match(
      text,
      /Wrong answers, compared with none: flip-crop 11% fewer,\sflip-crop\+top-policies 13% fewer\./,
    );
    assert.match(text, /on 1 test\simage, in percent/);
    assert.match(text, /A training took 1m 05s to 2m 10s, without the tests\./);
  });

  it("fits 40 to 200 columns, but for paths and commands", () => {
    for (let columns = 40; columns <= 200; columns++) {
      const text = textOf(outcomeOf("flip-crop"), columns);
      for (const line of text.split("\n")) {
        if (/reports\/|deepaugment apply/.test(line)) continue;
        assert.ok(widthOf(line) <= columns, `${columns}: ${line}`);
      }
      // 76 columns have room for the words, and 70 for a sign instead; in fewer, each interval has its line.
      const interval = columns >= 70 && columns < 76 ? "+5.0 (+3.9…+6.1)" : "+5.0 (+3.9 to +6.1)";
      assert.ok(text.includes(interval), `${columns}: ${text}`);
      assert.equal(/^arm +accuracy +over none +over flip-crop$/m.test(text), columns >= 70, `${columns}`);
      assert.equal(/^ {2}over none \+5\.0 /m.test(text), columns < 70, `${columns}`);
    }
  });

  it("has the table beside each other at 80 columns, also with the widest intervals", () => {
    const outcome = outcomeOf("flip-crop");
    const wide = { mean: -0.4, low: -0.6, high: -0.2, standardError: 0.1, samples: 5 };
    const arms = outcome.comparison.arms.map((arm) => ({
      ...{ ...arm, standardError: 0.1 },
      ...{ fromNone: wide, fromBestRecipe: wide },
    }));
    const comparison = { ...outcome.comparison, arms };
    const text = textOf({ ...outcome, comparison }, 80);
    assert.match(
      text,
      /^flip-crop\+top-policies {2}59\.6 ± 10\.0 {2}−40\.0 \(−60\.0…−20\.0\) {2}−40\.0 \(−60\.0…−20\.0\)$/m,
    );
  });

  it("says in plain words which arms make more and fewer errors", () => {
    const outcome = outcomeOf("flip-crop");
    const [none, ...others] = outcome.comparison.arms;
    const shares = [-0.05, 0.004];
    const arms = [none, ...others.map((arm, i) => ({ ...arm, errorReduction: shares[i] }))];
    const text = textOf({ ...outcome, comparison: { ...outcome.comparison, arms } }, 200);
    assert.match(
      text,
      /Wrong answers, compared with none: flip-crop 5% more, flip-crop\+top-policies as many\./,
    );
  });

  it("ends with the command that applies the recommended arm, quoted for the shell", () => {
    const last = (outcome: EvaluationOutcome) => textOf(outcome, 80).split("\n").at(-1);
    const data = "--data 'my photos/cats.tar.gz' --out cats-augmented";
    assert.equal(last(outcomeOf("flip-crop")), `  deepaugment apply --recipe flip-crop ${data}`);
    assert.equal(
      last(outcomeOf("flip-crop+top-policies")),
      `  deepaugment apply --recipe flip-crop --policy reports/experiments/1 --top 20 ${data}`,
    );
    assert.equal(
      last(outcomeOf("policy", { policy: "a b.json" })),
      `  deepaugment apply --policy 'a b.json' ${data}`,
    );
    assert.doesNotMatch(textOf(outcomeOf("none"), 80), /Next:/);
  });

  it("has the command that adds the samples that are needed, before the one that applies an arm", () => {
    const unsure = (recommended: string, samplesNeeded: number) => {
      const outcome = outcomeOf(recommended);
      return textOf({ ...outcome, comparison: { ...outcome.comparison, samplesNeeded } }, 80);
    };
    const resume = "deepaugment evaluate --resume reports/evaluations/2026-11-29_10-32-00 --samples";
    assert.ok(unsure("none", 12).endsWith(`\nNext:\n  ${resume} 12`));
    assert.ok(
      unsure("flip-crop", 12).includes(`\nNext:\n  ${resume} 12\n  deepaugment apply --recipe flip-crop`),
    );
    // Never fewer than there are, also if some of them failed in one of the arms.
    assert.ok(unsure("none", 3).endsWith(`${resume} 5`));
  });
});

describe("formatSoFar", () => {
  it("gives the mean of each arm that has one, and fits 40 columns", () => {
    const arms = [
      { arm: "none", accuracies: [0.5, 0.6] },
      { arm: "flip-crop+top-policies", accuracies: [0.5] },
      { arm: "flip", accuracies: [] },
    ];
    assert.deepEqual(formatSoFar(arms, { columns: 80, paint: paintNothing }), [
      "arm                     test accuracy so far",
      "none                    55.0 ± 5.0%  2 samples",
      "flip-crop+top-policies  50.0%  1 sample",
      "flip                    –",
    ]);
    for (const line of formatSoFar(arms, { columns: 40, paint: paintNothing }))
      assert.ok(widthOf(line) <= 40);
  });
});
