// A function on the GPU that is called again and again: twice it is run, and watched; if it did the same both times, what it
// did is repeated from then on without it.

import { dispose, type NamedTensorMap, type Variable } from "@tensorflow/tfjs-core";
import type { Reserve } from "./buffers.ts";
import type { GpuBackend } from "./gpu-backend.ts";
import type { Tape } from "./tape.ts";

export interface RepeatedOptions {
  readonly backend: GpuBackend;
  /** Where its buffers lie; see Reserve. */
  readonly reserve: Reserve;
  /** The variables that it may change. */
  readonly state: readonly Variable[];
}

export class Repeated {
  readonly #run: () => NamedTensorMap;
  readonly #options: RepeatedOptions;
  #first: Tape | undefined;
  #recorded: Tape | undefined;
  /** Where the variables lay when it was recorded. */
  #places: readonly GPUBuffer[] = [];
  /** It draws numbers on the host, or does another thing each time: it is run every time. */
  #isVarying = false;
  #outputs: NamedTensorMap = {};

  /** `run` gives tensors, of which this one disposes. */
  constructor(run: () => NamedTensorMap, options: RepeatedOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Dispatches of a repetition; 0 while it is not repeated. */
  get dispatches(): number {
    return this.#recorded?.dispatches ?? 0;
  }

  /** What the function gives; the tensors are there until the next call. */
  call(): NamedTensorMap {
    const { backend, reserve, state } = this.#options;
    const places = state.map((variable) => backend.bufferOf(variable));
    if (this.#recorded && places.every((place, i) => place === this.#places[i])) {
      backend.repeat(this.#recorded);
      return this.#outputs;
    }
    dispose(this.#outputs);
    const run = () => {
      this.#outputs = this.#run();
    };
    this.#recorded = undefined;
    const first = this.#first;
    if (this.#isVarying) {
      backend.watch(run, state);
    } else if (!first) {
      this.#first = backend.watch(run, state);
    } else {
      const tape = backend.record(run, state, reserve);
      this.#first = undefined;
      if (tape.equals(first)) [this.#recorded, this.#places] = [tape, places];
      else this.#isVarying = true;
    }
    return this.#outputs;
  }

  dispose(): void {
    dispose(this.#outputs);
    this.#outputs = {};
  }
}
