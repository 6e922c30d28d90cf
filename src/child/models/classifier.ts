// What the original DeepAugment put on the bodies of ImageNet networks, and how it trained them: global average pooling,
// 256 units, much dropout; Adam with a small learning rate, gradients clipped to norm 1.

import { input, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { dropoutKey, SeededDropout } from "../dropout.ts";
import { weightInitializers } from "../initializers.ts";
import { Adam } from "../optimizers.ts";
import type { ChildModel, ModelOptions } from "../types.ts";

/**
 * Images [batch, height, width, 3] to logits [batch, classes]; the loss includes the softmax.
 * @param body takes the images to features [batch, rows, columns, channels].
 */
export function buildClassifier(
  name: string,
  body: (images: SymbolicTensor) => SymbolicTensor,
  options: ModelOptions,
): ChildModel {
  const { height, width, classes, seed, engine } = options;
  const { glorotUniform } = weightInitializers(options);
  const images = input({ name: "images", shape: [height, width, 3] });
  const head = [
    layers.globalAveragePooling2d({ name: "pool", dataFormat: "channelsLast" }),
    layers.dense({
      name: "dense",
      units: 256,
      activation: "relu",
      kernelInitializer: glorotUniform("dense"),
    }),
    new SeededDropout({ name: "dropout", rate: 0.7, key: dropoutKey(seed, "dropout", "dropout") }),
    layers.dense({ name: "logits", units: classes, kernelInitializer: glorotUniform("logits") }),
  ];
  const outputs = head.reduce((x, layer) => layer.apply(x) as SymbolicTensor, body(images));
  const optimizer = new Adam(engine, {
    learningRate: 0.00001,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    clipNorm: 1,
  });
  return { net: model({ name, inputs: images, outputs }), optimizer, engine };
}
