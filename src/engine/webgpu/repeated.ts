// Records a repeatedly called GPU function: the first two calls run normally; if their recordings match, later calls replay the
// commands.

import { dispose, type NamedTensorMap, type Variable } from "@tensorflow/tfjs-core";
import type { Reserve } from "./buffers.ts";
import type { GpuBackend } from "./gpu-backend.ts";
import type { Tape } from "./tape.ts";

export interface RepeatedOptions {
  readonly backend: GpuBackend;
  /** For its buffers; see Reserve. */
  readonly reserve: Reserve;
  /** The variables that the function may change. */
  readonly state: readonly Variable[];
}

export class Repeated {
  readonly #run: () => NamedTensorMap;
  readonly #options: RepeatedOptions;
  #first: Tape | undefined;
  #recorded: Tape | undefined;
  /** The variables' buffers at the time of the recording. */
  #places: readonly GPUBuffer[] = [];
  /** Its two recordings differ, for example because it draws numbers on the host: it then runs every time. */
  #isVarying = false;
  #outputs: NamedTensorMap = {};

  /** @param run the function; the tensors that it returns are disposed here. */
  constructor(run: () => NamedTensorMap, options: RepeatedOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Dispatches of a replay; 0 if it is not replayed yet. */
  get dispatches(): number {
    return this.#recorded?.dispatches ?? 0;
  }

  /** The function's results; the tensors are valid until the next call. */
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
