// What is left of an evaluation's files after a crash, and what is noticed of changes by hand.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { type ArmTraining, EvaluationRecords, readEnded } from "../../src/evaluate/records.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-records-"));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, "evaluation.csv");
const predictionsPath = join(folder, "predictions.csv");

const rules = {
  ...{ arms: ["none", "flip-crop+policy"], samples: 2, epochs: 2 },
  ...{ labels: Int32Array.of(0, 1, 2, 0), classes: 3 },
};

function training(arm: string, sample: number, predictions: number[], more: Partial<ArmTraining> = {}) {
  const correct = predictions.filter((prediction, i) => prediction === rules.labels[i]).length;
  return {
    ...{ arm, sample },
    history: [
      { epoch: 1, loss: 1.5, accuracy: 1 / 3, seconds: 1.25 },
      { epoch: 2, loss: Number.NaN, accuracy: 0.5, seconds: 2.5 },
    ],
    test: { loss: 1.1, accuracy: correct / 4, predictions: Int32Array.from(predictions) },
    ...more,
  };
}

const first = training("none", 0, [0, 1, 1, 1]);
const second = training("flip-crop+policy", 0, [0, 1, 2, 2], { lastEpoch: { loss: 2, accuracy: 0.25 } });
const third = training("none", 1, [2, 2, 2, 2]);

const records = () => new EvaluationRecords(path, predictionsPath, rules);
beforeEach(() => {
  rmSync(path, { force: true });
  rmSync(predictionsPath, { force: true });
  const each = records();
  for (const ended of [first, second, third]) each.append(ended);
});

const edit = (file: string, change: (text: string) => string) =>
  writeFileSync(file, change(readFileSync(file, "utf8")));

describe("the files of an evaluation", () => {
  it("give back every training, in full precision", () => {
    assert.deepEqual(records().recover(), [first, second, third]);
    assert.deepEqual(
      records()
        .sorted([first, second, third])
        .map(({ arm, sample }) => [arm, sample]),
      [
        ["none", 0],
        ["none", 1],
        ["flip-crop+policy", 0],
      ],
    );
  });

  it("lose only the training that was being written, wherever it was cut", () => {
    const whole = [path, predictionsPath].map((file) => readFileSync(file, "utf8"));
    const before = whole[0].indexOf("none,1,1");
    for (let end = before; end < whole[0].length; end++) {
      writeFileSync(path, whole[0].slice(0, end));
      writeFileSync(predictionsPath, whole[1]);
      assert.deepEqual(records().recover(), [first, second], `cut at ${end}`);
      records().append(third);
      assert.deepEqual(records().recover(), [first, second, third], `after a cut at ${end}`);
    }
    // Predictions are written first: they may be cut while the other file has nothing of the training.
    for (let end = whole[1].indexOf("none,1"); end < whole[1].length; end++) {
      writeFileSync(path, whole[0].slice(0, before));
      writeFileSync(predictionsPath, whole[1].slice(0, end));
      assert.deepEqual(records().recover(), [first, second], `predictions cut at ${end}`);
      records().append(third);
      assert.deepEqual(records().recover(), [first, second, third], `after predictions cut at ${end}`);
    }
  });

  it("are read without the data's labels while a training is being written", () => {
    const ended = [first, second, third].map(({ arm, sample, test }) => ({
      arm,
      sample,
      accuracy: test.accuracy,
    }));
    assert.deepEqual(readEnded(path), ended);
    const whole = readFileSync(path, "utf8");
    for (let end = whole.indexOf("none,1,1"); end < whole.length; end++) {
      writeFileSync(path, whole.slice(0, end));
      assert.deepEqual(readEnded(path), ended.slice(0, 2), `cut at ${end}`);
    }
    for (const [from, to, message] of [
      ["none,0,2", "none,0.5,2", /line 3: sample_no: expected a whole number from 0 upwards, received/],
      [",1.1,0.5,", ",1.1,5,", /line 3: test_acc: expected a number from 0 to 1, received/],
      ["none,0,2,", "none,0,2,7,", /line 3: expected 10 cells, found 11/],
    ] as const) {
      writeFileSync(path, whole.replace(from, to));
      assert.throws(
        () => readEnded(path),
        (error: Error) => error instanceof UsageError && message.test(error.message),
        String(message),
      );
    }
    writeFileSync(path, "");
    assert.deepEqual(readEnded(path), []);
    assert.deepEqual(readEnded(join(folder, "missing.csv")), []);
  });

  it("start over, with a note, if the one with the rows is empty or missing", () => {
    for (const empty of [true, false]) {
      if (empty) writeFileSync(path, "");
      else rmSync(path);
      const each = records();
      assert.deepEqual(each.recover(), []);
      assert.deepEqual(each.notes, [`${path} is missing or empty: all trainings are run again`]);
      each.append(first);
      const again = records();
      assert.deepEqual(again.recover(), [first]);
      assert.deepEqual(again.notes, []);
    }
    rmSync(path);
    rmSync(predictionsPath);
    assert.deepEqual(records().recover(), []);
    assert.deepEqual(records().notes, []);
  });

  it("are refused if the predictions are missing", () => {
    const message = `${predictionsPath} is missing or empty; restore the file, or remove ${path} to run all trainings again`;
    writeFileSync(predictionsPath, "");
    assert.throws(() => records().recover(), new UsageError(message));
    rmSync(predictionsPath);
    assert.throws(() => records().recover(), new UsageError(message));
  });

  it("are refused, with the line, if they are not as this program wrote them", () => {
    const cases: [string, (text: string) => string, RegExp][] = [
      [path, (text) => text.replace("arm,", "arms,"), /evaluation\.csv, line 1: expected arm,sample_no/],
      [
        path,
        (text) => text.replace("none,0,2", "none,0,3"),
        /line 3: expected epoch 2 of arm none, sample 0/,
      ],
      [path, (text) => text.replace("none,0,1,1.5", "none,0,1,x"), /line 2: loss: expected a number from 0/],
      [path, (text) => text.replace("none,1,1", "flip,1,1"), /line 6: "flip" is not an arm/],
      [path, (text) => text.replace("none,1,1", "none,7,1"), /line 6: sample_no: expected a whole number/],
      [path, (text) => text.replaceAll("none,1,", "none,0,"), /line 6: this training is there twice/],
      [path, (text) => text.replace("1.1,0.5", "1.1,0.75"), /line 3: test_acc is 0\.75, but .* gives 0\.5/],
      [predictionsPath, (text) => text.replace("0 1 1 1", "0 1 2 1"), /test_acc is 0\.5, but .* gives 0\.75/],
      [predictionsPath, (text) => text.replace("0 1 1 1", "0 1 1 3"), /line 2: expected a class from 0 to 2/],
      [
        predictionsPath,
        (text) => text.replace("0 1 1 1", "0 1 1"),
        /line 2: expected a class .* for 4 images/,
      ],
    ];
    const whole = [path, predictionsPath].map((file) => readFileSync(file, "utf8"));
    for (const [file, change, message] of cases) {
      writeFileSync(path, whole[0]);
      writeFileSync(predictionsPath, whole[1]);
      edit(file, change);
      assert.throws(
        () => records().recover(),
        (error: Error) => error instanceof UsageError && message.test(error.message),
        String(message),
      );
    }
  });
});
