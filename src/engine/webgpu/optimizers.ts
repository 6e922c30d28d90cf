// Optimizers in one pass over each variable, in place; Adam with another one over the gradients, for their norm.

import { backend, type Variable } from "@tensorflow/tfjs-core";
import type { Optimizers, TrainedVariable } from "../optimizers.ts";
import type { GpuBackend } from "./gpu-backend.ts";
import { elementwise, type Shader, WORKGROUP, words, workgroupsFor } from "./shader.ts";

const SGD: Shader = {
  name: "SGD",
  code: `
@group(0) @binding(0) var<storage, read_write> variable: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<uniform> learningRate: f32;
${elementwise("arrayLength(&variable)", "variable[i] -= learningRate * gradient[i];")}`,
};

const SGD_WITH_MOMENTUM: Shader = {
  name: "SGD with momentum",
  code: `
struct Settings { learningRate: f32, momentum: f32, isNesterov: u32 }
@group(0) @binding(0) var<storage, read_write> variable: array<f32>;
@group(0) @binding(1) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<uniform> settings: Settings;
${elementwise(
  "arrayLength(&variable)",
  `
  let descent = -settings.learningRate * gradient[i];
  let present = settings.momentum * velocity[i] + descent;
  velocity[i] = present;
  variable[i] += select(present, settings.momentum * present + descent, settings.isNesterov == 1u);`,
)}`,
};

const RMSPROP: Shader = {
  name: "RMSprop",
  code: `
struct Settings { learningRate: f32, rho: f32, past: f32, epsilon: f32 }
@group(0) @binding(0) var<storage, read_write> variable: array<f32>;
@group(0) @binding(1) var<storage, read_write> meanSquare: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<uniform> settings: Settings;
${elementwise(
  "arrayLength(&variable)",
  `
  let slope = gradient[i];
  let mean = settings.rho * meanSquare[i] + settings.past * slope * slope;
  meanSquare[i] = mean;
  variable[i] -= settings.learningRate * slope / (sqrt(mean) + settings.epsilon);`,
)}`,
};

const ADAM: Shader = {
  name: "Adam",
  code: `
struct Settings { learningRate: f32, beta1: f32, past1: f32, beta2: f32, past2: f32, epsilon: f32 }
@group(0) @binding(0) var<storage, read_write> variable: array<f32>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> meanSquare: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read> factor: array<f32>;
@group(0) @binding(5) var<uniform> settings: Settings;
${elementwise(
  "arrayLength(&variable)",
  `
  let slope = gradient[i] * factor[0];
  let present = settings.beta1 * mean[i] + settings.past1 * slope;
  let square = settings.beta2 * meanSquare[i] + settings.past2 * slope * slope;
  mean[i] = present;
  meanSquare[i] = square;
  variable[i] -= settings.learningRate * present / (sqrt(square) + settings.epsilon);`,
)}`,
};

/** Workgroups that sum the squares of one gradient: each writes one sum. */
const NORM_PARTS = 16;

const SUM_SQUARES: Shader = {
  name: "sum of squares",
  code: `
@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<uniform> first: u32;
var<workgroup> lanes: array<f32, ${WORKGROUP}>;
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = group.x * ${WORKGROUP}u + lane; i < arrayLength(&gradient); i += ${NORM_PARTS * WORKGROUP}u) {
    sum += gradient[i] * gradient[i];
  }
  lanes[lane] = sum;
  workgroupBarrier();
  for (var half = ${WORKGROUP / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) { sums[first + group.x] = lanes[0]; }
}`,
};

/**
 * min(1, clipNorm / norm), or NaN if the norm is NaN. NaN is recognised by its bits: WGSL lets drivers assume that operands of
 * comparisons are not NaN, and NVIDIA's turns `select` into a minimum, which gives 1 for NaN.
 */
const CLIP_FACTOR: Shader = {
  name: "clipping factor",
  code: `
@group(0) @binding(0) var<storage, read_write> factor: array<f32>;
@group(0) @binding(1) var<storage, read> sums: array<f32>;
@group(0) @binding(2) var<uniform> clipNorm: f32;
@compute @workgroup_size(1)
fn main() {
  var sum = 0.0;
  for (var i = 0u; i < arrayLength(&sums); i++) { sum += sums[i]; }
  let isNaN = (bitcast<u32>(sum) & 0x7fffffffu) > 0x7f800000u;
  factor[0] = select(min(clipNorm / sqrt(sum), 1.0), sum, isNaN);
}`,
};

/** The pipeline and the bindings of a variable's pass, reused while its buffers are the same. */
interface Pass {
  readonly buffers: readonly GPUBuffer[];
  readonly pipeline: GPUComputePipeline;
  readonly bindings: GPUBindGroup;
}

/** Passes over variables that share their uniforms. */
class Passes {
  readonly #shader: Shader;
  readonly #known = new WeakMap<Variable, Pass>();
  #uniforms: GPUBuffer | undefined;
  #gpu: GpuBackend | undefined;

  constructor(shader: Shader) {
    this.#shader = shader;
  }

  run<Trained extends TrainedVariable>(
    gpu: GpuBackend,
    trained: readonly Trained[],
    uniforms: Uint32Array<ArrayBuffer>,
    buffersOf: (each: Trained) => GPUBuffer[],
  ): void {
    // Submits the commands that read the buffer before it is written again.
    gpu.flush();
    if (this.#gpu !== gpu) {
      this.#gpu = gpu;
      this.#uniforms = gpu.uniformBuffer(uniforms.byteLength);
    }
    const shared = this.#uniforms as GPUBuffer;
    gpu.writeBuffer(shared, uniforms);
    for (const each of trained) {
      const buffers = [...buffersOf(each), shared];
      let pass = this.#known.get(each.variable);
      if (!pass?.buffers.every((buffer, i) => buffer === buffers[i])) {
        const [pipeline, bindings] = gpu.prepare(this.#shader, buffers);
        pass = { buffers, pipeline, bindings };
        this.#known.set(each.variable, pass);
      }
      gpu.dispatch(pass.pipeline, pass.bindings, workgroupsFor(each.variable.size));
    }
  }
}

const sgdPasses = new Passes(SGD);
const momentumPasses = new Passes(SGD_WITH_MOMENTUM);
const rmsPropPasses = new Passes(RMSPROP);
const adamPasses = new Passes(ADAM);

function floats(...values: readonly number[]): Uint32Array<ArrayBuffer> {
  return words(...values.map((float) => ({ float })));
}

export const gpuOptimizers: Optimizers = {
  sgd(trained, { learningRate, momentum, isNesterov }) {
    const gpu = backend() as unknown as GpuBackend;
    if (momentum === 0) {
      sgdPasses.run(gpu, trained, floats(learningRate), ({ variable, gradient }) => [
        gpu.ownBuffer(variable),
        gpu.bufferOf(gradient),
      ]);
      return;
    }
    const settings = words({ float: learningRate }, { float: momentum }, isNesterov ? 1 : 0);
    momentumPasses.run(gpu, trained, settings, ({ variable, gradient, velocity }) => [
      gpu.ownBuffer(variable),
      gpu.ownBuffer(velocity as Variable),
      gpu.bufferOf(gradient),
    ]);
  },

  rmsProp(trained, { learningRate, rho, epsilon }) {
    const gpu = backend() as unknown as GpuBackend;
    const settings = floats(learningRate, rho, 1 - rho, epsilon);
    rmsPropPasses.run(gpu, trained, settings, ({ variable, gradient, meanSquare }) => [
      gpu.ownBuffer(variable),
      gpu.ownBuffer(meanSquare),
      gpu.bufferOf(gradient),
    ]);
  },

  adam(trained, { learningRate, beta1, beta2, epsilon, clipNorm }) {
    const gpu = backend() as unknown as GpuBackend;
    const sums = gpu.make([trained.length * NORM_PARTS]);
    for (const [i, { gradient }] of trained.entries()) {
      gpu.run(
        SUM_SQUARES,
        [gpu.bufferOf(sums), gpu.bufferOf(gradient)],
        [NORM_PARTS, 1, 1],
        words(i * NORM_PARTS),
      );
    }
    const factor = gpu.make([1]);
    gpu.run(CLIP_FACTOR, [gpu.bufferOf(factor), gpu.bufferOf(sums)], [1, 1, 1], floats(clipNorm));
    const settings = floats(learningRate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon);
    adamPasses.run(gpu, trained, settings, ({ variable, gradient, mean, meanSquare }) => [
      gpu.ownBuffer(variable),
      gpu.ownBuffer(mean),
      gpu.ownBuffer(meanSquare),
      gpu.bufferOf(gradient),
      gpu.bufferOf(factor),
    ]);
    for (const tensor of [sums, factor]) gpu.disposeData(tensor.dataId);
  },
};
