// The precision of an experiment on engine native: by the model when it begins, and the same when it is resumed.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspectionOf } from "../../../src/child/model.ts";
import { resolveConfig } from "../../../src/config/load.ts";
import { findAddon } from "../../../src/engine/native/addon.ts";
import type { ExperimentFacts } from "../../../src/experiment/experiment.ts";
import { settleEngine } from "../../../src/search/settle/engine.ts";

const addon = findAddon();
const skip = "missing" in addon && `engine native ${addon.missing}`;
const config = resolveConfig({ data: "cifar10", engine: "native" });

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
