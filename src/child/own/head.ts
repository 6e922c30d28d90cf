// The end of a user's model. A child gives logits, since the softmax stands in the loss: one that the model ends in is taken
// off. And it gives one for each class: the layer that decides how many there are can be replaced.

import { UsageError } from "../../common/errors.ts";
import { namedOf } from "./json.ts";
import type { Application, Network, NetworkLayer } from "./network.ts";

/** A softmax after either would give the same probabilities as after none. */
const SOFTMAXES = ["softmax", "log_softmax"];

/** Between the layer that decides how many numbers come out and the end: they keep its numbers, or average them. */
const AFTER_HEAD = [
  ...["Flatten", "Reshape", "Dropout", "Identity", "Activation", "ReLU"],
  ...["GlobalAveragePooling2D", "GlobalMaxPooling2D", "AveragePooling2D"],
];

export interface HeadOptions {
  /** Of the file, for errors. */
  readonly path: string;
  readonly classes: number;
  /** Whether a head that does not fit may be replaced. */
  readonly replaceHead: boolean;
}

/**
 * The network, ending in `classes` logits.
 * @throws UsageError where it ends in something else, and may not be changed.
 */
export function withLogits(network: Network, { path, classes, replaceHead }: HeadOptions): Network {
  const { output, hadSoftmax } = withoutSoftmax(network.output);
  const head = findHead(output, classes, hadSoftmax);
  const problem = problemOf(output, head, classes);
  if (!problem) return { ...network, output };
  if (!replaceHead) {
    const mend = head ? "replace that layer" : "add one";
    throw new UsageError(`model ${path} ${problem}; set replace_head: true to ${mend}`);
  }
  return { ...network, output: head ? withClasses(output, head, classes) : withDense(output, classes) };
}

/** What is wrong with the end of the model, to be read after its name. */
function problemOf(output: Application, head: Application | undefined, classes: number): string | undefined {
  const { name, className } = output.layer;
  if (!head) return `ends in layer ${name} (${className}) and has no dense layer that tells classes apart`;
  const units = unitsOf(head.layer);
  if (units !== classes) {
    return `tells ${units} classes apart (layer ${head.layer.name}), and the data have ${classes}`;
  }
  // After a convolution it belongs to the model, which ended in a softmax.
  const activation = head.layer.className === "Dense" ? activationBetween(output, head) : undefined;
  return activation && `ends in ${activation} (layer ${name}), where a child has a softmax or nothing`;
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

/** The layer that decides how many numbers come out, if it is one that can be replaced. */
function findHead(output: Application, classes: number, hadSoftmax: boolean): Application | undefined {
  for (let at = output; ; at = at.inputs[0]) {
    const { className } = at.layer;
    if (className === "Dense") return at;
    // Without a softmax at the end, or the right number, a convolution may well be the last of a body without a head.
    if (className === "Conv2D") return hadSoftmax || unitsOf(at.layer) === classes ? at : undefined;
    if (!AFTER_HEAD.includes(className)) return undefined;
  }
}

/** The first activation on the way back from the output to the head, the head's own included. */
function activationBetween(output: Application, head: Application): string | undefined {
  for (let at = output; ; at = at.inputs[0]) {
    const activation = at.layer.className === "ReLU" ? "relu" : activationOf(at.layer);
    if (activation !== "linear") return activation;
    if (at === head) return undefined;
  }
}

/** A new last dense layer; or, where a convolution decides, a new convolution before all that followed the old one. */
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

/** A dense layer after the output; where that is an image, after its mean. */
function withDense(output: Application, classes: number): Application {
  const pool = { name: "pool", className: "GlobalAveragePooling2D", config: {} };
  const features = isImage(output) ? { layer: pool, inputs: [output] } : output;
  return { layer: { name: "logits", className: "Dense", config: { units: classes } }, inputs: [features] };
}

/** Whether it has rows and columns. */
function isImage({ layer, inputs }: Application): boolean {
  const { className, config } = layer;
  if (className === "Flatten") return false;
  if (/^Global.*Pooling2D$/.test(className)) return config.keepdims === true;
  if (className === "Reshape") return Array.isArray(config.target_shape) && config.target_shape.length === 3;
  return inputs.length === 0 || isImage(inputs[0]);
}

/** How many numbers a dense layer or a convolution gives, for an image or a place in it. */
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
