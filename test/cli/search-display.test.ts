// The display of a search as an observer: what it writes to a terminal, and to something else.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { createSearchDisplay, type SearchDisplay } from "../../src/cli/search-display.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { TrainingRecord, TrialRecord } from "../../src/experiment/records.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { Sink } from "./run.ts";

const policy: Policy = { chains: [[{ type: "rotate", magnitude: 0.3 }]], portion: 0.5 };
const record = (trial: number, reward: number): TrialRecord => ({
  trial,
  policy,
  reward,
  standardError: 0.01,
});
const training = (trial: number, sample = 0): TrainingRecord => ({
  trial,
  sample,
  policy,
  history: [],
  reward: 0.5,
});
const result = (epoch: number) => ({
  ...{ epoch, loss: 1.5, accuracy: 0.4, validationLoss: 1.6, validationAccuracy: 0.3, seconds: 1 },
});

const config = resolveConfig({
  ...{ data: "cifar10", iterations: 3, opt_samples: 1, child_epochs: 2, confirm_top: 1, confirm_samples: 1 },
});
const engine = { name: "wasm", precision: "float32", kernels: null } as const;
const guessing = { classes: 10, validationImages: 1000 };
const sizes = { train: { value: 2000 }, validation: { value: 1000 }, epochs: { value: 2 } };
const start = { folder: "experiments/1", workers: 2, engine, sizes, notes: [], finishedTrials: 0, guessing };

interface Shown {
  readonly display: SearchDisplay;
  readonly terminal: Terminal;
  readonly stderr: Sink & { isTTY: boolean; columns: number; rows: number };
  /** The lines of the last drawing. */
  readonly frame: () => string[];
}

const HOME = "\x1b[H";

function show(isTTY: boolean): Shown {
  const stderr = Object.assign(new Sink(), { isTTY, columns: 60, rows: 20 });
  const terminal = new Terminal({ stdout: new Sink(), stderr });
  const display = createSearchDisplay(config, start, "Searching on cifar10", terminal);
  const frame = () => {
    // A change of the size draws at once.
    stderr.emit("resize");
    return stripVTControlCharacters(stderr.text.slice(stderr.text.lastIndexOf(HOME))).split("\r\n");
  };
  return { display, terminal, stderr, frame };
}

/** A search and its confirmation. */
function search(display: SearchDisplay): void {
  display.onTrainingStarted?.(0, 0);
  display.onTrialFinished?.(record(0, 0.1));
  display.onTrainingFinished?.(training(0));
  display.onTrainingStarted?.(1, 0);
  display.onEpoch?.(1, 0, result(1));
  display.onTrialFinished?.(record(1, 0.25));
  display.onTrainingFinished?.(training(1));
  display.onTrainingFailed?.({ trial: 2, sample: 0, reason: "no memory" });
  display.onTrialDropped?.(2);
  display.onTrainingStarted?.(3, 0);
  display.onEpoch?.(3, 0, result(2));
}

describe("the display of a search on a terminal", () => {
  const variables = { NO_COLOR: process.env.NO_COLOR, TERM: process.env.TERM };
  before(() => {
    delete process.env.NO_COLOR;
    process.env.TERM = "xterm";
  });
  after(() => {
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it("shows what has ended and what runs, on a screen of its own", () => {
    const { display, frame, stderr } = show(true);
    search(display);
    const [stage, ...lines] = frame().slice(4);
    assert.match(stage, /^Trials {5}[█░]+ {2}3\/4 {2}\d+s left$/);
    assert.deepEqual(lines, [
      "Baseline   0.100 ± 0.010: it may have learnt nothing; try …",
      "Best       0.250 (+0.150), trial 1",
      "  rotate 0.30, portion 0.50",
      "",
      "Last trials",
      "    1  0.250  +0.150  rotate 0.30, portion 0.50",
      "    0  0.100       –  the baseline",
      "",
      "  trial 3, sample 1  epoch 2/2  validation 0.300",
      "  waiting",
    ]);
    assert.ok(stderr.text.startsWith("\x1b[?1049h\x1b[?25l"));
    display.stop();
  });

  it("does not take a trial that was stopped early for the best, nor compares it with the baseline", () => {
    const { display, frame } = show(true);
    search(display);
    display.onTrainingFinished?.({ ...training(3), stoppedAt: 1 });
    display.onTrialFinished?.({ ...record(3, 0.5), stoppedAt: 1 });
    const lines = frame();
    assert.ok(lines.includes("Best       0.250 (+0.150), trial 1"));
    assert.ok(lines.includes("    3  0.500       –  stopped: rotate 0.30, portion 0.50"));
    display.stop();
  });

  it("shows the fresh trainings, by which baseline and best are then judged", () => {
    const { display, frame } = show(true);
    search(display);
    display.onConfirmationStarted?.({ policies: 1, samples: 1, trainings: 2 });
    display.onTrainingStarted?.(0, 1);
    display.onTrainingStarted?.(1, 1);
    assert.ok(frame().includes("  baseline, sample 1  epoch 0/2"));
    display.onTrainingFinished?.(training(0, 1));
    assert.deepEqual(frame().slice(-2), ["  waiting", "  trial 1, sample 1  epoch 0/2"]);
    display.onConfirmed?.(record(0, 0.2));
    const before = frame();
    assert.ok(before.some((line) => line.startsWith("Baseline   0.100 ± 0.010")));
    assert.ok(before.includes("Best       0.250 (+0.150), trial 1"));
    display.onConfirmed?.(record(1, 0.22));
    const text = frame().join("\n");
    assert.match(text, /^Confirming [█░]+ {2}1\/2 {2}/m);
    assert.match(text, /^Baseline {3}0\.200 ± 0\.010$/m);
    assert.match(text, /^Best {7}0\.220 \(\+0\.020\), trial 1$/m);
    assert.match(text, /^ {4}1 {2}0\.220 {2}\+0\.020 {2}confirmed: rotate 0\.30, portion 0\.50$/m);
    assert.match(text, /^ {4}1 {2}0\.250 {2}\+0\.150 {2}rotate 0\.30, portion 0\.50$/m);
    display.stop();
  });

  it("shows the earlier trial as the best one of several that are equally good", () => {
    const { display, frame } = show(true);
    search(display);
    display.onConfirmationStarted?.({ policies: 2, samples: 1, trainings: 3 });
    display.onConfirmed?.(record(0, 0.2));
    for (const trial of [3, 1]) display.onConfirmed?.(record(trial, 0.22));
    assert.match(frame().join("\n"), /^Best {7}0\.220 \(\+0\.020\), trial 1$/m);
    display.onTrainingFailed?.({ trial: 3, sample: 1, reason: "no memory" });
    assert.ok(frame().includes("trial 3, sample 1 failed twice and is excluded: no memory"));
    display.stop();
  });

  it("counts trials that the search has beyond its plan", () => {
    const { display, frame } = show(true);
    search(display);
    assert.match(frame().join("\n"), /^Trials .* 3\/4 /m);
    display.onMoreTrials?.(12);
    assert.match(frame().join("\n"), /^Trials .* 3\/13 /m);
    display.stop();
  });

  it("follows the terminal's size", () => {
    const { display, frame, stderr } = show(true);
    search(display);
    for (const [columns, rows] of [
      [40, 10],
      [200, 60],
    ]) {
      Object.assign(stderr, { columns, rows });
      const lines = frame();
      assert.ok(lines.length <= rows && lines.every((line) => line.length < columns), lines.join("\n"));
      assert.ok(lines.includes("Best       0.250 (+0.150), trial 1"));
    }
    display.stop();
  });

  it("prints lines above while it runs, and leaves them on the first screen", () => {
    const { display, frame, stderr, terminal } = show(true);
    terminal.log("note: something");
    assert.equal(frame()[2], "note: something");
    display.onTrainingFailed?.({ trial: 2, sample: 0, reason: "no memory" });
    assert.ok(frame().includes("trial 2, sample 1 failed twice and is excluded: no memory"));
    display.stop();
    assert.ok(
      stderr.text.endsWith(
        "\x1b[?25h\x1b[?1049lnote: something\ntrial 2, sample 1 failed twice and is excluded: no memory\n",
      ),
    );
    const { length } = stderr.text;
    display.onTrainingStarted?.(1, 0);
    stderr.emit("resize");
    assert.equal(stderr.text.length, length, "nothing is drawn any more");
    terminal.log("after");
    assert.ok(stderr.text.endsWith("after\n"));
  });

  it("leaves the screen if the program ends", () => {
    const listeners = process.listenerCount("exit");
    const { display, stderr } = show(true);
    assert.equal(process.listenerCount("exit"), listeners + 1);
    const [leave] = process.listeners("exit").slice(-1);
    (leave as () => void)();
    assert.ok(stderr.text.endsWith("\x1b[?25h\x1b[?1049l"));
    display.stop();
    assert.equal(process.listenerCount("exit"), listeners);
  });

  it("has colours unless NO_COLOR is set", () => {
    const coloursOf = () => {
      const { display, frame, stderr } = show(true);
      search(display);
      const lines = frame();
      display.stop();
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
      return { lines, count: stderr.text.match(/\x1b\[\d+m/g)?.length ?? 0 };
    };
    const coloured = coloursOf();
    process.env.NO_COLOR = "1";
    try {
      assert.deepEqual(coloursOf(), { ...coloured, count: 0 });
    } finally {
      delete process.env.NO_COLOR;
    }
    assert.ok(coloured.count > 0);
  });
});

describe("the display of a search without a terminal", () => {
  it("is a line for each trial and each policy that is confirmed", () => {
    const { display, stderr } = show(false);
    search(display);
    display.onConfirmationStarted?.({ policies: 1, samples: 2, trainings: 1 });
    display.onConfirmed?.(record(0, 0.2));
    display.stop();
    assert.deepEqual(stderr.text.replace(/\d+s left/g, "0s left").split("\n"), [
      "trial 0/3  accuracy 0.100  baseline  [baseline 0.100; time left unknown]",
      "The baseline has learnt nothing: its validation accuracy of 0.100 is no better than guessing one of 10 classes (0.100). More epochs or images may help, or another model.",
      "trial 1/3  accuracy 0.250  rotate 0.30, portion 0.50  [baseline 0.100, best 0.250 (+0.150, trial 1); 0s left]",
      "trial 2, sample 1 failed twice and is excluded: no memory",
      "confirming the best policy and the baseline with 2 fresh trainings each; 1 of them remains",
      "confirmed the baseline  accuracy 0.200 ± 0.010  [0s left]",
      "",
    ]);
  });

  it("says after which epoch a trial was stopped early", () => {
    const { display, stderr } = show(false);
    display.onTrialFinished?.(record(0, 0.4));
    display.onTrialFinished?.({ ...record(1, 0.5), stoppedAt: 1 });
    assert.equal(
      stderr.text.split("\n")[1],
      "trial 1/3  accuracy 0.500, stopped after epoch 1  rotate 0.30, portion 0.50  [baseline 0.400; time left unknown]",
    );
  });

  it("counts no more epochs of a training that was stopped early", (context) => {
    let now = 0;
    context.mock.method(performance, "now", () => now);
    const { display, stderr } = show(false);
    for (const trial of [0, 1]) {
      now += 10_000;
      display.onEpoch?.(trial, 0, result(1));
      display.onTrainingFinished?.({ ...training(trial), ...(trial === 1 && { stoppedAt: 1 }) });
      display.onTrialFinished?.(record(trial, 0.4));
    }
    // 4 trainings, and 2 to confirm, of 2 epochs: 12, of which 1 and then 3 are over, after 10 s each.
    const [first, second] = stderr.text.split("\n");
    assert.match(first, /1m 50s left\]$/);
    assert.match(second, /1m 30s left\]$/);
  });

  it("says which machines train through a queue", () => {
    const { display, stderr } = show(false);
    for (let i = 0; i < 2; i++) display.showMachines([{ host: "box-a", trainings: i, imagesPerSecond: 100 }]);
    assert.equal(stderr.text, "1 machine: box-a; 100 images/s\n");
  });

  it("says nothing of a confirmation that is done", () => {
    const { display, stderr } = show(false);
    display.onConfirmationStarted?.({ policies: 2, samples: 2, trainings: 0 });
    assert.equal(stderr.text, "");
  });
});
