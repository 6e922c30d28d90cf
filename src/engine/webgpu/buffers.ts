// The GPU's memory as reused buffers. Replaces TensorFlow.js's BufferManager, which cannot reserve buffers for a recording.

/** Buffers of the same size and usage are interchangeable. */
class FreeBuffers {
  readonly #byKind = new Map<string, GPUBuffer[]>();

  take(size: number, usage: number): GPUBuffer | undefined {
    return this.#byKind.get(`${size} ${usage}`)?.pop();
  }

  put(buffer: GPUBuffer): void {
    const kind = `${buffer.size} ${buffer.usage}`;
    const others = this.#byKind.get(kind);
    if (others) others.push(buffer);
    else this.#byKind.set(kind, [buffer]);
  }

  *takeAll(): Iterable<GPUBuffer> {
    for (const buffers of this.#byKind.values()) yield* buffers.splice(0);
  }
}

/** The buffers of recordings that never run at the same time, and so may overwrite each other's. */
export class Reserve {
  readonly free = new FreeBuffers();
  readonly all = new Set<GPUBuffer>();
  /** Written once, from outside, and never reused: every replay reads them again. */
  readonly constants = new Set<GPUBuffer>();
}

/** With the methods and fields of BufferManager that TensorFlow.js uses. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #free = new FreeBuffers();
  /** The buffers of all reserves. */
  readonly #reserved = new Set<GPUBuffer>();
  /** Where buffers come from and return to during a recording. */
  reserve: Reserve | undefined;
  /** Both in bytes. */
  numBytesUsed = 0;
  numBytesAllocated = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A buffer of this many bytes. `isMapped`: for writing; if it is returned unmapped, it is written by a copy. */
  acquireBuffer(size: number, usage: number, isMapped = false, isReused = true): GPUBuffer {
    this.numBytesUsed += size;
    const { reserve } = this;
    if (!reserve) return (isReused && this.#free.take(size, usage)) || this.#create(size, usage, isMapped);
    const isConstant = isMapped || (usage & GPUBufferUsage.UNIFORM) !== 0;
    const found = isConstant ? undefined : (reserve.free.take(size, usage) ?? this.#free.take(size, usage));
    const buffer = found ?? this.#create(size, usage, isMapped);
    this.#reserveFor(reserve, buffer);
    if (isConstant) reserve.constants.add(buffer);
    return buffer;
  }

  releaseBuffer(buffer: GPUBuffer, isReused = true): void {
    this.numBytesUsed -= buffer.size;
    const { reserve } = this;
    if (reserve) {
      // Also buffers acquired before the recording: a replay may read them.
      this.#reserveFor(reserve, buffer);
      if (!reserve.constants.has(buffer)) reserve.free.put(buffer);
      return;
    }
    // A replay writes to them again.
    if (this.#reserved.has(buffer)) return;
    if (isReused) this.#free.put(buffer);
    else this.#destroy(buffer);
  }

  /**
   * Frees the memory of a reserve whose recordings are no longer needed, and all other unused memory: the next model's
   * buffers have other sizes.
   */
  free(reserve: Reserve): void {
    for (const buffer of [...reserve.all, ...this.#free.takeAll()]) {
      this.#reserved.delete(buffer);
      this.#destroy(buffer);
    }
  }

  dispose(): void {
    for (const buffer of this.#free.takeAll()) this.#destroy(buffer);
  }

  #reserveFor(reserve: Reserve, buffer: GPUBuffer): void {
    reserve.all.add(buffer);
    this.#reserved.add(buffer);
  }

  #create(size: number, usage: number, mappedAtCreation: boolean): GPUBuffer {
    this.numBytesAllocated += size;
    return this.#device.createBuffer({ size, usage, mappedAtCreation });
  }

  #destroy(buffer: GPUBuffer): void {
    this.numBytesAllocated -= buffer.size;
    buffer.destroy();
  }
}
