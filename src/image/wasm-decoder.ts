// Decoders that are compiled to WebAssembly (@jsquash). On an error such a library throws a number or tries to end the
// process; its messages are collected and not printed.

import { Instance, Module, type ReadAsset, readAsset } from "../common/assets.ts";
import { messageOf } from "../common/errors.ts";
import type { Pixels } from "./batch.ts";
import type { RgbaPixels } from "./picture.ts";
import { withoutAlpha } from "./rgba.ts";

/** The part of the WebAssembly module that we use. */
interface Library {
  readonly decode: (file: Uint8Array, ...options: readonly (number | boolean)[]) => RgbaPixels | null;
  /** Its whole memory. */
  readonly HEAPU8: Uint8Array;
}

type CreateLibrary = (options: object) => Promise<Library>;

/** A library with more memory than this, in bytes, is replaced, because it cannot release memory. */
const LARGEST_MEMORY = 256 * 2 ** 20;

export interface Decoded {
  readonly picture: RgbaPixels;
  /** The library's messages about the file. */
  readonly messages: readonly string[];
}

export class WasmDecoder {
  /** Messages about the current file. */
  readonly #messages: string[] = [];
  readonly #asset: ReadAsset;
  readonly #load: () => Promise<{ readonly default: unknown }>;
  #module: object | undefined;
  #library: Library | undefined;

  /** @param load imports the library's JavaScript; `asset` is its WebAssembly. */
  constructor(asset: ReadAsset, load: () => Promise<{ readonly default: unknown }>) {
    this.#asset = asset;
    this.#load = load;
  }

  /**
   * Decodes the file with the options that the library takes.
   * @throws Error with the library's last message, if it has one.
   */
  async decode(bytes: Uint8Array, ...options: readonly (number | boolean)[]): Promise<Decoded> {
    while (!this.#library) this.#library = await this.#create();
    const library = this.#library;
    // From here on nothing waits: other files may be decoded at the same time.
    this.#messages.length = 0;
    try {
      const picture = library.decode(bytes, ...options);
      if (library.HEAPU8.length > LARGEST_MEMORY) this.#library = undefined;
      if (!picture) throw new Error("its data cannot be decoded");
      return { picture, messages: [...this.#messages] };
    } catch (error) {
      // It has not released its memory.
      this.#library = undefined;
      throw new Error(this.#messages.at(-1) ?? messageOf(error));
    }
  }

  async #create(): Promise<Library> {
    const { default: create } = await this.#load();
    this.#module ??= new Module(readAsset(this.#asset));
    const module = this.#module;
    const print = (line: string) => this.#messages.push(line);
    return (create as CreateLibrary)({
      noInitialRun: true,
      instantiateWasm: (imports: object, use: (instance: object) => void) => {
        const instance = new Instance(module, imports);
        use(instance);
        return instance.exports;
      },
      print,
      printErr: print,
    });
  }
}

/** The picture, decoded without the alpha channel. The library's errors are replaced, because they are numbers. */
export async function decodeRgb(
  decoder: WasmDecoder,
  bytes: Uint8Array,
  ...options: readonly (number | boolean)[]
): Promise<Pixels> {
  let picture: RgbaPixels;
  try {
    ({ picture } = await decoder.decode(bytes, ...options));
  } catch {
    throw new Error("its data cannot be decoded");
  }
  return { data: withoutAlpha(picture), height: picture.height, width: picture.width };
}
