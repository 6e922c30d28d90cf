// Children from files written by real Keras 2 and 3 have the same layers, and compute the same function and gradients.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { buildModel } from "../../../src/child/model.ts";
import type { ChildModel } from "../../../src/child/types.ts";
import type { EngineName } from "../../../src/config/engines.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import { findAddon } from "../../../src/engine/native/addon.ts";
import type { Engine } from "../../../src/engine/types.ts";
import {
  countLayers,
  gradientsOf,
  KERAS_MODELS,
  type KerasModel,
  logitsOf,
  modelPath,
  pixels,
  setWeights,
} from "./keras.ts";

const ENGINES: EngineName[] = "missing" in findAddon() ? ["wasm"] : ["wasm", "native"];

/** The model with the weights for which its outputs in Keras are known. */
function buildKnown({ file, side, width = side, classes }: KerasModel, engine: Engine): ChildModel {
  const options = { height: side, width, classes, seed: 1, engine, isShapeOnly: true };
  const model = buildModel(modelPath(file), options);
  setWeights(model.net);
  return model;
}

function dispose({ net, optimizer }: ChildModel): void {
  net.dispose();
  optimizer.dispose();
}

for (const name of ENGINES) {
  describe(`a model that Keras wrote, on engine ${name}`, () => {
    let engine: Engine;
    before(async () => {
      engine = await startEngine(name, "float32");
    });

    for (const known of KERAS_MODELS) {
      const { file, side, width, layers, logits, gradients } = known;
      it(`${file} has the same layers and outputs as in Keras`, () => {
        const model = buildKnown(known, engine);
        const byName = ([a]: [string, number], [b]: [string, number]) => (a < b ? -1 : 1);
        assert.deepEqual(countLayers(model.net).sort(byName), [...layers].sort(byName));
        const images = pixels(side, width);
        const found = logitsOf(model.net, images);
        const largest = Math.max(...logits.flat().map(Math.abs));
        for (const [i, row] of logits.entries()) {
          for (const [k, logit] of row.entries()) {
            assert.ok(Math.abs(found[i][k] - logit) < 2e-5 * largest, `${found[i]} instead of ${row}`);
          }
        }
        images.dispose();
        dispose(model);
      });

      if (!gradients) continue;
      it(`${file} has the same gradients as in Keras`, () => {
        const model = buildKnown(known, engine);
        const images = pixels(side, width);
        const found = gradientsOf(model.net, images, gradients.training);
        const expected = Object.entries(gradients.values);
        assert.deepEqual([...found.keys()].sort(), expected.map(([name]) => name).sort());
        const whole = Math.hypot(...expected.map(([, [norm]]) => norm));
        for (const [name, [norm, product]] of expected) {
          const [foundNorm, foundProduct] = found.get(name) as readonly [number, number];
          const difference = Math.max(Math.abs(foundNorm - norm), Math.abs(foundProduct - product));
          // Gradients that are 0 but for rounding are compared with all gradients.
          assert.ok(
            difference < 1e-4 * norm + 1e-6 * whole,
            `${name}: ${found.get(name)} instead of ${norm}, ${product}`,
          );
        }
        images.dispose();
        dispose(model);
      });
    }
  });
}
