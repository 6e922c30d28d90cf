// Wide residual networks (Zagoruyko and Komodakis 2016, "Wide Residual Networks"), for images of any size: the paper's
// WRN-<depth>-<width> without dropout in its blocks. Blocks activate before they convolve (He et al. 2016, "Identity
// Mappings in Deep Residual Networks"). WRN-16-2 has 691,674 trainable parameters at 3 channels and 10 classes.

import { input, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { UsageError } from "../../common/errors.ts";
import { weightInitializers } from "../initializers.ts";
import { Adam } from "../optimizers.ts";
import type { ChildModel, ModelFamily, ModelOptions } from "../types.ts";

export const wideResnets: ModelFamily = {
  form: "wrn_<depth>_<width>",
  define(name) {
    const shape = parseWideResnet(name);
    if (!shape) return undefined;
    return {
      name,
      about: `Wide ResNet of depth ${shape.depth} and width ${shape.width} (Zagoruyko and Komodakis 2016)`,
      // The second and the third group halve images.
      smallestSide: 4,
      weights: countFilterWeights(shape),
      build: (options) => buildWideResnet(shape, options),
    };
  },
};

const SMALLEST_DEPTH = 10;

interface WideResnetShape {
  /** Layers with weights in a row: 6 n + 4, with n blocks in each of the three groups. */
  readonly depth: number;
  /** The groups have 16, 32 and 64 times as many channels. */
  readonly width: number;
}

/**
 * The shape that `wrn_<depth>_<width>` names; undefined if the name does not begin with wrn.
 * @throws UsageError if it does, but there is no such network.
 */
function parseWideResnet(name: string): WideResnetShape | undefined {
  if (!/^wrn([^a-z]|$)/.test(name)) return undefined;
  const match = /^wrn_(\d{1,4})_(\d{1,3})$/.exec(name);
  if (!match || Number(match[2]) === 0) {
    throw new UsageError(
      `model "${name}" (key model) is no Wide ResNet; write wrn_<depth>_<width>, such as wrn_16_2`,
    );
  }
  const [depth, width] = [Number(match[1]), Number(match[2])];
  const below = 6 * Math.floor((depth - 4) / 6) + 4;
  if (below === depth && depth >= SMALLEST_DEPTH) return { depth, width };
  const nearest = below < SMALLEST_DEPTH ? [SMALLEST_DEPTH] : [below, below + 6];
  throw new UsageError(
    `model "${name}" (key model): a Wide ResNet has depth 10, 16, 22 and so on (6 n + 4); use ${nearest
      .map((each) => `wrn_${each}_${width}`)
      .join(" or ")}`,
  );
}

/** Weights in the filters of all convolutions: nearly all that is trained. */
export function countFilterWeights({ depth, width }: WideResnetShape): number {
  const blocks = (depth - 4) / 6;
  let channels = 16;
  let count = 9 * 3 * channels;
  for (const filters of [16 * width, 32 * width, 64 * width]) {
    const projection = channels === filters ? 0 : channels * filters;
    count += projection + 9 * filters * (channels + filters * (2 * blocks - 1));
    channels = filters;
  }
  return count;
}

/**
 * Images [batch, height, width, 3] to logits [batch, classes]; the loss includes the softmax. Batch normalisation as in
 * Keras 2: momentum 0.99, epsilon 0.001. Adam with gradients clipped to norm 1, as the original DeepAugment trained it.
 */
function buildWideResnet({ depth, width }: WideResnetShape, options: ModelOptions): ChildModel {
  const { height, width: imageWidth, classes, engine } = options;
  const { glorotUniform, heNormal } = weightInitializers(options);
  const convolve = (x: SymbolicTensor, name: string, filters: number, kernelSize: number, strides: number) =>
    layers
      .conv2d({
        name,
        filters,
        kernelSize,
        strides,
        padding: "same",
        useBias: false,
        kernelInitializer: heNormal(name),
      })
      .apply(x) as SymbolicTensor;
  const activate = (x: SymbolicTensor, name: string) => {
    const normalise = layers.batchNormalization({ name: `${name}_norm`, momentum: 0.99, epsilon: 1e-3 });
    const relu = layers.activation({ name: `${name}_relu`, activation: "relu" });
    return relu.apply(normalise.apply(x)) as SymbolicTensor;
  };
  /** The shortcut is the unchanged input; if the shape changes, a projection of the activated input. */
  const addBlock = (x: SymbolicTensor, name: string, filters: number, strides: number) => {
    const activated = activate(x, `${name}_1`);
    const keepsShape = strides === 1 && x.shape[3] === filters;
    const shortcut = keepsShape ? x : convolve(activated, `${name}_shortcut`, filters, 1, strides);
    const inner = convolve(activated, `${name}_1_conv`, filters, 3, strides);
    const residual = convolve(activate(inner, `${name}_2`), `${name}_2_conv`, filters, 3, 1);
    return layers.add({ name: `${name}_add` }).apply([shortcut, residual]) as SymbolicTensor;
  };

  const images = input({ name: "images", shape: [height, imageWidth, 3] });
  let x = convolve(images, "conv", 16, 3, 1);
  for (const [group, filters] of [16 * width, 32 * width, 64 * width].entries()) {
    for (let block = 1; block <= (depth - 4) / 6; block++) {
      x = addBlock(x, `group_${group + 1}_block_${block}`, filters, group > 0 && block === 1 ? 2 : 1);
    }
  }
  const pool = layers.globalAveragePooling2d({ name: "pool", dataFormat: "channelsLast" });
  const logits = layers.dense({
    name: "logits",
    units: classes,
    kernelInitializer: glorotUniform("logits"),
  });
  const outputs = logits.apply(pool.apply(activate(x, "last"))) as SymbolicTensor;
  const net = model({ name: `wrn_${depth}_${width}`, inputs: images, outputs });
  const optimizer = new Adam(engine, {
    learningRate: 0.001,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    clipNorm: 1,
  });
  return { net, optimizer, engine };
}
