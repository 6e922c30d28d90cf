// What a function does on the GPU, written down while it does it, to be done again without the function: dispatches of
// compute shaders and copies, with the buffers that they read and write. As CUDA graphs do, it leaves the host one call
// for each kernel, where TensorFlow.js has a tensor, a key and a layout to make.

/** A dispatch, or a copy of a whole buffer. */
type Command =
  | {
      readonly pipeline: GPUComputePipeline;
      readonly bindings: GPUBindGroup;
      readonly workgroups: readonly [number, number, number];
    }
  | { readonly from: GPUBuffer; readonly to: GPUBuffer };

/** Words that are told anew for every repetition, such as which step of the training it is. */
interface LiveWords {
  readonly buffer: GPUBuffer;
  readonly words: () => Uint32Array<ArrayBuffer>;
}

export class Tape {
  readonly #commands: Command[] = [];
  readonly #live: LiveWords[] = [];
  /** Of everything that a repetition does not tell anew. */
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

  /** Something that is the same every time, if the function does the same every time. */
  note(what: string): void {
    this.#trace.push(what);
  }

  /** The same of something that was written. */
  noteBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    this.note(Buffer.from(buffer, byteOffset, byteLength).toString("latin1"));
  }

  /** Whether the function has done the same both times. */
  equals(other: Tape): boolean {
    return (
      this.#trace.length === other.#trace.length && this.#trace.every((what, i) => what === other.#trace[i])
    );
  }

  /** Writes what is told anew; whatever uses it so far must have been submitted. */
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
 * The device as TensorFlow.js's backend uses it, which also writes down on the tape that `tape` gives, if any, what is
 * encoded and which words are written.
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
