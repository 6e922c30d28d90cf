// The GPU's memory as buffers that are used again. It takes the place of TensorFlow.js's BufferManager, which could not keep
// a recording's buffers apart from the others.

/** Buffers of one size and usage are alike. */
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

/** The buffers of recordings that never run at the same time, so that each may write where another one has. */
export class Reserve {
  readonly free = new FreeBuffers();
  readonly all = new Set<GPUBuffer>();
  /** Written once, from outside: nothing else may ever come to lie there, since a repetition reads it again. */
  readonly constants = new Set<GPUBuffer>();
}

/** Has the methods and fields of BufferManager that TensorFlow.js uses. */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #free = new FreeBuffers();
  /** Those of all reserves. */
  readonly #reserved = new Set<GPUBuffer>();
  /** Where buffers come from and go to while something is recorded. */
  reserve: Reserve | undefined;
  /** In bytes, as is the other. */
  numBytesUsed = 0;
  numBytesAllocated = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** A buffer of so many bytes. `isMapped`: to be written; it may come unmapped, and is then written by a copy. */
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
      // Also what was acquired before the recording: a repetition may read it.
      this.#reserveFor(reserve, buffer);
      if (!reserve.constants.has(buffer)) reserve.free.put(buffer);
      return;
    }
    // A repetition writes there again.
    if (this.#reserved.has(buffer)) return;
    if (isReused) this.#free.put(buffer);
    else this.#destroy(buffer);
  }

  /**
   * Frees the memory of a reserve whose recordings are over, and of whatever else nobody uses: the next model's buffers have
   * other sizes.
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
