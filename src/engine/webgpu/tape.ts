// A recording of a function's commands on the GPU, for replays without the function: dispatches of compute shaders and copies,
// with the buffers that they read and write. As with CUDA graphs, the host then makes one call for each kernel, while
// TensorFlow.js makes a tensor, a key and a layout.

/** A dispatch, or a copy of a whole buffer. */
type Command =
  | {
      readonly pipeline: GPUComputePipeline;
      readonly bindings: GPUBindGroup;
      readonly workgroups: readonly [number, number, number];
    }
  | { readonly from: GPUBuffer; readonly to: GPUBuffer };

/** Words that are computed anew for every replay, such as the number of the training step. */
interface LiveWords {
  readonly buffer: GPUBuffer;
  readonly words: () => Uint32Array<ArrayBuffer>;
}

export class Tape {
  readonly #commands: Command[] = [];
  readonly #live: LiveWords[] = [];
  /** Everything that a replay does not compute anew. */
  readonly #trace: string[] = [];

  get dispatches(): number {
    return this.#commands.filter((command) => "pipeline" in command).length;
  }

  add(command: Command): void {
    this.#commands.push(command);
  }

  addLive(buffer: GPUBuffer, words: LiveWords["words"]): void {
    this.#live.push({ buffer, words });
  }

  /** Adds a fact that is the same for every run of a function that always does the same. */
  note(what: string): void {
    this.#trace.push(what);
  }

  /** The same for written bytes. */
  noteBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    this.note(Buffer.from(buffer, byteOffset, byteLength).toString("latin1"));
  }

  /** Whether the function did the same in both recordings. */
  equals(other: Tape): boolean {
    return (
      this.#trace.length === other.#trace.length && this.#trace.every((what, i) => what === other.#trace[i])
    );
  }

  /** Writes the words that are computed anew; commands that use the present ones must have been submitted. */
  refresh(queue: GPUQueue): void {
    for (const { buffer, words } of this.#live) queue.writeBuffer(buffer, 0, words());
  }

  encode(encoder: GPUCommandEncoder): void {
    let pass: GPUComputePassEncoder | undefined;
    for (const command of this.#commands) {
      if ("pipeline" in command) {
        pass ??= encoder.beginComputePass();
        pass.setPipeline(command.pipeline);
        pass.setBindGroup(0, command.bindings);
        pass.dispatchWorkgroups(...command.workgroups);
      } else {
        pass?.end();
        pass = undefined;
        encoder.copyBufferToBuffer(command.from, 0, command.to, 0, command.from.size);
      }
    }
    pass?.end();
  }
}

/**
 * The device for TensorFlow.js's backend, which also records encoded commands and written words on the tape that `tape`
 * returns, if any.
 */
export function tapedDevice(device: GPUDevice, tape: () => Tape | undefined): GPUDevice {
  const taped = {
    features: device.features,
    limits: device.limits,
    queue: {
      submit: (commands: Iterable<GPUCommandBuffer>) => device.queue.submit(commands),
      writeBuffer: (buffer: GPUBuffer, offset: number, data: ArrayBuffer, first: number, size: number) => {
        tape()?.noteBytes(new Uint8Array(data, first, size));
        device.queue.writeBuffer(buffer, offset, data, first, size);
      },
    },
    createBindGroup: (descriptor: GPUBindGroupDescriptor) => device.createBindGroup(descriptor),
    createCommandEncoder: () => tapedEncoder(device.createCommandEncoder(), tape),
    createComputePipeline: (descriptor: GPUComputePipelineDescriptor) =>
      device.createComputePipeline(descriptor),
    createShaderModule: (descriptor: GPUShaderModuleDescriptor) => device.createShaderModule(descriptor),
  };
  return taped as unknown as GPUDevice;
}

function tapedEncoder(encoder: GPUCommandEncoder, tape: () => Tape | undefined): GPUCommandEncoder {
  const taped = {
    beginComputePass: () => tapedPass(encoder.beginComputePass(), tape),
    copyBufferToBuffer: (from: GPUBuffer, _from: number, to: GPUBuffer, _to: number, size: number) => {
      tape()?.add({ from, to });
      encoder.copyBufferToBuffer(from, 0, to, 0, size);
    },
    finish: () => encoder.finish(),
  };
  return taped as unknown as GPUCommandEncoder;
}

function tapedPass(pass: GPUComputePassEncoder, tape: () => Tape | undefined): GPUComputePassEncoder {
  let pipeline: GPUComputePipeline;
  let bindings: GPUBindGroup;
  const taped = {
    setPipeline: (next: GPUComputePipeline) => {
      pipeline = next;
      pass.setPipeline(next);
    },
    setBindGroup: (index: number, next: GPUBindGroup) => {
      bindings = next;
      pass.setBindGroup(index, next);
    },
    dispatchWorkgroups: (x: number, y = 1, z = 1) => {
      tape()?.add({ pipeline, bindings, workgroups: [x, y, z] });
      tape()?.note(`${pipeline.label} ${x} ${y} ${z}`);
      pass.dispatchWorkgroups(x, y, z);
    },
    end: () => pass.end(),
  };
  return taped as unknown as GPUComputePassEncoder;
}
