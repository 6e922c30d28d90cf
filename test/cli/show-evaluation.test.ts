// `show` for evaluations with made-up trainings: finished, running and interrupted.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { InterruptedError } from "../../src/common/errors.ts";
import { FolderLock } from "../../src/common/folder-lock.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { type EvaluationExecutor, evaluate, resumeEvaluation } from "../../src/evaluate/evaluation.ts";
import { readEvaluation } from "../../src/evaluate/results.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-show-evaluation-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
process.env.DEEPAUGMENT_HOME = environment.DEEPAUGMENT_HOME;
after(() => rmSync(root, { recursive: true }));

let labels: Int32Array;
before(async () => {
  const { test } = await loadDataset(SAMPLE_ARCHIVE, { imageSize: 12 });
  labels = test!.labels;
});

/** Of the 40 test images, each arm classifies this many correctly, and one more in each further sample. */
const CORRECT: Record<string, number> = { none: 10, flip: 20, "flip-crop": 30 };

/** @param most trainings before it is interrupted. */
function executorOf(most = Number.POSITIVE_INFINITY, fails: readonly string[] = []): EvaluationExecutor {
  let ended = 0;
  return {
    workers: 1,
    train: async ({ arm, sample, epochs }) => {
      if (ended >= most) throw new InterruptedError("interrupted");
      if (fails.includes(`${arm.name}/${sample}`)) throw new Error("a broken cable");
      ended++;
      const correct = CORRECT[arm.name] + sample;
      const predictions = labels.map((label, i) => (i < correct ? label : (label + 1) % 10));
      return {
        history: Array.from({ length: epochs }, (_, i) => ({
          epoch: i + 1,
          loss: 1,
          accuracy: 0.5,
          seconds: 2,
        })),
        test: { loss: 1, accuracy: correct / labels.length, predictions },
      };
    },
    close: async () => {},
  };
}

const SETTINGS = {
  ...{ data: SAMPLE_ARCHIVE, image_size: 12, arms: ["none", "flip", "flip-crop"], train_size: 20 },
  ...{ epochs: 1, samples: 2, engine: "wasm" as const, recipe: "sgd" as const },
};

/** The folder of an evaluation; also if it is interrupted. */
async function begin(name: string, executor: EvaluationExecutor): Promise<string> {
  const out = join(root, name);
  try {
    await evaluate({ ...SETTINGS, out }, { executor });
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
  }
  return join(out, readdirSync(out)[0]);
}

async function show(folder: string): Promise<string> {
  const { code, stdout, stderr } = await runMain(["show", folder], environment);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => [name, readFileSync(join(folder, name), "utf8"), statSync(join(folder, name)).mtimeMs]);

describe("deepaugment show <evaluation>", () => {
  it("prints the table of a finished evaluation, as evaluate did, and changes nothing", async () => {
    const folder = await begin("finished", executorOf());
    const before = filesOf(folder);
    const text = await show(folder);
    assert.ok(text.startsWith(`${folder} is finished: 6 of 6 trainings done\n\narm `), text);
    assert.match(text, /^flip-crop {2}76\.3 ± 1\.3 {2}\+50\.0 /m);
    assert.match(text, /^flip-crop is better than no augmentation: /m);
    assert.match(text, /^Next:\n {2}deepaugment apply --recipe flip-crop /m);
    const { stdout } = await runMain(["evaluate", "--resume", folder], environment);
    assert.ok(text.endsWith(stdout), stdout);
    assert.deepEqual(filesOf(folder), before);
  });

  it("prints the arms so far of a running and of an interrupted one", async () => {
    const folder = await begin("interrupted", executorOf(4));
    const table = [
      "arm        test accuracy so far",
      "none       26.3 ± 1.3%  2 samples",
      "flip       50.0%  1 sample",
      "flip-crop  75.0%  1 sample",
      "",
    ].join("\n");
    const lock = await FolderLock.acquire(folder, "evaluation");
    try {
      const before = filesOf(folder);
      const text = await show(folder);
      assert.ok(text.startsWith(`${folder} is running in process ${process.pid} on `), text);
      assert.ok(text.endsWith(`: 4 of 6 trainings done\n\n${table}`), text);
      assert.deepEqual(filesOf(folder), before);
    } finally {
      lock.release();
    }
    assert.equal(
      await show(folder),
      `${folder} is not finished: 4 of 6 trainings done; continue with: deepaugment evaluate --resume ${folder}\n\n${table}`,
    );
  });

  it("prints the result without trainings that failed, and the arms so far once more trainings have ended", async () => {
    const folder = await begin("failed", executorOf(undefined, ["flip/1"]));
    const text = await show(folder);
    assert.ok(text.startsWith(`${folder} is not finished: 5 of 6 trainings done; continue with: `), text);
    assert.match(text, /^flip +50\.0 +\+25\.0 +−25\.0$/m);
    assert.equal(readEvaluation(folder).status, "interrupted");
    await resumeEvaluation(folder, { executor: executorOf() });
    assert.equal(readEvaluation(folder).status, "finished");
    // The result in evaluation.json is then that of fewer trainings.
    await assert.rejects(resumeEvaluation(folder, { samples: 3, executor: executorOf(1) }), InterruptedError);
    const grown = await show(folder);
    assert.ok(grown.startsWith(`${folder} is not finished: 7 of 9 trainings done; continue with: `), grown);
    assert.match(grown, /\n\narm {8}test accuracy so far\nnone {7}27\.5 ± 1\.4% {2}3 samples\nflip /);
    await assert.rejects(resumeEvaluation(folder, { samples: 2 }), /has trainings of 3 samples already/);
    const { comparison } = await resumeEvaluation(folder, { executor: executorOf() });
    assert.deepEqual(
      comparison.arms.map(({ samples }) => samples),
      [3, 3, 3],
    );
    assert.ok((await show(folder)).startsWith(`${folder} is finished: 9 of 9 trainings done\n`));
  });

  it("does not take results that were changed, and has them made again", async () => {
    const folder = await begin("changed", executorOf());
    const path = join(folder, "evaluation.json");
    const written = readFileSync(path, "utf8");
    const [first, second] = readEvaluation(folder).comparison!.arms;
    const changes: [string, string][] = [
      [`"accuracy": ${first.accuracy}`, '"accuracy": 0.9'],
      [`"accuracy": ${first.accuracy}`, '"accuracy": 1e308'],
      ['"arm": "flip"', '"arm": "x"'],
      ['"recommended": "flip-crop"', '"recommended": "none"'],
      [`"low": ${second.fromNone!.low}`, '"low": 0.001'],
      ['"conclusion": "', '"conclusion": "not '],
    ];
    for (const [text, changed] of changes) {
      assert.ok(written.includes(text), text);
      writeFileSync(path, written.replace(text, changed));
      const shown = await show(folder);
      assert.ok(
        shown.startsWith(
          `${folder} is not finished: 6 of 6 trainings done; the results in evaluation.json were changed: the arms must be compared again; continue with: `,
        ),
        shown,
      );
      await resumeEvaluation(folder, { executor: executorOf(0) });
      assert.equal(readFileSync(path, "utf8"), written);
    }
    // One of an older version has no checksum.
    writeFileSync(path, written.replace(/,\s*"resultsChecksum": "[^"]*"/, ""));
    assert.equal(readEvaluation(folder).status, "finished");
    writeFileSync(
      join(folder, "evaluation.csv"),
      readFileSync(join(folder, "evaluation.csv"), "utf8").replace(",0.25,", ",0.35,"),
    );
    assert.ok((await show(folder)).includes("were changed"));
  });

  it("prints JSON", async () => {
    const json = async (folder: string) => {
      const { code, stdout } = await runMain(["show", folder, "--json"], environment);
      assert.equal(code, 0);
      return JSON.parse(stdout);
    };
    const finished = await json(await begin("json", executorOf()));
    const { folder, arms, ...facts } = finished;
    const { results } = JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"));
    assert.deepEqual(facts, {
      ...{ status: "finished", trainings: 6, planned: 6, trainImages: 20, testImages: 40 },
      ...{ measured: "final weights", bestRecipe: "flip-crop" },
      ...{ conclusion: results.conclusion, recommended: "flip-crop" },
    });
    assert.deepEqual(arms, results.arms);
    const begun = await json(await begin("json-begun", executorOf(1)));
    assert.deepEqual([begun.status, begun.trainings, begun.planned], ["interrupted", 1, 6]);
    assert.deepEqual(begun.arms, [
      { arm: "none", samples: 1, accuracy: 0.25, standardError: null },
      { arm: "flip", samples: 0, accuracy: null, standardError: null },
      { arm: "flip-crop", samples: 0, accuracy: null, standardError: null },
    ]);
  });
});
