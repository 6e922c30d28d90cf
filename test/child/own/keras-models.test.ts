// Children from files written by real Keras 2 and 3 have the same layers and compute the same function.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { buildModel } from "../../../src/child/model.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import { findAddon } from "../../../src/engine/native/addon.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { countLayers, KERAS_MODELS, logitsOf, modelPath, pixels, setWeights } from "./keras.ts";

let engine: Engine;
before(async () => {
  engine = await startEngine("missing" in findAddon() ? "wasm" : "native", "float32");
});

describe("a model that Keras wrote", () => {
  for (const { file, side, classes, layers, logits } of KERAS_MODELS) {
    it(`${file} has the same layers and outputs as in Keras`, () => {
      const options = { height: side, width: side, classes, seed: 1, engine, isShapeOnly: true };
      const { net, optimizer } = buildModel(modelPath(file), options);
      const byName = ([a]: [string, number], [b]: [string, number]) => (a < b ? -1 : 1);
      assert.deepEqual(countLayers(net).sort(byName), [...layers].sort(byName));
      setWeights(net);
      const images = pixels(side);
      const found = logitsOf(net, images);
      const largest = Math.max(...logits.flat().map(Math.abs));
      for (const [i, row] of logits.entries()) {
        for (const [k, logit] of row.entries()) {
          assert.ok(Math.abs(found[i][k] - logit) < 1e-4 * largest, `${found[i]} instead of ${row}`);
        }
      }
      images.dispose();
      net.dispose();
      optimizer.dispose();
    });
  }
});
