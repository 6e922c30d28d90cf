// MobileNetV2 of width 1.0 (Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks") for images of any
// size, layer by layer as in Keras (keras.applications.MobileNetV2), under the names there.

import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { weightInitializers } from "../initializers.ts";
import type { ChildModel, ModelDefinition, ModelOptions } from "../types.ts";
import { buildClassifier } from "./classifier.ts";

export const mobilenetV2: ModelDefinition = {
  name: "mobilenetv2",
  about: "MobileNetV2 of width 1.0 (Sandler et al. 2018)",
  // Images are halved five times, to one place.
  smallestSide: 32,
  build: buildMobilenetV2,
};

/** Groups of blocks: the factor by which a block expands its channels, its output channels, how many blocks, stride of the first. */
const BLOCKS = [
  { expansion: 1, filters: 16, count: 1, strides: 1 },
  { expansion: 6, filters: 24, count: 2, strides: 2 },
  { expansion: 6, filters: 32, count: 3, strides: 2 },
  { expansion: 6, filters: 64, count: 4, strides: 2 },
  { expansion: 6, filters: 96, count: 3, strides: 1 },
  { expansion: 6, filters: 160, count: 3, strides: 2 },
  { expansion: 6, filters: 320, count: 1, strides: 1 },
];

/** Images [batch, height, width, 3] to logits [batch, classes]; the loss includes the softmax. */
function buildMobilenetV2(options: ModelOptions): ChildModel {
  const { glorotUniform } = weightInitializers(options);
  const apply = (layer: layers.Layer, x: SymbolicTensor) => layer.apply(x) as SymbolicTensor;
  const normalise = (x: SymbolicTensor, name: string) =>
    apply(layers.batchNormalization({ name, momentum: 0.999, epsilon: 1e-3 }), x);
  const relu6 = (x: SymbolicTensor, name: string) => apply(layers.reLU({ name, maxValue: 6 }), x);
  const convolve = (x: SymbolicTensor, name: string, filters: number, kernelSize = 1, strides = 1) => {
    const kernelInitializer = glorotUniform(name);
    const settings = { name, filters, kernelSize, strides, kernelInitializer };
    return apply(layers.conv2d({ ...settings, padding: "same", useBias: false }), x);
  };
  const convolveDepthwise = (x: SymbolicTensor, prefix: string, strides: number) => {
    const name = `${prefix}_depthwise`;
    const settings = {
      name,
      kernelSize: 3,
      strides,
      depthwiseInitializer: glorotUniform(name),
      useBias: false,
    };
    if (strides === 1) return apply(layers.depthwiseConv2d({ ...settings, padding: "same" }), x);
    const [, height, width] = x.shape as [null, number, number];
    const around = (side: number): [number, number] => [side % 2, 1];
    const pad = layers.zeroPadding2d({ name: `${prefix}_pad`, padding: [around(height), around(width)] });
    return apply(layers.depthwiseConv2d({ ...settings, padding: "valid" }), apply(pad, x));
  };
  const addBlock = (
    x: SymbolicTensor,
    prefix: string,
    expansion: number,
    filters: number,
    strides: number,
  ) => {
    const channels = x.shape[3] as number;
    let inner = x;
    if (expansion > 1) {
      inner = normalise(convolve(inner, `${prefix}_expand`, expansion * channels), `${prefix}_expand_BN`);
      inner = relu6(inner, `${prefix}_expand_relu`);
    }
    inner = normalise(convolveDepthwise(inner, prefix, strides), `${prefix}_depthwise_BN`);
    inner = relu6(inner, `${prefix}_depthwise_relu`);
    inner = normalise(convolve(inner, `${prefix}_project`, filters), `${prefix}_project_BN`);
    if (strides > 1 || filters !== channels) return inner;
    return layers.add({ name: `${prefix}_add` }).apply([x, inner]) as SymbolicTensor;
  };

  return buildClassifier(
    "mobilenetv2",
    (images) => {
      let x = relu6(normalise(convolve(images, "Conv1", 32, 3, 2), "bn_Conv1"), "Conv1_relu");
      let number = 0;
      for (const { expansion, filters, count, strides } of BLOCKS) {
        for (let i = 0; i < count; i++, number++) {
          const prefix = number === 0 ? "expanded_conv" : `block_${number}`;
          x = addBlock(x, prefix, expansion, filters, i === 0 ? strides : 1);
        }
      }
      return relu6(normalise(convolve(x, "Conv_1", 1280), "Conv_1_bn"), "out_relu");
    },
    options,
  );
}
