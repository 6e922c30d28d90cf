// `bench` from the command line: real processes, short runs. No test looks at a speed.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findAddon } from "../../src/engine/native/addon.ts";
import { run, runMain } from "./run.ts";

const isNativeHere = !("missing" in findAddon());
const bench = (...args: string[]) => runMain(["bench", "--seconds", "0.2", "--batch", "8", ...args]);

describe("deepaugment bench", () => {
  it("reports in a few lines how fast the engine trains, in as many processes as asked for", async () => {
    // Long enough for both processes to measure at the same time on a busy machine.
    const args = ["--batch", "8", "--workers", "2", "--engine", "wasm", "--seconds", "1"];
    const { code, stdout, stderr } = await run(["bench", ...args]);
    assert.deepEqual([code, stderr], [0, ""]);
    const [engine, model, workers, trained, validated, memory, ...more] = stdout.trimEnd().split("\n");
    assert.equal(engine, "Engine     wasm (float32)");
    assert.equal(model, "Model      basiccnn, 32 x 32 pixels, 10 classes, batches of 8");
    assert.equal(workers, "Workers    2");
    assert.match(trained, /^Trained {4}[1-9][\d,.]* images\/s$/);
    assert.match(validated, /^Validated {2}[1-9][\d,.]* images\/s$/);
    assert.match(memory, /^Memory {5}[1-9]\d+ MB per worker, [1-9]\d+ MB at most$/);
    assert.deepEqual(more, []);
  });

  it("reports the same as one JSON object, and notes what a person should know elsewhere", async () => {
    const args = ["--engine", "wasm", "--model", "wrn_10_1", "--workers", "1", "--threads", "4", "--json"];
    const { code, stdout, stderr } = await bench(...args);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: threads: 4 is for engine native[^\n]*\n$/);
    const { imagesPerSecond, validationImagesPerSecond, residentMegabytes, peakMegabytes, ...rest } =
      JSON.parse(stdout);
    assert.deepEqual(rest, {
      ...{ engine: "wasm", precision: "float32", kernels: null, model: "wrn_10_1", batch: 8 },
      ...{ imageShape: [32, 32, 3], classes: 10, workers: 1, threads: 1, seconds: 0.2 },
    });
    assert.ok(imagesPerSecond > 0 && validationImagesPerSecond > 0);
    for (const megabytes of [residentMegabytes, peakMegabytes]) {
      assert.equal(megabytes.length, 1);
      assert.ok(megabytes[0] > 0);
    }
  });

  it("shows where a step's time goes: by kernel on engine wasm", async () => {
    const { code, stdout, stderr } = await bench("--engine", "wasm", "--workers", "1", "--profile");
    assert.equal(code, 0, stderr);
    checkTable(stdout, /^kernel +ms per step +share$/, [
      "Conv2DBackpropFilter",
      "optimizer",
      "besides kernels",
    ]);
  });

  it("by layer and direction on engine native", { skip: !isNativeHere }, async () => {
    const args = ["--engine", "native", "--precision", "float32", "--workers", "1", "--profile"];
    const { code, stdout, stderr } = await bench(...args);
    assert.equal(code, 0, stderr);
    const rows = ["conv_2 +backward", "conv_2 +forward", "optimizer", "engine besides layers", "trainer"];
    checkTable(stdout, /^layer +direction +ms per step +share$/, rows);
  });

  it("has no profile of several threads", { skip: !isNativeHere }, async () => {
    const { code, stderr } = await bench("--threads", "2", "--profile");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^deepaugment: threads: a profile is of steps on one thread[^\n]*--threads[^\n]*\n$/,
    );
  });

  const wrong: [string[], RegExp][] = [
    [["--model", "basicnn"], /unknown model "basicnn".*did you mean "basiccnn"/],
    [["--model", "wrn_11_1"], /use wrn_10_1 or wrn_16_1/],
    [["--model", "wrn_9994_999"], /million weights.*use a smaller model/],
    [["--model", ""], /--model: expected a model/],
    [["--engine", "cuda"], /--engine: expected auto, native, .*received "cuda"/],
    [["--engine", "wasm", "--precision", "bfloat16"], /"bfloat16" is not available on engine wasm/],
    [["--precision", "float16"], /--precision: expected auto, float32, bfloat16/],
    [["--batch", "0"], /--batch: expected a whole number from 1/],
    [["--workers", "0"], /--workers: expected a whole number from 1/],
    [["--seconds", "0"], /--seconds: expected a number above 0/],
    [["--seconds", "soon"], /--seconds: expected a number above 0/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses in one line: ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await bench(...args);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, /^deepaugment: [^\n]+\n$/);
      assert.match(stderr, message);
    });
  }

  it("refuses in one line an engine that is not here", async () => {
    const args = ["bench", "--engine", "native"];
    const { code, stderr } = await run(args, { DEEPAUGMENT_NATIVE_ADDON: "/nowhere/deepaugment.node" });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^deepaugment: engine native cannot be loaded: [^\n]*; deepaugment doctor shows the others\n$/,
    );
  });
});

/** The table below the figures: its header, some of its rows, and that what it shows adds up to the step. */
function checkTable(stdout: string, header: RegExp, rows: readonly string[]): void {
  const [, step, table] = stdout.trimEnd().split("\n\n");
  const milliseconds = Number(/^A training step takes ([\d.]+) ms:$/.exec(step)?.[1]);
  assert.ok(milliseconds > 0, step);
  const [head, ...lines] = table.split("\n");
  assert.match(head, header);
  for (const row of rows)
    assert.ok(
      lines.some((line) => new RegExp(`^${row} +[\\d.]+ +[\\d.]+%$`).test(line)),
      `${row} in:\n${table}`,
    );
  const sum = lines.reduce((total, line) => total + Number(/([\d.]+) +[\d.]+%$/.exec(line)?.[1]), 0);
  // Each row is rounded to 0.01.
  assert.ok(Math.abs(sum - milliseconds) < 0.01 * lines.length, `${sum} of ${milliseconds} ms`);
}
