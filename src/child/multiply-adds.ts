// What a model costs on any engine: the multiply-adds of its convolutions and dense layers, counted as in papers on networks.
// Everything else (normalisation, pooling, additions) is comparatively little and not counted.

import { LayersModel, type layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { RunError } from "../common/errors.ts";

/** For one image. */
export interface MultiplyAdds {
  /** Of the model's outputs. A filter's taps that reach over the image's border count too. */
  readonly forward: number;
  /**
   * Of a training step: forward, as many again for the gradient of each trained filter, and as many for the gradient of each
   * input that depends on something trained. That is nearly three times as many: only pixels need no gradient.
   */
  readonly training: number;
}

/** @throws RunError for a model that takes images of any size, and for an unknown kind of layer. */
export function multiplyAdds(net: LayersModel): MultiplyAdds {
  return countModel(net, false);
}

/** @param isInputTrained whether the model's inputs depend on something trained. */
function countModel(net: LayersModel, isInputTrained: boolean): MultiplyAdds {
  let forward = 0;
  let training = 0;
  /** Whether a visited tensor depends on something trained, by its id. */
  const visited = new Map<number, boolean>(net.inputs.map(({ id }) => [id, isInputTrained]));
  const visit = (tensor: SymbolicTensor): boolean => {
    const known = visited.get(tensor.id);
    if (known !== undefined) return known;
    const layer = tensor.sourceLayer;
    const { inputTensors, outputTensors } = layer.inboundNodes[tensor.nodeIndex];
    const wantsInputGradient = inputTensors.map(visit).includes(true);
    const isTrained = layer.trainableWeights.length > 0;
    if (layer instanceof LayersModel) {
      const inner = countModel(layer, wantsInputGradient);
      forward += inner.forward;
      training += inner.training;
    } else {
      const count = countLayer(layer, inputTensors[0], outputTensors[0]);
      forward += count;
      training += count * (1 + Number(isTrained) + Number(wantsInputGradient));
    }
    for (const { id } of outputTensors) visited.set(id, wantsInputGradient || isTrained);
    return wantsInputGradient || isTrained;
  };
  for (const output of net.outputs) visit(output);
  return { forward, training };
}

/** Forward. */
function countLayer(layer: layers.Layer, input: SymbolicTensor, output: SymbolicTensor): number {
  const filters = layer.weights.filter(({ originalName }) => originalName.endsWith("kernel"));
  if (filters.length === 0) return 0;
  const size = filters.reduce((sum, { shape }) => sum + product(shape, layer), 0);
  switch (layer.getClassName()) {
    case "Conv1D":
    case "Conv2D":
    case "Conv3D":
    case "DepthwiseConv2D":
    case "SeparableConv2D":
    case "GroupedConvolution2D":
    case "DilatedDepthwiseConvolution2D":
    case "Dense":
      // Each number of a filter is multiplied once for each place of the output.
      return size * places(layer, output);
    case "Conv2DTranspose":
    case "Conv3DTranspose":
      return size * places(layer, input);
    default:
      throw new RunError(
        `the multiply-adds of layer ${layer.name} are not known, since it is a ${layer.getClassName()}`,
      );
  }
}

/** Of an image [batch, ..., channels]: how many there are of all channels. */
function places(layer: layers.Layer, { shape }: SymbolicTensor): number {
  const isChannelsFirst = layer.getConfig().dataFormat === "channelsFirst";
  return product(isChannelsFirst ? shape.slice(2) : shape.slice(1, -1), layer);
}

function product(shape: readonly (number | null)[], layer: layers.Layer): number {
  return shape.reduce<number>((product, side) => {
    if (side !== null) return product * side;
    throw new RunError(`the multiply-adds of layer ${layer.name} depend on the size of its images`);
  }, 1);
}
