// A trained child as a TensorFlow.js Layers model, which TensorFlow.js loads without this program: pixels in [0, 1],
// [batch, height, width, 3], to the classes' probabilities, [batch, classes].

import { layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { inspectModel } from "./model.ts";
import { parseSafetensors } from "./safetensors.ts";
import type { ModelImages } from "./types.ts";

/** The two files of a model: `model.json`, and the weights that it names. */
export interface SavedModel {
  readonly json: string;
  readonly weights: Uint8Array;
}

/**
 * @param name of the model that was trained.
 * @param safetensors its weights, as `serializeWeights` gives them.
 * @param weightsFile the name under which the weights will be stored beside `model.json`.
 */
export async function saveModel(
  name: string,
  images: ModelImages,
  safetensors: Uint8Array,
  weightsFile: string,
): Promise<SavedModel> {
  const { tensors } = parseSafetensors(Buffer.from(safetensors));
  const topology = await inspectModel(name, images, ({ net }) => {
    const probabilities = layers
      .softmax({ name: "probabilities", axis: -1 })
      .apply(net.outputs[0]) as SymbolicTensor;
    return model({ name: net.name, inputs: net.inputs, outputs: probabilities }).toJSON(null, false);
  });
  const specs = [...tensors].map(([weight, { shape }]) => ({ name: weight, shape, dtype: "float32" }));
  const json = {
    format: "layers-model",
    generatedBy: "DeepAugment",
    convertedBy: null,
    modelTopology: withPlainDropout(topology),
    weightsManifest: [{ paths: [weightsFile], weights: specs }],
  };
  return {
    json: `${JSON.stringify(json)}\n`,
    weights: Buffer.concat([...tensors.values()].map(({ bytes }) => bytes)),
  };
}

/** Our dropout, which draws masks from a key, as the layer that TensorFlow.js has. */
function withPlainDropout(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPlainDropout);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, withPlainDropout(each)]),
  );
  if (fields.class_name !== "SeededDropout") return fields;
  const { key: _, ...config } = fields.config as Record<string, unknown>;
  return { ...fields, class_name: "Dropout", config };
}
