// Evaluations from a program, with an executor of its own.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { RunError } from "../../src/common/errors.ts";
import { evaluate, resumeEvaluation } from "../../src/evaluate/evaluation.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { executorThat } from "./executor.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-evaluate-library-"));
const home = process.env.DEEPAUGMENT_HOME;
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => {
  if (home === undefined) delete process.env.DEEPAUGMENT_HOME;
  else process.env.DEEPAUGMENT_HOME = home;
  rmSync(root, { recursive: true });
});

const SMALL = {
  ...{ data: SAMPLE_ARCHIVE, image_size: 12, arms: ["none", "flip"], train_size: 40 },
  ...{ epochs: 1, samples: 2, batch_size: 20, engine: "wasm" as const },
};

describe("evaluate", () => {
  it("trains on the caller's executor, and reports each training", async () => {
    const seen: string[] = [];
    const { comparison, facts, failures } = await evaluate(
      { ...SMALL, out: join(root, "whole") },
      {
        executor: executorThat(),
        onStart: ({ trainings, notes }) => {
          assert.equal(trainings, 4);
          assert.deepEqual(notes, []);
          return { onTrainingFinished: ({ arm, sample }) => seen.push(`${arm}/${sample}`) };
        },
      },
    );
    assert.deepEqual(seen, ["none/0", "flip/0", "none/1", "flip/1"]);
    assert.deepEqual([facts.trainImages, facts.testImages], [40, 40]);
    assert.deepEqual(failures, []);
    assert.deepEqual(
      comparison.arms.map(({ arm, samples }) => [arm, samples]),
      [
        ["none", 2],
        ["flip", 2],
      ],
    );
  });

  it("continues without a training that fails twice, and tries it again when it is resumed", async () => {
    const once = await evaluate(
      { ...SMALL, out: join(root, "failing") },
      { executor: executorThat((arm, sample) => arm === "flip" && sample === 1) },
    );
    assert.deepEqual(once.failures, [{ arm: "flip", sample: 1, reason: "a broken cable" }]);
    assert.equal(once.comparison.arms[1].samples, 1);
    const again = await resumeEvaluation(once.folder, { executor: executorThat() });
    assert.deepEqual(again.failures, []);
    assert.equal(again.comparison.arms[1].samples, 2);
  });

  it("fails if every training does", async () => {
    await assert.rejects(
      evaluate({ ...SMALL, out: join(root, "dead") }, { executor: executorThat(() => true) }),
      (error: Error) => error instanceof RunError && /all trainings failed/.test(error.message),
    );
  });
});
