// TensorFlow.js's WebGPU backend, extended by our own shaders, memory reserved for recordings, and errors that say how to fix
// them. Its commands can be recorded and replayed: see Tape.

import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import {
  type DataType,
  dispose,
  engine,
  type Tensor,
  type TensorInfo,
  type Variable,
} from "@tensorflow/tfjs-core";
import { RunError } from "../../common/errors.ts";
import { Buffers, type Reserve } from "./buffers.ts";
import type { Shader } from "./shader.ts";
import { Tape, tapedDevice } from "./tape.ts";

/** Parameters of a shader: the same each time, or computed anew for every replay of a recording. */
export type Uniforms = Uint32Array<ArrayBuffer> | (() => Uint32Array<ArrayBuffer>);

/** Private fields of TensorFlow.js's backend. */
interface Internals {
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  /** Released once the commands have been submitted. */
  readonly uniformPendingDisposal: GPUBuffer[];
}

export class GpuBackend extends WebGPUBackend {
  readonly buffers: Buffers;
  readonly #device: GPUDevice;
  readonly #recorder: { tape: Tape | undefined };
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  #failure: Error | undefined;

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    const recorder: { tape: Tape | undefined } = { tape: undefined };
    super(
      tapedDevice(device, () => recorder.tape),
      info,
    );
    this.#device = device;
    this.#recorder = recorder;
    this.buffers = new Buffers(device);
    this.bufferManager = this.buffers as unknown as WebGPUBackend["bufferManager"];
    device.addEventListener("uncapturederror", (event) =>
      this.#fail(failureOf((event as GPUUncapturedErrorEvent).error)),
    );
    device.lost.then(({ message }) => this.#fail(lossOf(message)));
  }

  /** @throws RunError if the GPU has failed: its results are then worthless. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** The buffer of the tensor's values on the GPU. */
  bufferOf({ dataId }: TensorInfo): GPUBuffer {
    this.uploadToGPU(dataId);
    return this.tensorMap.get(dataId).resource as GPUBuffer;
  }

  /** A tensor for a shader to write. */
  make(shape: number[], dtype: DataType = "float32"): TensorInfo {
    const tensor = this.makeTensorInfo(shape, dtype);
    this.uploadToGPU(tensor.dataId);
    return tensor;
  }

  run(
    shader: Shader,
    buffers: readonly GPUBuffer[],
    workgroups: readonly [number, number, number],
    uniforms?: Uniforms,
  ): void {
    const pipeline = this.#pipelineOf(shader);
    const bound = uniforms ? [...buffers, this.#writeUniforms(uniforms)] : buffers;
    this.dispatch(pipeline, this.bind(pipeline, bound), workgroups);
  }

  #pipelineOf({ name, code }: Shader): GPUComputePipeline {
    const known = this.#pipelines.get(code);
    if (known) return known;
    const module = this.#device.createShaderModule({ code, label: name });
    const pipeline = this.#device.createComputePipeline({
      compute: { module, entryPoint: "main" },
      label: name,
      layout: "auto",
    });
    this.#pipelines.set(code, pipeline);
    return pipeline;
  }

  /** The pipeline of a shader with bound buffers, for callers that dispatch it repeatedly. */
  prepare(shader: Shader, buffers: readonly GPUBuffer[]): [GPUComputePipeline, GPUBindGroup] {
    const pipeline = this.#pipelineOf(shader);
    return [pipeline, this.bind(pipeline, buffers)];
  }

  bind(pipeline: GPUComputePipeline, buffers: readonly GPUBuffer[]): GPUBindGroup {
    return this.#device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }

  dispatch(
    pipeline: GPUComputePipeline,
    bindings: GPUBindGroup,
    workgroups: readonly [number, number, number],
  ): void {
    this.ensureCommandEncoderReady();
    const internals = this.#internals;
    internals.computePassEncoder ??= (internals.commandEncoder as GPUCommandEncoder).beginComputePass();
    const pass = internals.computePassEncoder;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    pass.dispatchWorkgroups(...workgroups);
  }

  /** A uniform buffer that is written now, and released once the commands that use it have been submitted. */
  #writeUniforms(uniforms: Uniforms): GPUBuffer {
    const isLive = typeof uniforms === "function";
    const words = isLive ? uniforms() : uniforms;
    const buffer = this.buffers.acquireBuffer(
      words.byteLength,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    if (isLive) {
      this.#recorder.tape?.addLive(buffer, uniforms);
      this.#device.queue.writeBuffer(buffer, 0, words);
    } else {
      this.queue.writeBuffer(buffer, 0, words.buffer, 0, words.byteLength);
    }
    this.#internals.uniformPendingDisposal.push(buffer);
    return buffer;
  }

  /** Writes a buffer's first bytes, a multiple of four; commands that use its present content must have been submitted. */
  writeBuffer(
    buffer: GPUBuffer,
    data: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Int32Array<ArrayBuffer>,
  ): void {
    this.#device.queue.writeBuffer(buffer, 0, data);
  }

  /** A uniform buffer for its owner to write. */
  uniformBuffer(size: number): GPUBuffer {
    return this.#device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
  }

  /** A buffer's content after all pending writes. @throws RunError if the GPU has failed. */
  async readBuffer(buffer: GPUBuffer): Promise<ArrayBuffer> {
    this.check();
    try {
      const content = await this.getBufferData(buffer);
      this.check();
      return content;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  copy(from: GPUBuffer, to: GPUBuffer): void {
    this.#recorder.tape?.note(`copy ${from.size}`);
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.#internals.commandEncoder?.copyBufferToBuffer(from, 0, to, 0, from.size);
  }

  flush(): void {
    this.endComputePassEncoder();
    if (this.#internals.commandEncoder) this.submitQueue();
  }

  /**
   * Runs the function and records its commands. Variables in `state` to which it assigns are then changed in place, so that a
   * replay finds them there.
   */
  watch(run: () => void, state: readonly Variable[]): Tape {
    for (const { dataId } of state) this.uploadToGPU(dataId);
    const tape = new Tape();
    const places: Tensor[] = state.map((variable) => variable.clone());
    this.#recorder.tape = tape;
    try {
      run();
      for (const [i, variable] of state.entries()) {
        if (variable.dataId === places[i].dataId) continue;
        this.copy(this.bufferOf(variable), this.bufferOf(places[i]));
        variable.assign(places[i]);
      }
    } finally {
      this.#recorder.tape = undefined;
      dispose(places);
    }
    return tape;
  }

  /** The same, for replays: the buffers that it uses belong to the reserve from then on. */
  record(run: () => void, state: readonly Variable[], reserve: Reserve): Tape {
    this.flush();
    this.buffers.reserve = reserve;
    try {
      const tape = this.watch(run, state);
      this.flush();
      return tape;
    } finally {
      this.buffers.reserve = undefined;
    }
  }

  repeat(tape: Tape): void {
    this.flush();
    tape.refresh(this.#device.queue);
    const encoder = this.#device.createCommandEncoder();
    tape.encode(encoder);
    this.#device.queue.submit([encoder.finish()]);
  }

  /** A variable's buffer, for writing; the variable moves to a buffer of its own first if a clone shares its values. */
  ownBuffer(variable: Variable): GPUBuffer {
    const buffer = this.bufferOf(variable);
    if (this.refCount(variable.dataId) === 1) return buffer;
    const own = this.make(variable.shape);
    this.copy(buffer, this.bufferOf(own));
    const tensor = engine().makeTensorFromTensorInfo(own);
    variable.assign(tensor);
    tensor.dispose();
    return this.bufferOf(variable);
  }

  override uploadToGPU(dataId: object): void {
    const { tape } = this.#recorder;
    const { values, resource } = this.tensorMap.get(dataId);
    if (tape && ArrayBuffer.isView(values) && !resource) tape.noteBytes(values);
    super.uploadToGPU(dataId);
  }

  /** The values. They are not cached, since a replay changes them on the GPU. */
  override async read(dataId: object): ReturnType<WebGPUBackend["read"]> {
    this.check();
    try {
      const values = await super.read(dataId);
      const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
      if (data?.resource) data.values = null as unknown as typeof values;
      this.check();
      return values;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  get #internals(): Internals {
    return this as unknown as Internals;
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
  }
}

const LOWER = "lower child_batch_size, workers or image_size, or use a smaller model";

/** The error for one that Dawn reports outside of any call. */
export function failureOf(error: GPUError): Error {
  if (error instanceof GPUOutOfMemoryError) {
    return new RunError(`engine webgpu ran out of the GPU's memory; ${LOWER}`);
  }
  return new Error(`engine webgpu: ${error.message}`);
}

function lossOf(reason: string): Error {
  const [line] = reason.trim().split("\n");
  return new RunError(
    `engine webgpu lost the GPU (${line || "no reason given"}): its driver restarted, or its memory is full; ${LOWER}`,
  );
}
