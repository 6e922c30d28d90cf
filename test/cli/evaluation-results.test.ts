// The text of an evaluation's result at all widths.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatEvaluation } from "../../src/cli/evaluation-results.ts";
import { paintNothing } from "../../src/cli/paint.ts";
import { widthOf } from "../../src/cli/text.ts";
import type { EvaluationOutcome } from "../../src/evaluate/evaluation.ts";

const difference = (mean: number) => ({ mean, low: mean - 0.011, high: mean + 0.011, samples: 5 });

function outcomeOf(recommended: string, more: Record<string, unknown> = {}): EvaluationOutcome {
  const outcome = {
    folder: "reports/evaluations/2026-11-29_10-32-00",
    config: {
      data: "my photos/cats.tar.gz",
      experiment: "reports/experiments/1",
      policy: null,
      top: 20,
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
    assert.match(text, /Errors avoided, of those of none: flip-crop 11%, flip-crop\+top-policies\s13%\./);
    assert.match(text, /on 1 test\simage, in percent/);
    assert.match(text, /A training took 1m 05s to 2m 10s\./);
  });

  it("fits 40 to 200 columns, but for paths and commands", () => {
    for (let columns = 40; columns <= 200; columns++) {
      const text = textOf(outcomeOf("flip-crop"), columns);
      for (const line of text.split("\n")) {
        if (/reports\/|deepaugment apply/.test(line)) continue;
        assert.ok(widthOf(line) <= columns, `${columns}: ${line}`);
      }
      assert.match(text, /\+5\.0 \(\+3\.9 to \+6\.1\)/);
    }
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
});
