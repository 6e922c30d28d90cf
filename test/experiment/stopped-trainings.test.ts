// The notebook of a search whose trainings may be stopped early: rows, recovery, damages, and what others read of it.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import { Checksums } from "../../src/experiment/checksums.ts";
import { Notebook } from "../../src/experiment/notebook.ts";
import { parsePastTrials } from "../../src/experiment/past-trials.ts";
import { recordedTrainings } from "../../src/experiment/progress.ts";
import { mostPromising, rankPolicies } from "../../src/experiment/ranking.ts";
import { recordOf, type TrainingRecord, type TrialRecord, trialOf } from "../../src/experiment/records.ts";
import { noAugmentation, type Policy } from "../../src/policy/policy.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-stopped-"));
after(() => rmSync(root, { recursive: true }));
let count = 0;

const none = noAugmentation(1, 2);
const policy: Policy = {
  chains: [
    [
      { type: "rotate", magnitude: 0.5 },
      { type: "crop", magnitude: 0.25 },
    ],
  ],
  portion: 0.75,
};
const validatedAt = [3, 6, 12];

/** A training that was stopped when it had these accuracies, unless there are three. */
function training(trial: number, sample: number, ...accuracies: number[]): TrainingRecord {
  const history = accuracies.map((validationAccuracy, rung) => ({
    ...{ epoch: validatedAt[rung], loss: 2 - validationAccuracy, accuracy: 0.25, validationLoss: 1.5 },
    ...{ validationAccuracy, seconds: 1.5 * (rung + 1) },
  }));
  return recordOf({ trial, sample, policy: trial === 0 ? none : policy, validatedAt }, history, "averaged");
}

const RECORDS = [
  training(0, 0, 0.25, 0.375, 0.5),
  training(0, 1, 0.25, 0.5, 0.5),
  training(1, 0, 0.125),
  training(1, 1, 0.375, 0.375, 0.625),
  training(2, 0, 0.25, 0.25),
  training(2, 1, 0.5, 0.5, 0.75),
  training(3, 0, 0.375, 0.5, 0.5),
  training(3, 1, 0.25, 0.375, 0.75),
];
const RULES = { operations: TECHNIQUES, reward: "averaged" } as const;

/** A notebook with these trainings, in a folder of its own. */
function notebookOf(records: readonly TrainingRecord[]): { notebook: Notebook; folder: string } {
  const folder = mkdtempSync(join(root, `${count++}-`));
  const sums = new Checksums(folder);
  const shape = { chains: 1, operationsPerChain: 2, epochs: validatedAt };
  const notebook = new Notebook(join(folder, "notebook.csv"), shape, sums);
  notebook.create();
  for (const record of records) notebook.append(record);
  return { notebook, folder };
}

const textOf = ({ path }: Notebook) => readFileSync(path, "utf8");

describe("a notebook whose trainings may be stopped", () => {
  it("has a row per epoch that a training reached, each with its last one", () => {
    const [header, ...rows] = textOf(notebookOf(RECORDS.slice(2, 5)).notebook)
      .trimEnd()
      .split("\n");
    assert.equal(
      header,
      "trial_no,sample_no,epoch,loss,acc,val_loss,val_acc,acc_overfit,reward,last_epoch,chain_1_op_1_type,chain_1_op_1_magnitude,chain_1_op_2_type,chain_1_op_2_magnitude,portion,seconds",
    );
    assert.equal(rows[0], "1,0,3,1.875,0.25,1.5,0.125,0.125,0.125,3,rotate,0.5,crop,0.25,0.75,1.500");
    assert.deepEqual(
      rows.map((row) => row.split(",").filter((_, column) => [0, 1, 2, 8, 9].includes(column))),
      [
        ["1", "0", "3", "0.125", "3"],
        ["1", "1", "3", "0.625", "12"],
        ["1", "1", "6", "0.625", "12"],
        ["1", "1", "12", "0.625", "12"],
        ["2", "0", "3", "0.25", "6"],
        ["2", "0", "6", "0.25", "6"],
      ],
    );
  });

  it("has the columns of before if a training cannot be stopped", () => {
    const shape = { chains: 1, operationsPerChain: 2, epochs: [12] };
    const notebook = new Notebook(join(root, "one.csv"), shape);
    notebook.create();
    notebook.append({ ...RECORDS[1], history: RECORDS[1].history.slice(2) });
    assert.doesNotMatch(textOf(notebook), /last_epoch/);
    assert.deepEqual(
      notebook.recover(RULES).map((record) => Object.keys(record)),
      [["trial", "sample", "policy", "history", "reward"]],
    );
  });

  it("gives back how far each came, and where it begins", () => {
    const { notebook } = notebookOf(RECORDS);
    assert.deepEqual(notebook.recover(RULES), RECORDS);
    assert.deepEqual(
      RECORDS.map(({ stoppedAt }) => stoppedAt),
      [undefined, undefined, 3, undefined, 6, undefined, undefined, undefined],
    );
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5].map((index) => notebook.lineOf(index)),
      [2, 5, 8, 9, 12, 14],
    );
  });

  it("is repaired wherever it was cut, and appended to the same bytes", () => {
    const records = RECORDS.slice(2, 5);
    const { notebook } = notebookOf(records);
    const whole = textOf(notebook);
    const ends = records.map((_, index) => textOf(notebookOf(records.slice(0, index + 1)).notebook).length);
    const start = whole.indexOf("\n") + 1;
    for (let cut = start; cut <= whole.length; cut++) {
      writeFileSync(notebook.path, whole.slice(0, cut));
      const left = notebook.recover(RULES);
      assert.equal(left.length, ends.filter((end) => end <= cut).length, `cut at ${cut}`);
      assert.equal(textOf(notebook), whole.slice(0, ends[left.length - 1] ?? start));
      // Each takes the time of a disk.
      if (cut % 50 > 0) continue;
      for (const record of records.slice(left.length)) notebook.append(record);
      assert.equal(textOf(notebook), whole);
    }
  });

  it("keeps the first trainings, and is written again as a whole", () => {
    const { notebook } = notebookOf(RECORDS);
    const whole = textOf(notebook);
    for (const left of [8, 5, 3, 0]) {
      notebook.keep(left);
      assert.equal(textOf(notebook), textOf(notebookOf(RECORDS.slice(0, left)).notebook));
    }
    notebook.rewrite(RECORDS);
    assert.equal(textOf(notebook), whole);
  });

  it("is refused, with the line, if the last epoch or a row is damaged", () => {
    const refused = (damage: (rows: string[]) => void, message: RegExp, hasSums = false) => {
      const { notebook, folder } = notebookOf(RECORDS);
      if (!hasSums) rmSync(join(folder, "notebook.sums"));
      const rows = textOf(notebook).split("\n");
      damage(rows);
      writeFileSync(notebook.path, rows.join("\n"));
      const sums = new Checksums(folder);
      const shape = { chains: 1, operationsPerChain: 2, epochs: validatedAt };
      assert.throws(
        () => new Notebook(notebook.path, shape, sums).recover(RULES),
        (error: Error) =>
          error.name === "UsageError" &&
          error.message.startsWith(`${notebook.path}, line `) &&
          error.message.endsWith("; restore the file as it was written") &&
          !error.message.includes("\n") &&
          message.test(error.message),
      );
    };
    const setLast = (line: number, last: string) => (rows: string[]) => {
      const cells = rows[line - 1].split(",");
      cells[9] = last;
      rows[line - 1] = cells.join(",");
    };
    for (const wrong of ["5", "", "x", "12.5", "-3"])
      refused(setLast(8, wrong), new RegExp(`line 8: last_epoch is ${wrong}, not one of 3, 6, 12; `));
    // Of the first, a later, and all rows of a training.
    refused(setLast(12, "12"), /line 13: last_epoch is 6, and 12 in the training's first row; /);
    refused(setLast(13, "12"), /line 13: last_epoch is 12, and 6 in the training's first row; /);
    const setBoth = (last: string) => (rows: string[]) => {
      setLast(12, last)(rows);
      setLast(13, last)(rows);
    };
    refused(
      setBoth("12"),
      /line 14: expected epoch 12 of trial 2, sample 0, found epoch 3 of trial 2, sample 1; /,
    );
    refused(
      setBoth("3"),
      /line 13: expected epoch 3 of trial 2, sample 0, found epoch 6 of trial 2, sample 0; /,
    );
    refused(setBoth("12"), /line 12: it is not as it was written \(its checksum/, true);
    // The last training becomes one that was stopped; the baseline, too.
    refused((rows) => {
      setLast(20, "6")(rows);
      setLast(21, "6")(rows);
      rows.splice(21, 1);
    }, /line 20: the reward is 0.75, but this training's rows give 0.375; /);
    refused((rows) => {
      for (const line of [2, 3, 4]) {
        setLast(line, "6")(rows);
        rows[line - 1] = rows[line - 1].replace(",0.5,6,", ",0.375,6,");
      }
      rows.splice(3, 1);
    }, /line 2: trial 0 is never stopped, but its last_epoch is 6; /);
    refused((rows) => rows.splice(9, 1), /line 10: expected epoch 6 of trial 1, sample 1, found epoch 12 of/);
    refused(
      (rows) => rows.splice(8, 0, rows[8]),
      /line 10: expected epoch 6 of trial 1, sample 1, found epoch 3 of/,
    );
    refused((rows) => {
      rows[7] = rows[7].slice(0, 20);
    }, /line 8: expected 16 cells, found 6; /);
  });
});

describe("a trial with stopped trainings", () => {
  it("has the rungs that all of them reached, and the reward of the last one", () => {
    const [, first, second, third] = [0, 2, 4, 6].map((index) => trialOf(RECORDS.slice(index, index + 2)));
    assert.deepEqual(first, {
      ...{ trial: 1, policy, reward: 0.25, standardError: 0.125, rungs: [0.25], stoppedAt: 3 },
    });
    assert.deepEqual([second.reward, second.rungs, second.stoppedAt], [0.375, [0.375, 0.375], 6]);
    assert.deepEqual(
      [third.reward, third.rungs, third.stoppedAt],
      [0.625, [0.3125, 0.4375, 0.625], undefined],
    );
  });

  it("is read from another experiment's notebook, also while a training is being written", () => {
    const { notebook } = notebookOf(RECORDS);
    const whole = textOf(notebook);
    const trials = [0, 2, 4, 6].map((index) => trialOf(RECORDS.slice(index, index + 2)));
    assert.deepEqual(parsePastTrials(whole, "it").trials, trials);
    // Of trial 3, its second sample lacks a row, and then the first one too.
    const lines = whole.split("\n");
    const cut = (rows: number) => `${lines.slice(0, -1 - rows).join("\n")}\n`;
    assert.deepEqual(parsePastTrials(cut(1), "it").trials, [...trials.slice(0, 3), trialOf([RECORDS[6]])]);
    assert.deepEqual(parsePastTrials(cut(4), "it").trials, trials.slice(0, 3));
    assert.throws(
      () => parsePastTrials(whole.replace(",0.125,3,rotate", ",0.125,2,rotate"), "it"),
      /^UsageError: it, line 8: the row is of epoch 3, but last_epoch is 2$/,
    );
  });

  it("counts as recorded once its last row is there", () => {
    const { notebook, folder } = notebookOf(RECORDS.slice(0, 6));
    const lines = textOf(notebook).split("\n");
    const recorded = () => [...recordedTrainings(folder, notebook.path, 3).search];
    assert.deepEqual(recorded(), ["0/0", "0/1", "1/0", "1/1", "2/0", "2/1"]);
    writeFileSync(notebook.path, `${lines.slice(0, 12).join("\n")}\n`);
    assert.deepEqual(recorded(), ["0/0", "0/1", "1/0", "1/1"]);
  });

  it("is neither reported nor confirmed, nor counted among near-equals", () => {
    const trial = (number: number, reward: number, stoppedAt?: number): TrialRecord => ({
      ...{ trial: number, policy: number === 0 ? none : policy, reward, standardError: null },
      ...(stoppedAt && { stoppedAt }),
    });
    const trials = [trial(0, 0.5), trial(1, 0.9, 3), trial(2, 0.6), trial(3, 0.7, 6)];
    const predicted = new Map(trials.map(({ trial, reward }) => [trial, reward]));
    assert.deepEqual(
      mostPromising(trials, predicted, 5).map((each) => each.trial),
      [2],
    );
    assert.deepEqual(
      rankPolicies(trials, { predicted }).policies.map((each) => each.trial),
      [2],
    );
    const confirmed = new Map([0, 2].map((number) => [number, trial(number, number === 0 ? 0.5 : 0.6)]));
    assert.equal(rankPolicies(trials, { predicted, confirmed }).policies[0].nearEquals, 0);
  });
});
