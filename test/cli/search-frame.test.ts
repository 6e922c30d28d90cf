// The display of a search as a function: over all sizes of a terminal and numbers of workers.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { type Paint, paintColours, paintNothing } from "../../src/cli/paint.ts";
import { type SearchState, searchFrame } from "../../src/cli/search-frame.ts";
import { widthOf } from "../../src/cli/text.ts";
import type { TrialRecord } from "../../src/experiment/records.ts";
import type { Policy } from "../../src/policy/policy.ts";

const policy: Policy = {
  chains: [
    [
      { type: "add-to-hue-and-saturation", magnitude: 0.63 },
      { type: "additive-gaussian-noise", magnitude: 0.75 },
    ],
  ],
  portion: 0.42,
};
const recordOf = (trial: number, reward = 0.2): TrialRecord => ({
  trial,
  policy,
  reward,
  standardError: 0.01,
});
const endedOf = (trial: number) => ({
  record: recordOf(trial),
  gain: trial % 2 ? 0.01 : -0.01,
  isConfirmed: false,
});
const resultOf = (epoch: number) => ({
  ...{ epoch, loss: 1.5, accuracy: 0.4, validationLoss: 1.6, validationAccuracy: 0.3, seconds: 1 },
});

/** A search in the middle. */
function stateOf(workers: number, more: Partial<SearchState> = {}): SearchState {
  return {
    title:
      "Searching on cifar10: 60 trials, 3 trainings of basiccnn each, engine native (float32), 64 workers",
    folder: "reports/experiments/2026-11-29_10-32-00",
    stage: { name: "Trials", done: 31, total: 61 },
    timeLeft: "12m 03s left",
    epochs: 50,
    baseline: recordOf(0, 0.21),
    hasLearntNothing: false,
    best: recordOf(12, 0.286),
    last: Array.from({ length: 31 }, (_, index) => endedOf(30 - index)),
    trainings: Array.from({ length: workers }, (_, index) => ({
      ...{ trial: 31 + Math.floor(index / 3), sample: index % 3 },
      ...(index % 5 > 0 && { result: resultOf(1 + index) }),
    })),
    messages: [],
    ...more,
  };
}

const MACHINES = [
  { host: "box-a", trainings: 4, imagesPerSecond: 800 },
  { host: "box-b", trainings: 2, imagesPerSecond: 450 },
];

function frameOf(state: SearchState, columns: number, rows: number, paint: Paint = paintNothing): string[] {
  return searchFrame(state, { columns, rows, paint });
}

/** What a user must see. */
function checkFrame(state: SearchState, columns: number, rows: number): void {
  const lines = frameOf(state, columns, rows);
  const place = `${columns} × ${rows}, ${state.trainings.length} workers`;
  assert.ok(lines.length <= rows, place);
  for (const line of lines) assert.ok(widthOf(line) <= columns, `${place}: ${line}`);
  const text = lines.join("\n");
  assert.match(text, /^Best +0\.286 \(\+0\.076\), trial 12$/m, place);
  assert.match(text, /^ {2}add-to-hue-and-saturation 0\.63/m, place);
  assert.match(text, /^ {3}30 {2}0\.200 {2}−0\.010 {2}add-to/m, place);
  assert.match(text, /^ {3}29 {2}0\.200 {2}\+0\.010 {2}add-to/m, place);
  assert.match(text, /^Trials.* 31\/61 {2}12m 03s left$/m, place);
  assert.match(text, /^Baseline +0\.210 ± 0\.010/m, place);
  const isListed = /^ {2}trial 31, sample 1 {2}epoch 0\/50$/m.test(text);
  const isSummed = new RegExp(
    `^${state.trainings.length} of ${state.trainings.length} workers busy`,
    "m",
  ).test(text);
  assert.ok(isListed !== isSummed, place);
  if (isListed) assert.equal(text.match(/^ {2}trial \d+, sample/gm)?.length, state.trainings.length, place);
}

describe("searchFrame", () => {
  it("fits 40 to 200 columns and 10 to 60 rows with 1 to 64 workers, and shows the best policy and the last trials", () => {
    // The last column stays empty.
    for (const columns of [39, 43, 47, 55, 63, 79, 95, 119, 159, 199]) {
      // Every number of rows at which parts are left out.
      for (const rows of [...Array.from({ length: 15 }, (_, i) => 10 + i), 28, 36, 48, 60]) {
        for (const workers of [1, 2, 3, 7, 16, 33, 64]) {
          checkFrame(stateOf(workers), columns, rows);
          const messages = [
            "a message that is longer than the terminal is wide ".repeat(5),
            "2",
            "3",
            "4",
            "5",
          ];
          checkFrame(stateOf(workers, { messages, hasLearntNothing: true }), columns, rows);
          checkFrame(stateOf(workers, { messages, machines: MACHINES }), columns, rows);
        }
      }
    }
  });

  it("has a line per worker if they fit, else one for all", () => {
    const text = (rows: number) => frameOf(stateOf(64), 80, rows).join("\n");
    assert.match(text(24), /^64 of 64 workers busy: trials 31–52, epochs 0–64 of 50$/m);
    assert.match(
      text(90),
      /^ {2}trial 52, sample 1 {2}epoch 64\/50 {2}loss 1\.500 {2}accuracy 0\.400 {2}validation 0\.300$/m,
    );
    assert.doesNotMatch(text(90), /workers busy/);
  });

  it("names the machines of a queue above what runs", () => {
    const lines = frameOf(stateOf(2, { machines: MACHINES }), 79, 24);
    assert.deepEqual(lines.slice(-3, -1), [
      "2 machines: box-a 4, box-b 2 trainings; 1,250 images/s",
      "  trial 31, sample 1  epoch 0/50",
    ]);
  });

  it("begins with nothing known", () => {
    const nothing = {
      baseline: undefined,
      best: undefined,
      last: [],
      stage: { name: "Trials", done: 0, total: 61 },
    };
    const lines = frameOf(
      stateOf(2, { ...nothing, timeLeft: "time left unknown", trainings: [undefined, undefined] }),
      79,
      24,
    );
    assert.deepEqual(lines, [
      "Searching on cifar10: 60 trials, 3 trainings of basiccnn each, engine native (…",
      "reports/experiments/2026-11-29_10-32-00",
      "",
      `Trials     ${"░".repeat(40)}  0/61  time left unknown`,
      "Baseline   –",
      "Best       –",
      "",
      "  waiting",
      "  waiting",
    ]);
  });

  it("shows messages above, and that the baseline has learnt nothing", () => {
    const lines = frameOf(stateOf(1, { messages: ["older", "newer"], hasLearntNothing: true }), 79, 24);
    assert.deepEqual(lines.slice(2, 4), ["older", "newer"]);
    assert.ok(
      lines.includes("Baseline   0.210 ± 0.010: it may have learnt nothing; try more epochs or anoth…"),
    );
  });

  it("says which trials are confirmed, and of which nothing can be said yet", () => {
    const last = [
      { record: recordOf(12, 0.25), gain: 0.05, isConfirmed: true },
      { record: recordOf(0), gain: undefined, isConfirmed: false },
    ];
    const lines = frameOf(stateOf(1, { last }), 60, 24);
    assert.ok(
      lines.includes("   12  0.250  +0.050  confirmed: add-to-hue-and-saturation …"),
      lines.join("\n"),
    );
    assert.ok(lines.includes("    0  0.200       –  the baseline"));
  });

  it("says which trials were stopped early", () => {
    const last = [{ record: { ...recordOf(12, 0.25), stoppedAt: 5 }, gain: undefined, isConfirmed: false }];
    const lines = frameOf(stateOf(1, { last }), 60, 24);
    assert.ok(
      lines.includes("   12  0.250       –  stopped: add-to-hue-and-saturation 0.…"),
      lines.join("\n"),
    );
  });

  it("has the same text in colour", () => {
    const state = stateOf(3, { messages: ["a message"] });
    const painted = frameOf(state, 100, 30, paintColours);
    assert.notDeepEqual(painted, frameOf(state, 100, 30));
    assert.deepEqual(painted.map(stripVTControlCharacters), frameOf(state, 100, 30));
  });

  it("keeps to the size if names are wide characters", () => {
    const lines = frameOf(stateOf(2, { title: "画像".repeat(40), folder: "写真/".repeat(30) }), 41, 20);
    for (const line of lines) assert.ok(widthOf(line) <= 41, line);
  });
});
