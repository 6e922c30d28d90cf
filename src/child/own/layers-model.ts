// A model of TensorFlow.js that a program gives instead of a model's name: its architecture and its optimizer are written to
// a file, as of any model of the user's own.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { messageOf, mismatch, UsageError } from "../../common/errors.ts";
import { readText, writeFileWhole } from "../../common/files.ts";
import { homeFolder } from "../../common/home.ts";
import { isObject } from "./json.ts";

/** What is used of a `tf.LayersModel`, of any copy of TensorFlow.js. */
export interface LayersModelLike {
  toJSON(unused?: unknown, returnString?: boolean): unknown;
  /** Undefined if the model was not compiled. */
  readonly optimizer?: { getClassName(): string; getConfig(): object };
}

/** A configuration in which the model may be one of TensorFlow.js. */
export type WithLayersModel<Config extends { model?: string }> = Omit<Config, "model"> & {
  readonly model?: Config["model"] | LayersModelLike;
};

/**
 * The configuration with the path of a file instead of a model of TensorFlow.js. The file is in the user's cache folder,
 * under a name by its content; an experiment keeps its own copy.
 * @throws UsageError if the value is neither a name nor such a model; RunError if the file cannot be written.
 */
export function withModelFile<Config extends { model?: string }>(config: WithLayersModel<Config>): Config {
  const { model } = config;
  if (model === undefined || typeof model === "string") return config as unknown as Config;
  return { ...config, model: writeModel(model) } as unknown as Config;
}

function writeModel(model: LayersModelLike): string {
  const text = JSON.stringify(describe(model));
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const name = (nameOf(model) ?? "model").replaceAll(/[^\w-]/g, "_");
  const path = join(homeFolder(), "models", `${name}-${digest}.json`);
  if (!existsSync(path) || readText(path) !== text) writeFileWhole(path, text);
  return path;
}

/** As TensorFlow.js itself saves it, without weights. */
function describe(model: LayersModelLike): object {
  const expected = "a model's name, the path of a file, or a tf.LayersModel";
  if (typeof model?.toJSON !== "function") throw new UsageError(mismatch("model", expected, model));
  let modelTopology: unknown;
  try {
    modelTopology = model.toJSON(null, false);
  } catch (error) {
    throw new UsageError(
      `model: it cannot be described (${messageOf(error)}); build it of TensorFlow.js's layers, with a known input shape`,
    );
  }
  if (!isObject(modelTopology) || typeof modelTopology.class_name !== "string") {
    throw new UsageError(mismatch("model", expected, modelTopology));
  }
  const { optimizer } = model;
  const trainingConfig = optimizer && {
    optimizer_config: { class_name: optimizer.getClassName(), config: optimizer.getConfig() },
  };
  return { format: "layers-model", modelTopology, ...(trainingConfig && { trainingConfig }) };
}

function nameOf(model: object): string | undefined {
  return "name" in model && typeof model.name === "string" ? model.name : undefined;
}
