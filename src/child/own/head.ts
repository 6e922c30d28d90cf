// Adapts the end of a user's model. A child outputs logits, because the loss includes the softmax, so a final softmax
// of the model is removed. And it outputs one logit per class: the layer that determines their number (the head) can be
// replaced.

import { UsageError } from "../../common/errors.ts";
import { namedOf } from "./json.ts";
import type { Application, Network, NetworkLayer } from "./network.ts";

/** Applying softmax to the output of either gives the same probabilities as applying it once. */
const SOFTMAXES = ["softmax", "log_softmax"];

/** Layers that may follow the head: they keep the number of its outputs, or pool over positions. */
const AFTER_HEAD = [
  ...["Flatten", "Reshape", "Dropout", "Identity", "Activation", "ReLU"],
  ...["GlobalAveragePooling2D", "GlobalMaxPooling2D", "AveragePooling2D"],
];

export interface HeadOptions {
  /** Path of the file, for error messages. */
  readonly path: string;
  readonly classes: number;
  /** Whether a head that does not fit may be replaced. */
  readonly replaceHead: boolean;
}

/**
 * The network, changed to end in `classes` logits.
 * @throws UsageError if it ends in something else and `replaceHead` is false.
 */
export function withLogits(network: Network, { path, classes, replaceHead }: HeadOptions): Network {
  const { output, hadSoftmax } = withoutSoftmax(network.output);
  const head = findHead(output, classes, hadSoftmax);
  const problem = problemOf(output, head, classes);
  if (!problem) return { ...network, output };
  if (!replaceHead) {
    const fix = head ? "replace that layer" : "add one";
    throw new UsageError(`model ${path} ${problem}; set replace_head: true to ${fix}`);
  }
  return { ...network, output: head ? withClasses(output, head, classes) : withDense(output, classes) };
}

/** What is wrong with the end of the model, phrased to follow the model's name. */
function problemOf(output: Application, head: Application | undefined, classes: number): string | undefined {
  const { name, className } = output.layer;
  if (!head) return `ends in layer ${name} (${className}) and has no dense layer that outputs the classes`;
  const units = unitsOf(head.layer);
  if (units !== classes) {
    return `has ${units} output classes (layer ${head.layer.name}), but the data has ${classes}`;
  }
  // An activation after a convolutional head is part of the model, which ended in a softmax.
  const activation = head.layer.className === "Dense" ? activationBetween(output, head) : undefined;
  return activation && `ends in ${activation} (layer ${name}) instead of a softmax or no activation`;
}

/** The model's output before its softmax. */
function withoutSoftmax(output: Application): { output: Application; hadSoftmax: boolean } {
  const { layer, inputs } = output;
  const isLayer = layer.className === "Softmax" || layer.className === "Activation";
  const hadSoftmax = layer.className === "Softmax" || SOFTMAXES.includes(activationOf(layer));
  if (!hadSoftmax) return { output, hadSoftmax };
  if (isLayer) return { output: inputs[0], hadSoftmax };
  return { output: { layer: withConfig(layer, { activation: "linear" }), inputs }, hadSoftmax };
}

/** The layer that determines the number of outputs, if it can be replaced. */
function findHead(output: Application, classes: number, hadSoftmax: boolean): Application | undefined {
  for (let at = output; ; at = at.inputs[0]) {
    const { className } = at.layer;
    if (className === "Dense") return at;
    // Without a final softmax or the right number of outputs, a convolution is probably the last one of a headless
    // body.
    if (className === "Conv2D") return hadSoftmax || unitsOf(at.layer) === classes ? at : undefined;
    if (!AFTER_HEAD.includes(className)) return undefined;
  }
}

/** The last activation between the head (included) and the output. */
function activationBetween(output: Application, head: Application): string | undefined {
  for (let at = output; ; at = at.inputs[0]) {
    const activation = at.layer.className === "ReLU" ? "relu" : activationOf(at.layer);
    if (activation !== "linear") return activation;
    if (at === head) return undefined;
  }
}

/** Replaces a dense head, dropping all layers after it, or a convolutional head, keeping the layers after it. */
function withClasses(output: Application, head: Application, classes: number): Application {
  if (head.layer.className === "Dense") {
    return { ...head, layer: withConfig(head.layer, { units: classes, activation: "linear" }) };
  }
  if (output === head) return { ...head, layer: withConfig(head.layer, { filters: classes }) };
  const input = withClasses(output.inputs[0], head, classes);
  const isReshape = output.layer.className === "Reshape";
  const layer = isReshape ? withConfig(output.layer, { target_shape: [classes] }) : output.layer;
  return { layer, inputs: [input] };
}

/** Adds a dense layer after the output, or after global average pooling if the output is an image. */
function withDense(output: Application, classes: number): Application {
  const pool = { name: "pool", className: "GlobalAveragePooling2D", config: {} };
  const features = isImage(output) ? { layer: pool, inputs: [output] } : output;
  return { layer: { name: "logits", className: "Dense", config: { units: classes } }, inputs: [features] };
}

/** Whether the output has rows and columns. */
function isImage({ layer, inputs }: Application): boolean {
  const { className, config } = layer;
  if (className === "Flatten") return false;
  if (/^Global.*Pooling2D$/.test(className)) return config.keepdims === true;
  if (className === "Reshape") return Array.isArray(config.target_shape) && config.target_shape.length === 3;
  return inputs.length === 0 || isImage(inputs[0]);
}

/** Number of outputs of a dense layer, or of a convolution per position. */
function unitsOf({ config }: NetworkLayer): unknown {
  return config.units ?? config.filters;
}

function activationOf({ config }: NetworkLayer): string {
  const { activation } = config;
  const named = namedOf(activation);
  return named?.className === "function"
    ? String((activation as { config?: unknown }).config)
    : (named?.className ?? "linear");
}

function withConfig(layer: NetworkLayer, config: NetworkLayer["config"]): NetworkLayer {
  return { ...layer, config: { ...layer.config, ...config } };
}
