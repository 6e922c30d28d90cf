// Files of TensorFlow.js: Layers models saved by TensorFlow.js itself and by its converter from Keras.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { buildModel } from "../../../src/child/model.ts";
import { Sgd } from "../../../src/child/optimizers.ts";
import { readModelFile } from "../../../src/child/own/model-file.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { KERAS_MODELS, KERAS_OPTIMIZERS, logitsOf, modelPath, pixels } from "./keras.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
after(() => rmSync(folder, { recursive: true }));

let engine: Engine;
before(async () => {
  engine = await startEngine("wasm", "float32");
});

const OPTIONS = { height: 16, width: 16, classes: 10, seed: 1 };

/** `model.json` as TensorFlow.js's own file handlers write it, without the weights. */
async function save(model: Sequential, name: string): Promise<string> {
  const path = join(folder, name);
  const handler = tf.io.withSaveHandler(async ({ modelTopology, trainingConfig, format, generatedBy }) => {
    writeFileSync(path, JSON.stringify({ modelTopology, trainingConfig, format, generatedBy }));
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
  });
  await model.save(handler, { includeOptimizer: true });
  return path;
}

describe("a model.json of TensorFlow.js", () => {
  it("gives the saved model with its optimizer", async () => {
    const net = sequential();
    const kernelInitializer = "heNormal";
    net.add(layers.conv2d({ inputShape: [16, 16, 3], filters: 4, kernelSize: 3, kernelInitializer }));
    net.add(layers.batchNormalization());
    net.add(layers.reLU({ maxValue: 6 }));
    net.add(layers.maxPooling2d({ poolSize: 2 }));
    net.add(layers.dropout({ rate: 0.25 }));
    net.add(layers.flatten());
    net.add(layers.dense({ units: 10, activation: "softmax" }));
    net.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss: "categoricalCrossentropy" });
    const path = await save(net, "model.json");
    const child = buildModel(path, { ...OPTIONS, engine });
    assert.ok(child.optimizer instanceof Sgd);
    assert.equal(child.net.countParams(), net.countParams());
    child.net.setWeights(net.getWeights());
    const images = pixels(16);
    const found = tf.tidy(
      () => tf.softmax(tf.tensor2d(logitsOf(child.net, images))).arraySync() as number[][],
    );
    const expected = (net.predict(images) as tf.Tensor).arraySync() as number[][];
    for (const [i, row] of expected.entries()) {
      for (const [k, share] of row.entries()) assert.ok(Math.abs(found[i][k] - share) < 1e-6);
    }
  });

  it("is read as written by the converter, which embeds Keras's own description", () => {
    const { architecture } = readModelFile(modelPath("keras2-all-layers.json"));
    const path = join(folder, "converted.json");
    const training = { loss: "categorical_crossentropy", optimizer_config: KERAS_OPTIMIZERS[5].optimizer };
    const topology = { keras_version: "2.15.0", model_config: architecture, training_config: training };
    writeFileSync(
      path,
      JSON.stringify({ format: "layers-model", modelTopology: topology, weightsManifest: [] }),
    );
    const converted = buildModel(path, { ...OPTIONS, engine, isShapeOnly: true });
    const [, parameters] = KERAS_MODELS.find(({ file }) => file === "keras2-all-layers.json")!.layers.reduce(
      ([, sum], [name, count]) => [name, sum + count],
    );
    assert.equal(converted.net.countParams(), parameters);
    assert.deepEqual(readModelFile(path).optimizer, training.optimizer_config);
  });

  it("is rejected if it is a graph model, with the command to convert it", () => {
    const path = join(folder, "graph.json");
    writeFileSync(path, JSON.stringify({ format: "graph-model", modelTopology: { node: [] } }));
    assert.throws(() => readModelFile(path), /graph model.*tfjs_layers_model/);
  });
});
