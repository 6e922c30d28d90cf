// The display of an evaluation as a function: over all sizes of a terminal and numbers of workers.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { type EvaluationState, evaluationFrame } from "../../src/cli/evaluation-frame.ts";
import { paintColours, paintNothing } from "../../src/cli/paint.ts";
import { widthOf } from "../../src/cli/text.ts";

const ARMS = [
  "none",
  "flip",
  "flip-crop",
  "trivialaugment",
  "policy",
  "top-policies",
  "flip-crop+top-policies",
];

const MACHINES = [
  { host: "box-a", trainings: 4, imagesPerSecond: 800 },
  { host: "box-b", trainings: 2, imagesPerSecond: 450 },
];

/** An evaluation in the middle. */
function stateOf(workers: number, more: Partial<EvaluationState> = {}): EvaluationState {
  return {
    title:
      "Evaluating on cifar10: 2,000 training and 10,000 test images; 7 arms × 5 samples = 35 trainings of basiccnn",
    folder: "reports/evaluations/2026-11-29_10-32-00",
    ...{ done: 16, trainings: 35, timeLeft: "12m 03s left", epochs: 100 },
    arms: ARMS.map((arm, i) => ({ arm, accuracies: i < 6 ? [0.5 + i / 100, 0.51 + i / 100] : [] })),
    running: Array.from({ length: workers }, (_, i) => {
      return i % 7 === 6 ? undefined : { arm: ARMS[i % 7], sample: i % 5, epoch: 1 + i };
    }),
    messages: [],
    ...more,
  };
}

describe("evaluationFrame", () => {
  it("fits 40 to 200 columns, 10 to 60 rows and 1 to 64 workers, with the best arm and the progress visible", () => {
    for (const columns of [39, 43, 47, 55, 63, 79, 95, 119, 159, 199]) {
      // Every number of rows at which parts are left out.
      for (const rows of [...Array.from({ length: 15 }, (_, i) => 10 + i), 28, 36, 48, 60]) {
        for (const workers of [1, 2, 3, 16, 64]) {
          const place = `${columns} × ${rows}, ${workers} workers`;
          for (const messages of [[], ["a note that is longer than the narrowest of all terminals", "b"]]) {
            const machines = messages.length > 0 ? MACHINES : undefined;
            const lines = evaluationFrame(stateOf(workers, { messages, machines }), {
              columns,
              rows,
              paint: paintNothing,
            });
            assert.ok(lines.length <= rows, place);
            for (const line of lines) assert.ok(widthOf(line) <= columns, `${place}: ${line}`);
            const text = lines.join("\n");
            assert.match(text, /16\/35 {2}12m 03s left$/m, place);
            assert.match(text, /^top-policies +55\.5% {2}2 samples$/m, place);
            if (machines && rows >= 36 && workers < 16 && columns > 60)
              assert.match(text, /^2 machines: box-a 4, box-b 2 /m);
            const isListed = /^ {2}none, sample 1 {2}epoch 1\/100$/m.test(text);
            assert.equal(/workers? busy$/m.test(text), !isListed, place);
          }
        }
      }
    }
  });

  it("shows an arm without a result, a free worker, and the folder if there is room", () => {
    const text = evaluationFrame(stateOf(7), { columns: 100, rows: 40, paint: paintNothing }).join("\n");
    assert.match(text, /^flip-crop\+top-policies +–$/m);
    assert.match(text, /^ {2}waiting$/m);
    assert.match(text, /^reports\/evaluations\/2026-11-29_10-32-00$/m);
  });

  it("wraps the title and has a heading, if there is room", () => {
    const linesOf = (columns: number, rows: number) =>
      evaluationFrame(stateOf(2), { columns, rows, paint: paintNothing });
    const [first, second, folder] = linesOf(79, 24);
    assert.equal(`${first} ${second}`, stateOf(2).title);
    assert.equal(folder, stateOf(2).folder);
    const narrow = linesOf(39, 20);
    assert.equal(narrow.slice(0, 3).join(" "), stateOf(2).title);
    assert.match(linesOf(39, 13)[1], /^and 10,000 test images; 7 arms × 5 .*…$/);
    for (const columns of [39, 79]) {
      assert.ok(linesOf(columns, 24).some((line) => /^arm +test accuracy so far$/.test(line)));
    }
    // Arms and trainings come first: 2 + 7 + 2 rows leave none, one, and two.
    assert.equal(linesOf(79, 11).length, 11);
    assert.match(linesOf(79, 11).join("\n"), /^Evaluating [^\n]*…\n[█░]+ {2}16\/35 {2}12m 03s left\nnone /);
    assert.match(
      linesOf(79, 12).join("\n"),
      /^Evaluating [^\n]*…\n[█░]+ {2}[^\n]*\narm +test accuracy so far\n/,
    );
    assert.match(linesOf(79, 13)[1], /^[^█░]+$/);
  });

  it("differs in colour only by its styles", () => {
    const size = { columns: 80, rows: 24 };
    const plain = evaluationFrame(stateOf(3), { ...size, paint: paintNothing });
    const coloured = evaluationFrame(stateOf(3), { ...size, paint: paintColours });
    assert.notDeepEqual(coloured, plain);
    assert.deepEqual(coloured.map(stripVTControlCharacters), plain);
  });
});
