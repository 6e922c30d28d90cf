// What follows a convolution or a matrix product in TensorFlow.js's fused kernels: a bias, and an activation.

import { Elu, LeakyRelu, Prelu, Sigmoid, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { areFloats, callKernel } from "./kernels.ts";
import type { NativeBackend } from "./storage.ts";

/** Inputs and attributes of the fused kernels. */
export interface FusedInputs {
  bias?: TensorInfo;
  preluActivationWeights?: TensorInfo;
}
export interface FusedAttrs {
  activation?: string | null;
  leakyreluAlpha?: number;
}

/** Activations that have a kernel of their own. */
const COMPOSED: Record<string, string> = { elu: Elu, leakyrelu: LeakyRelu, prelu: Prelu, sigmoid: Sigmoid };

/** What is to be done to [rows, channels]: in the same pass, and by which kernel after it. */
export interface Finish {
  readonly bias: TensorInfo | undefined;
  /** Of `Addon.activationNames`. */
  readonly activation: number;
  readonly then?: { name: string; inputs: Record<string, TensorInfo>; attrs: Record<string, unknown> };
}

/** Undefined for what is left to the cpu backend: a bias of another shape than [channels], an unknown activation. */
export function finishOf(
  backend: NativeBackend,
  channels: number,
  { bias, preluActivationWeights }: FusedInputs,
  { activation, leakyreluAlpha }: FusedAttrs,
): Finish | undefined {
  if (!areFloats(bias) || (bias && (sizeOf(bias) !== channels || bias.shape.at(-1) !== channels)))
    return undefined;
  const name = activation ?? "linear";
  const found = backend.addon.activationNames.indexOf(name);
  if (found >= 0) return { bias, activation: found };
  const composed = COMPOSED[name];
  if (!composed) return undefined;
  const inputs = preluActivationWeights && { alpha: preluActivationWeights };
  const then = { name: composed, inputs: inputs ?? {}, attrs: { alpha: leakyreluAlpha } };
  return { bias, activation: backend.addon.activationNames.indexOf("linear"), then };
}

/** Finishes values [rows, channels] where they lie; what comes back takes their place. */
export function applyFinish(
  backend: NativeBackend,
  tensor: TensorInfo,
  values: Float32Array,
  channels: number,
  { bias, activation, then }: Finish,
): TensorInfo {
  if (bias || activation !== backend.addon.activationNames.indexOf("linear")) {
    const biasValues = bias && backend.floatsOf(bias);
    backend.addon.addBias(values.length / channels, channels, biasValues, activation, values);
  }
  if (!then) return tensor;
  const result = callKernel(backend, then.name, { x: tensor, ...then.inputs }, then.attrs);
  backend.disposeIntermediateTensorInfo(tensor);
  return result;
}

function sizeOf(tensor: TensorInfo): number {
  return util.sizeFromShape(tensor.shape);
}
