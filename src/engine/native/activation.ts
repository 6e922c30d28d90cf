// The bias and the activation at the end of TensorFlow.js's fused kernels.

import { Elu, LeakyRelu, Prelu, Sigmoid, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import { ACTIVATION, type Activation } from "./addon.ts";
import { callKernel } from "./kernels.ts";
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

const IN_PLACE: Record<string, Activation> = {
  linear: ACTIVATION.none,
  relu: ACTIVATION.relu,
  relu6: ACTIVATION.relu6,
};
/** Activations with a kernel of their own. */
const COMPOSED: Record<string, string> = { elu: Elu, leakyrelu: LeakyRelu, prelu: Prelu, sigmoid: Sigmoid };

/** What to do to [rows, channels]: in one pass, and in another kernel after it. */
export interface Finish {
  readonly bias: TensorInfo | undefined;
  readonly activation: Activation;
  readonly then?: { name: string; inputs: Record<string, TensorInfo>; attrs: Record<string, unknown> };
}

/** Undefined for what is left to the cpu backend: a bias of another shape than [channels], an unknown activation. */
export function finishOf(
  channels: number,
  { bias, preluActivationWeights }: FusedInputs,
  { activation, leakyreluAlpha }: FusedAttrs,
): Finish | undefined {
  const isOfChannels =
    !bias || (util.sizeFromShape(bias.shape) === channels && bias.shape.at(-1) === channels);
  if (!areFloats(bias) || !isOfChannels) return undefined;
  const name = activation ?? "linear";
  if (name in IN_PLACE) return { bias, activation: IN_PLACE[name] };
  if (!(name in COMPOSED)) return undefined;
  const inputs: Record<string, TensorInfo> = preluActivationWeights ? { alpha: preluActivationWeights } : {};
  const then = { name: COMPOSED[name], inputs, attrs: { alpha: leakyreluAlpha } };
  return { bias, activation: ACTIVATION.none, then };
}

/** Finishes values [rows, channels] in place; returns the tensor that replaces the given one. */
export function applyFinish(
  backend: NativeBackend,
  tensor: TensorInfo,
  values: Float32Array,
  channels: number,
  finish: Finish,
): TensorInfo {
  const { bias, activation } = finish;
  const { passes } = backend.addon;
  if (bias) passes.addBias(values.length / channels, channels, values, backend.floatsOf(bias), activation);
  else passes.activate(activation, values.length, values);
  return applyRest(backend, tensor, finish);
}

/** The rest, once bias and activation are done. */
export function applyRest(backend: NativeBackend, tensor: TensorInfo, { then }: Finish): TensorInfo {
  if (!then) return tensor;
  const result = callKernel(backend, then.name, { x: tensor, ...then.inputs }, then.attrs);
  backend.disposeIntermediateTensorInfo(tensor);
  return result;
}
