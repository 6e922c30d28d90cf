// The basic CNN of the original DeepAugment (Keras's CIFAR-10 example of 2015 with more dropout):
// 1,250,858 parameters at 32 × 32 × 3 and 10 classes.

import { layers, sequential } from "@tensorflow/tfjs-layers";
import { dropoutKey, SeededDropout } from "../dropout.ts";
import { weightInitializers } from "../initializers.ts";
import { RmsProp } from "../optimizers.ts";
import type { ChildModel, ModelDefinition, ModelOptions } from "../types.ts";

export const basicCnn: ModelDefinition = {
  name: "basiccnn",
  about: "the original DeepAugment's: four convolutions and a dense layer, with much dropout",
  // Something is left of them after two valid convolutions and two poolings.
  smallestSide: 10,
  build: buildBasicCnn,
};

/** Images [batch, height, width, 3] to logits [batch, classes]; the loss includes the softmax. */
function buildBasicCnn(options: ModelOptions): ChildModel {
  const { height, width, classes, seed, engine } = options;
  const { glorotUniform } = weightInitializers(options);
  const convolution = (name: string, filters: number, padding: "same" | "valid") =>
    layers.conv2d({
      name,
      filters,
      kernelSize: 3,
      padding,
      activation: "relu",
      kernelInitializer: glorotUniform(name),
    });
  const dropout = (name: string, rate: number) =>
    new SeededDropout({ name, rate, key: dropoutKey(seed, "dropout", name) });

  const net = sequential({ name: "basiccnn" });
  net.add(layers.inputLayer({ inputShape: [height, width, 3] }));
  net.add(convolution("conv_1", 32, "same"));
  net.add(convolution("conv_2", 32, "valid"));
  net.add(layers.maxPooling2d({ name: "pool_1", poolSize: 2 }));
  net.add(dropout("dropout_1", 0.6));
  net.add(convolution("conv_3", 64, "same"));
  net.add(convolution("conv_4", 64, "valid"));
  net.add(layers.maxPooling2d({ name: "pool_2", poolSize: 2 }));
  net.add(dropout("dropout_2", 0.6));
  net.add(layers.flatten({ name: "flatten" }));
  net.add(
    layers.dense({
      name: "dense_1",
      units: 512,
      activation: "relu",
      kernelInitializer: glorotUniform("dense_1"),
    }),
  );
  net.add(dropout("dropout_3", 0.5));
  net.add(layers.dense({ name: "logits", units: classes, kernelInitializer: glorotUniform("logits") }));

  const learningRate = (step: number) => 0.001 / (1 + 1e-6 * step);
  const optimizer = new RmsProp(engine, { learningRate, rho: 0.9, epsilon: 1e-7 });
  return { net, optimizer, engine };
}
