// The display of an evaluation as an observer: what it writes to a terminal, and to something else.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { createEvaluationDisplay } from "../../src/cli/evaluation-display.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import type { EvaluationStart } from "../../src/evaluate/evaluation.ts";
import { Sink } from "./run.ts";

const start = {
  ...{
    folder: "evaluations/1",
    workers: 1,
    trainings: 4,
    done: 1,
    trainImages: 20,
    testImages: 40,
    notes: [],
  },
  config: { arms: ["none", "flip"], samples: 2, epochs: 2 },
  finished: [{ arm: "none", sample: 0, test: { accuracy: 0.5 } }],
} as unknown as EvaluationStart;

const ended = (arm: string, sample: number, accuracy: number) => ({
  ...{ arm, sample, history: [] },
  test: { loss: 1, accuracy, predictions: new Int32Array() },
});

function show(isTTY: boolean, seconds: number | null) {
  const stderr = Object.assign(new Sink(), { isTTY, columns: 60, rows: 20 });
  const terminal = new Terminal({ stdout: new Sink(), stderr });
  const display = createEvaluationDisplay(start, "Evaluating on photos", { seconds }, terminal);
  const frame = () => {
    // A change of the size draws at once.
    stderr.emit("resize");
    return stripVTControlCharacters(stderr.text.slice(stderr.text.lastIndexOf("\x1b[H")));
  };
  return { display, stderr, frame };
}

/** The seconds that are left, as shown. */
const left = (text: string) => Number(/(\d+)s left/.exec(text)?.[1]);

describe("the display of an evaluation", () => {
  it("shows the planned time until a training has ended, then what is measured", () => {
    const { display, frame } = show(true, 50);
    try {
      assert.ok(left(frame()) > 40, frame());
      display.onTrainingStarted?.("flip", 0);
      display.onProgress?.("flip", 0, { epoch: 2, share: 0.5 });
      assert.ok(left(frame()) > 40, frame());
      assert.match(frame(), /^none {2} 50\.0% {2}1 sample/m);
      display.onTrainingFinished?.(ended("flip", 0, 0.25));
      assert.ok(left(frame()) < 40, frame());
      assert.match(frame(), /2\/4 {2}\d+s left/);
      assert.match(frame(), /^flip {2} 25\.0% {2}1 sample/m);
    } finally {
      display.stop();
    }
  });

  it("does not know the time left if it could not be measured and nothing is trained", () => {
    const { display, frame } = show(true, null);
    assert.match(frame(), /1\/4 {2}time left unknown/);
    display.stop();
  });

  it("prints a line per training if it is no terminal", () => {
    const { display, stderr } = show(false, 50);
    display.onProgress?.("flip", 0, { epoch: 1, share: 1 });
    display.onTrainingFinished?.(ended("flip", 0, 0.25));
    display.onTrainingFailed?.({ arm: "none", sample: 1, reason: "a broken cable" });
    display.stop();
    assert.match(
      stderr.text,
      /^2\/4 {2}flip, sample 1: test accuracy 25\.0% {2}\[\d+s left\]\nnone, sample 2 failed twice and is excluded: a broken cable\n$/,
    );
  });
});
