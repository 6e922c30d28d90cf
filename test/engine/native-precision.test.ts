// Which precision is taken for a model, by the kernels of engine native: a rule, and no measurement.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { inspectionOf, inspectModel } from "../../src/child/model.ts";
import { type Addon, findAddon } from "../../src/engine/native/addon.ts";
import { rankPrecisions, winogradShare } from "../../src/engine/native/precision.ts";
import { onShapeBackend } from "../../src/engine/shape-backend.ts";
import type { EngineFound, Precisions } from "../../src/engine/types.ts";

const loaded = findAddon();
const skip = "missing" in loaded && `engine native ${loaded.missing}`;
const { addon } = loaded as { addon: Addon };

/** Engine native as a processor with these kernels has it. */
function foundWith(kernels: string, precisions: Precisions): EngineFound {
  return { version: "1.0.0", device: "a processor", isSoftware: false, precisions, kernels };
}

const images = (side: number) => ({ height: side, width: side, classes: 10 });

describe("the share of Winograd's convolutions", { skip }, () => {
  const shareOf = (model: string, side: number) =>
    inspectModel(model, images(side), ({ net }) => winogradShare(net, addon));

  it("counts the multiply-adds of a training step: of basiccnn those behind its first convolution", async () => {
    const convolutions = 900 * 9 * 32 * 32 + 225 * 9 * 32 * 64 + 169 * 9 * 64 * 64;
    const dense = 6 * 6 * 64 * 512 + 512 * 10;
    const first = 1024 * 9 * 3 * 32;
    assert.equal(
      await shareOf("basiccnn", 32),
      (3 * convolutions) / (2 * first + 3 * (convolutions + dense)),
    );
  });

  it("leaves out depthwise convolutions, those of 1 × 1, and those with many channels on small images", async () => {
    assert.equal(await shareOf("mobilenetv2", 32), 0);
    const [narrow, wide] = [await shareOf("wrn_16_2", 32), await shareOf("wrn_28_10", 32)];
    assert.ok(narrow > 0.85 && wide < 0.4, `${narrow}, ${wide}`);
  });

  it("is 0 for a model that is not compiled", async () => {
    const share = await onShapeBackend(() => {
      const net = sequential({
        layers: [
          layers.conv2d({ filters: 16, kernelSize: 3, inputShape: [16, 16, 16] }),
          layers.prelu(),
          layers.flatten(),
          layers.dense({ units: 10 }),
        ],
      });
      return winogradShare(net, addon);
    });
    assert.equal(share, 0);
  });
});

describe("precision auto on engine native", { skip }, () => {
  const bfloat16First: Precisions = ["bfloat16", "float32"];
  const takenBy = async (found: EngineFound, model: string, side = 32) => {
    const ranked = await rankPrecisions(found, inspectionOf(model, images(side)));
    assert.deepEqual([...ranked].sort(), ["bfloat16", "float32"]);
    return ranked[0];
  };

  it("with AVX-512's bfloat16 is float32 for models nearly all of whose products are Winograd's", async () => {
    const found = foundWith("avx512bf16", bfloat16First);
    for (const model of ["basiccnn", "wrn_16_2", "wrn_28_2"])
      assert.equal(await takenBy(found, model), "float32", model);
    for (const model of ["wrn_10_1", "wrn_10_2", "wrn_16_4", "wrn_28_10", "mobilenetv2"])
      assert.equal(await takenBy(found, model), "bfloat16", model);
    assert.equal(await takenBy(found, "inceptionv3", 75), "bfloat16");
  });

  it("is the same for every model with AMX, and without instructions for bfloat16", async () => {
    const model = () => assert.fail("the model is not inspected");
    for (const found of [foundWith("amx", bfloat16First), foundWith("avx2", ["float32", "bfloat16"])])
      assert.deepEqual(await rankPrecisions(found, model), found.precisions);
  });
});
