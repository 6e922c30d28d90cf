// Reads the file of a user's own model: detects its format and finds the architecture and the optimizer. Weights in the
// file are not read.
//
// - Keras 3: `model.to_json()`, or a `.keras` archive (also Keras 2.12 and later) with the same in its `config.json`:
//   {class_name, config, compile_config: {optimizer}}.
// - Keras 2: `model.to_json()`: {class_name, config, keras_version}, without the optimizer.
// - TensorFlow.js Layers: `model.json` with `modelTopology`. Saved by TensorFlow.js, this is {class_name, config}, with
//   `trainingConfig` beside it; the converter from Keras writes {model_config, training_config}.

import { createHash } from "node:crypto";
import { unzipSync } from "fflate";
import { messageOf, systemCode, systemReason, UsageError } from "../../common/errors.ts";
import { parseJson } from "../../common/json.ts";
import { readOrdinaryFile } from "../../common/ordinary-files.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { Dialect } from "./network.ts";

export interface ModelFile {
  readonly path: string;
  /** The JSON text that the model is read from. Saved as a file, it gives the same model. */
  readonly text: string;
  /** SHA-256 of `text`. */
  readonly digest: string;
  /** {class_name, config}. */
  readonly architecture: JsonObject;
  readonly dialect: Dialect;
  /** {class_name, config}, or a name; undefined if the file has none. */
  readonly optimizer: unknown;
}

/** Characters of an architecture; those of keras.applications have at most a million. */
const MOST_TEXT = 2 ** 23;

/** @throws UsageError if the file cannot be read or is not a model in one of these formats. */
export function readModelFile(path: string): ModelFile {
  const text = architectureText(path, readBytes(path));
  if (text.length > MOST_TEXT) {
    throw new UsageError(
      `model ${path} has ${text.length} characters, more than the ${MOST_TEXT} that a model may have; ${EXPECTED}`,
    );
  }
  let json: unknown;
  try {
    json = parseJson(text);
  } catch (error) {
    throw new UsageError(`model ${path} is not valid JSON (${messageOf(error)}); ${EXPECTED}`);
  }
  if (!areFinite(json)) {
    throw new UsageError(`model ${path} has a number that is too large for a computer; ${EXPECTED}`);
  }
  if (!isObject(json)) throw new UsageError(`model ${path} does not contain a model; ${EXPECTED}`);
  if (json.format === "graph-model" || (isObject(json.modelTopology) && "node" in json.modelTopology)) {
    throw new UsageError(
      `model ${path} is a TensorFlow.js graph model, which cannot be trained; convert it to a Layers model: tensorflowjs_converter --output_format=tfjs_layers_model`,
    );
  }
  const digest = createHash("sha256").update(text).digest("hex");
  return { path, text, digest, dialect: dialectOf(json, text), ...partsOf(path, json) };
}

/** Whether all numbers in a JSON value are finite: `1e999` is not. */
function areFinite(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(areFinite);
  return typeof value !== "number" || Number.isFinite(value);
}

/** By the version in the file; Keras 3 writes none, nor does Keras 2 in archives. */
function dialectOf(json: JsonObject, text: string): Dialect {
  const topology = isObject(json.modelTopology) ? json.modelTopology : json;
  const version = String(topology.keras_version ?? "");
  if (version.startsWith("tfjs")) return "tensorflowjs";
  // The shape of inputs has another name in Keras 3.
  return version.startsWith("2.") || text.includes('"batch_input_shape"') ? "keras2" : "keras3";
}

const EXPECTED =
  "expected a TensorFlow.js Layers model.json, the JSON of Keras's model.to_json(), or a .keras archive";

function readBytes(path: string): Uint8Array {
  try {
    return readOrdinaryFile(path);
  } catch (error) {
    if (systemCode(error) === "EISDIR") {
      throw new UsageError(`model ${path} is a folder; ${EXPECTED}`);
    }
    throw new UsageError(`cannot read the model ${path}: ${systemReason(error)}`);
  }
}

/** The file's text, or that of `config.json` if the file is an archive. */
function architectureText(path: string, bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  if (start === "\x89HDF") {
    throw new UsageError(
      `model ${path} is an HDF5 file, which is not supported; write its architecture with model.to_json() or save the model as .keras`,
    );
  }
  if (!start.startsWith("PK")) return Buffer.from(bytes).toString("utf8");
  try {
    const files = unzipSync(bytes, { filter: ({ name }) => name === "config.json" });
    if (files["config.json"]) return Buffer.from(files["config.json"]).toString("utf8");
  } catch (error) {
    throw new UsageError(`model ${path} is truncated or not an archive (${messageOf(error)}); save it again`);
  }
  throw new UsageError(`model ${path} is an archive without config.json; ${EXPECTED}`);
}

function partsOf(path: string, json: JsonObject): Pick<ModelFile, "architecture" | "optimizer"> {
  const topology = isObject(json.modelTopology) ? json.modelTopology : json;
  const architecture = isObject(topology.model_config) ? topology.model_config : topology;
  if (typeof architecture.class_name !== "string") {
    throw new UsageError(`model ${path} does not contain a model (class_name is missing); ${EXPECTED}`);
  }
  const training = topology.training_config ?? json.trainingConfig;
  const optimizer = isObject(training) ? training.optimizer_config : undefined;
  const compiled = architecture.compile_config;
  return { architecture, optimizer: optimizer ?? (isObject(compiled) ? compiled.optimizer : undefined) };
}
