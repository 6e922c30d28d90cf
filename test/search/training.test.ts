// Trainings for real, one after another in one process, as the library and a worker run them.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { EngineChoice, Precision } from "../../src/config/engines.ts";
import { writeSubsets } from "../../src/dataset/subset-file.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { contentRef } from "../../src/search/content.ts";
import { runTraining } from "../../src/search/training.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-training-"));
const subsetsPath = join(folder, "subsets.bin");
const found = findAddon();

before(async () => {
  const { train } = await loadSample();
  writeSubsets(subsetsPath, { train: slice(train, 0, 32), validation: slice(train, 32, 42), classes: 10 });
});
after(() => rmSync(folder, { recursive: true }));

/** The losses of two epochs. */
async function losses(engine: EngineChoice, precision: Precision): Promise<number[]> {
  const { history } = await runTraining({
    trial: 0,
    sample: 0,
    policy: noAugmentation(1, 2),
    seed: 1,
    model: "basiccnn",
    engine,
    precision,
    threads: 1,
    epochs: 2,
    batchSize: 16,
    subsets: contentRef(subsetsPath),
  });
  return history.map(({ loss }) => loss);
}

describe("trainings of several experiments in one process", () => {
  it("run each on its own engine, in its own precision", {
    skip: "missing" in found && found.missing,
  }, async () => {
    const float32 = await losses("native", "float32");
    const bfloat16 = await losses("native", "bfloat16");
    const wasm = await losses("wasm", "float32");
    for (const others of [bfloat16, wasm]) {
      assert.notDeepEqual(others, float32);
      for (const [epoch, loss] of others.entries()) assert.ok(Math.abs(loss - float32[epoch]) < 0.05);
    }
    assert.deepEqual(await losses("native", "float32"), float32);
    assert.deepEqual(await losses("wasm", "float32"), wasm);
  });
});
