// A model's steps on the GPU: images are copied to it once and gathered into batches there, losses and hits stay there until a
// pass ends, and after two steps of a kind the next ones are replays of a recording.

import {
  customGrad,
  engine,
  type GradSaveFunc,
  type NamedTensorMap,
  scalar,
  type Tensor,
  type Tensor2D,
  tidy,
  type Variable,
  variableGrads,
} from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { UsageError } from "../../common/errors.ts";
import type { DeviceModel, LabelledPixels, PassResult } from "../types.ts";
import { Reserve } from "./buffers.ts";
import type { GpuBackend } from "./gpu-backend.ts";
import { Repeated } from "./repeated.ts";
import { elementwise, type Shader, words, workgroupsFor } from "./shader.ts";

/** Images on the GPU, with the steps on them. */
interface Resident {
  /** Four values a word; each image begins at a word. */
  readonly pixels: GPUBuffer;
  /** int32 [images] */
  readonly labels: GPUBuffer;
  /** int32: the indices of a pass's images, in their order. */
  readonly order: GPUBuffer;
  /** float32 [images of a pass, 2]: the loss of each, and 1 if it was classified correctly. */
  readonly outcomes: GPUBuffer;
  /** The most images of a pass. */
  readonly capacity: number;
  /** By kind and number of images. */
  readonly steps: Map<string, Repeated>;
}

/** Gathers the next images of a pass, as pixels in [0, 1]. */
const GATHER: Shader = {
  name: "batch",
  code: `
struct Settings { first: u32, words: u32, size: u32, count: u32 }
@group(0) @binding(0) var<storage, read_write> batch: array<f32>;
@group(0) @binding(1) var<storage, read> pixels: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<uniform> settings: Settings;
${elementwise(
  "settings.words * settings.count",
  `
  let image = i / settings.words;
  let word = i % settings.words;
  let four = unpack4x8unorm(pixels[order[settings.first + image] * settings.words + word]);
  for (var k = 0u; k < 4u; k++) {
    let at = word * 4u + k;
    if (at < settings.size) { batch[image * settings.size + at] = four[k]; }
  }`,
)}`,
};

/** The loss of each image (softmax and cross-entropy), whether its class is the most likely, and the gradient of the mean. */
const HEAD: Shader = {
  name: "loss",
  code: `
struct Settings { first: u32, count: u32, classes: u32 }
@group(0) @binding(0) var<storage, read_write> gradient: array<f32>;
@group(0) @binding(1) var<storage, read_write> outcomes: array<vec2f>;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> labels: array<u32>;
@group(0) @binding(4) var<storage, read> order: array<u32>;
@group(0) @binding(5) var<uniform> settings: Settings;
${elementwise(
  "settings.count",
  `
  let classes = settings.classes;
  let begin = i * classes;
  let label = labels[order[settings.first + i]];
  var most = logits[begin];
  var likeliest = 0u;
  for (var c = 1u; c < classes; c++) {
    if (logits[begin + c] > most) { most = logits[begin + c]; likeliest = c; }
  }
  var sum = 0.0;
  for (var c = 0u; c < classes; c++) { sum += exp(logits[begin + c] - most); }
  for (var c = 0u; c < classes; c++) {
    let share = exp(logits[begin + c] - most) / sum;
    gradient[begin + c] = (share - select(0.0, 1.0, c == label)) / f32(settings.count);
  }
  outcomes[settings.first + i] = vec2f(log(sum) + most - logits[begin + label], select(0.0, 1.0, likeliest == label));`,
)}`,
};

export class GpuModel implements DeviceModel {
  readonly #backend: GpuBackend;
  readonly #net: LayersModel;
  readonly #trained: Variable[];
  readonly #state: Variable[];
  readonly #imageShape: number[];
  readonly #reserve = new Reserve();
  /** By their pixels. */
  readonly #residents = new Map<Uint8Array, Resident>();
  #resident: Resident | undefined;
  /** Of the pass: its images, and how many have been used. */
  #length = 0;
  #first = 0;

  constructor(backend: GpuBackend, net: LayersModel) {
    this.#backend = backend;
    this.#net = net;
    this.#trained = net.trainableWeights.map((weight) => weight.read() as Variable);
    this.#state = net.weights.map((weight) => weight.read() as Variable);
    this.#imageShape = net.inputs[0].shape.slice(1) as number[];
  }

  begin(images: LabelledPixels, order: Int32Array, areRedrawn = false): void {
    let resident = this.#residents.get(images.pixels);
    if (!resident || resident.capacity < order.length) {
      if (resident) this.#release(resident);
      resident = this.#load(images, Math.max(order.length, images.labels.length));
      this.#residents.set(images.pixels, resident);
    } else if (areRedrawn) {
      this.#backend.flush();
      this.#write(resident, images);
    }
    this.#resident = resident;
    this.#length = order.length;
    this.#first = 0;
    this.#backend.flush();
    this.#backend.writeBuffer(resident.order, Int32Array.from(order));
  }

  train(count: number): NamedTensorMap {
    return this.#step("train", count, (resident) => {
      const images = this.#gather(resident, count);
      const { grads } = variableGrads(() => {
        const logits = this.#net.apply(images, { training: true }) as Tensor2D;
        return customGrad((x, save) => {
          (save as GradSaveFunc)([this.#judge(resident, x as Tensor2D, count)]);
          // The value is not used: the images' losses are among the outcomes.
          return { value: scalar(0), gradFunc: (_: Tensor, saved: Tensor[]) => saved[0] };
        })(logits);
      }, this.#trained);
      return grads;
    });
  }

  evaluate(count: number): void {
    this.#step("evaluate", count, (resident) => {
      const images = this.#gather(resident, count);
      this.#judge(resident, this.#net.apply(images, { training: false }) as Tensor2D, count);
      return {};
    });
  }

  async end(): Promise<PassResult> {
    const values = new Float32Array(await this.#backend.readBuffer(this.#current().outcomes));
    let loss = 0;
    let correct = 0;
    for (let i = 0; i < this.#length; i++) {
      loss += values[2 * i];
      correct += values[2 * i + 1];
    }
    return { loss, correct };
  }

  /** How many shaders a replayed step of each kind dispatches. */
  get dispatches(): Record<string, number> {
    const steps = [...this.#residents.values()].flatMap((resident) => [...resident.steps]);
    return Object.fromEntries(steps.map(([kind, step]) => [kind, step.dispatches]));
  }

  dispose(): void {
    this.#backend.flush();
    for (const resident of this.#residents.values()) this.#release(resident);
    this.#residents.clear();
    this.#backend.buffers.free(this.#reserve);
  }

  #step(kind: string, count: number, run: (resident: Resident) => NamedTensorMap): NamedTensorMap {
    this.#backend.check();
    const resident = this.#current();
    const key = `${kind} ${count}`;
    let step = resident.steps.get(key);
    if (!step) {
      step = new Repeated(() => tidy(() => run(resident)), {
        backend: this.#backend,
        reserve: this.#reserve,
        state: this.#state,
      });
      resident.steps.set(key, step);
    }
    const outputs = step.call();
    this.#first += count;
    return outputs;
  }

  #current(): Resident {
    if (!this.#resident) throw new Error("no pass has begun");
    return this.#resident;
  }

  #gather(resident: Resident, count: number): Tensor {
    const [height, width, channels] = this.#imageShape;
    const size = height * width * channels;
    const perImage = Math.ceil(size / 4);
    const batch = this.#backend.make([count, height, width, channels]);
    this.#backend.run(
      GATHER,
      [this.#backend.bufferOf(batch), resident.pixels, resident.order],
      workgroupsFor(perImage * count),
      () => words(this.#first, perImage, size, count),
    );
    return engine().makeTensorFromTensorInfo(batch);
  }

  /** The gradient of the batch's mean loss with respect to the logits. */
  #judge(resident: Resident, logits: Tensor2D, count: number): Tensor2D {
    const gradient = this.#backend.make(logits.shape);
    const buffers = [
      this.#backend.bufferOf(gradient),
      resident.outcomes,
      this.#backend.bufferOf(logits),
      resident.labels,
      resident.order,
    ];
    const [, classes] = logits.shape;
    this.#backend.run(HEAD, buffers, workgroupsFor(count), () => words(this.#first, count, classes));
    return engine().makeTensorFromTensorInfo(gradient) as Tensor2D;
  }

  #load({ pixels, labels }: LabelledPixels, capacity: number): Resident {
    const size = pixels.length / labels.length;
    const padded = 4 * Math.ceil(size / 4);
    const bytes = padded * labels.length;
    const most = this.#backend.device.limits.maxStorageBufferBindingSize;
    if (bytes > most) {
      throw new UsageError(
        `the ${labels.length} images take ${Math.ceil(bytes / 1e6)} MB, and this GPU holds ${Math.floor(most / 1e6)} MB at once; lower image_size or train_set_size`,
      );
    }
    const acquire = (bytes: number) =>
      this.#backend.buffers.acquireBuffer(
        bytes,
        GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
      );
    const resident: Resident = {
      pixels: acquire(bytes),
      labels: acquire(4 * labels.length),
      order: acquire(4 * capacity),
      outcomes: acquire(8 * capacity),
      capacity,
      steps: new Map(),
    };
    this.#write(resident, { pixels, labels });
    return resident;
  }

  #write(resident: Resident, { pixels, labels }: LabelledPixels): void {
    const size = pixels.length / labels.length;
    const padded = 4 * Math.ceil(size / 4);
    const packed = padded === size ? pixels : new Uint8Array(padded * labels.length);
    if (packed !== pixels) {
      for (let i = 0; i < labels.length; i++)
        packed.set(pixels.subarray(i * size, (i + 1) * size), i * padded);
    }
    this.#backend.writeBuffer(resident.pixels, packed as Uint8Array<ArrayBuffer>);
    this.#backend.writeBuffer(resident.labels, Int32Array.from(labels));
  }

  #release({ pixels, labels, order, outcomes, steps }: Resident): void {
    for (const step of steps.values()) step.dispose();
    for (const buffer of [pixels, labels, order, outcomes])
      this.#backend.buffers.releaseBuffer(buffer, false);
  }
}
