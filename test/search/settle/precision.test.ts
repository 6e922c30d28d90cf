// The precision of an experiment on engine native: by the model when it begins, and the same when it is resumed.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { inspectionOf } from "../../../src/child/model.ts";
import { resolveConfig } from "../../../src/config/load.ts";
import { findAddon } from "../../../src/engine/native/addon.ts";
import type { ExperimentFacts } from "../../../src/experiment/experiment.ts";
import { settleEngine } from "../../../src/search/settle/engine.ts";

const addon = findAddon();
const skip = "missing" in addon && `engine native ${addon.missing}`;
const config = resolveConfig({ data: "cifar10", engine: "native" });

describe("a model that engine native does not compile", { skip }, () => {
  const images = { height: 32, width: 32, classes: 10, replaceHead: true };

  it("is noted once, with the reason and the cost", async () => {
    const own = inspectionOf(
      join(import.meta.dirname, "../../fixtures/keras/keras3-efficientnetb0.keras"),
      images,
    );
    const { notes } = await settleEngine(config, own);
    assert.deepEqual(notes, [
      "engine native does not compile this model, since layer stem_activation has activation swish: its trainings run layer by layer, which takes about 3 times as long",
    ]);
    const began = { engine: "native", precision: "float32", kernels: null } as ExperimentFacts;
    const resumed = await settleEngine(config, own, began);
    assert.ok(resumed.notes.every((note) => !note.includes("compile")));
    for (const model of ["basiccnn", "wrn_16_2", "mobilenetv2"]) {
      assert.deepEqual((await settleEngine(config, inspectionOf(model, images))).notes, []);
    }
  });
});

describe("precision auto on engine native", { skip }, () => {
  it("is the faster one for the model, by the kernels of this processor", async () => {
    const kernels = "missing" in addon ? undefined : addon.kernels;
    const expected: Record<string, [basicCnn: string, mobileNet: string]> = {
      amx: ["bfloat16", "bfloat16"],
      avx512bf16: ["float32", "bfloat16"],
    };
    const images = { height: 32, width: 32, classes: 10 };
    const settled: string[] = [];
    for (const model of ["basiccnn", "mobilenetv2"])
      settled.push((await settleEngine(config, inspectionOf(model, images))).engine.precision);
    assert.deepEqual(settled, expected[kernels ?? ""] ?? ["float32", "float32"]);
  });

  it("stays what it was in an experiment that is resumed, whatever the model", async () => {
    const model = () => assert.fail("the model is not inspected");
    for (const precision of ["float32", "bfloat16"]) {
      const began = { engine: "native", precision, kernels: "avx512bf16" } as ExperimentFacts;
      const { engine } = await settleEngine(config, model, began);
      assert.equal(engine.precision, precision);
    }
  });
});
