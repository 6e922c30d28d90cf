// The engine of an experiment, new or resumed, on a machine without the native engine's addon.

import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, it } from "node:test";
import { UsageError } from "../../../src/common/errors.ts";
import { resolveConfig } from "../../../src/config/load.ts";
import type { ExperimentFacts } from "../../../src/experiment/experiment.ts";

process.env.DEEPAUGMENT_NATIVE_ADDON = "/nowhere/deepaugment.node";
const { settleEngine } = await import("../../../src/search/settle/engine.ts");

const configOf = (values: Record<string, unknown>) => resolveConfig({ data: "cifar10", ...values });
/** No engine here depends on it. */
const model = () => assert.fail("the model is not inspected");
const began = (engine: string, kernels: string | null = null) =>
  ({ engine, precision: "float32", kernels }) as ExperimentFacts;

describe("settleEngine", () => {
  it("uses a worker per core on wasm, whatever the threads, and says that threads are for native", async () => {
    const { engine, workers, notes } = await settleEngine(configOf({ engine: "wasm", threads: 4 }), model);
    assert.deepEqual(engine, { name: "wasm", precision: "float32", kernels: null });
    assert.equal(workers, availableParallelism());
    assert.deepEqual(notes, ["threads: 4 is for engine native; a training on engine wasm has one"]);
    assert.equal((await settleEngine(configOf({ workers: 7 }), model)).workers, 7);
  });

  it("notes once that auto could not take native", async () => {
    const { engine, notes } = await settleEngine(configOf({}), model);
    assert.equal(engine.name, "wasm");
    assert.equal(notes.length, 1);
    assert.match(notes[0], /^engine native .*; trainings run on engine wasm$/);
  });

  it("resumes with the engine that an experiment began with; auto then means that engine", async () => {
    assert.deepEqual((await settleEngine(configOf({}), model, began("wasm"))).notes, []);
    const { kernels: _, ...older } = began("wasm");
    assert.deepEqual((await settleEngine(configOf({}), model, older as ExperimentFacts)).notes, []);
    await assert.rejects(
      () => settleEngine(configOf({}), model, began("native", "avx512")),
      (error) =>
        error instanceof UsageError &&
        /^the experiment began on engine native \(float32\), and keeps it unless --engine is given: engine native cannot be loaded: [^\n]*; deepaugment doctor shows the others$/.test(
          error.message,
        ),
    );
  });

  it("resumes with another engine if requested, and notes it", async () => {
    const { engine, notes } = await settleEngine(
      configOf({ engine: "wasm" }),
      model,
      began("native", "avx512"),
    );
    assert.equal(engine.name, "wasm");
    assert.equal(notes.length, 1);
    assert.match(
      notes[0],
      /^the experiment began on engine native \(float32, avx512\) and continues on wasm \(float32\): /,
    );
  });
});
