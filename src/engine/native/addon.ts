// The compiled kernels of native/ (Node-API).

import { createRequire } from "node:module";
import { assetPath } from "../../common/assets.ts";
import { messageOf } from "../../common/errors.ts";

/** The kernels as functions; see native/kernels.h. Arrays are float32, row by row. */
export interface Addon {
  /** Takes the kernels of this name, or the fastest; tells their name, or undefined where there are none such. */
  choose(name?: string): string | undefined;
  convolve(shape: Int32Array, input: Float32Array, filter: Float32Array, output: Float32Array): void;
  inputGradient(shape: Int32Array, gradient: Float32Array, filter: Float32Array, input: Float32Array): void;
  filterGradient(shape: Int32Array, input: Float32Array, gradient: Float32Array, filter: Float32Array): void;
  multiply(
    rows: number,
    columns: number,
    depth: number,
    a: Float32Array,
    isATransposed: boolean,
    b: Float32Array,
    isBTransposed: boolean,
    product: Float32Array,
  ): void;
}

let loaded: { addon: Addon } | { missing: string } | undefined;

/** The addon, or why it is not to be had. */
export function findAddon(): { addon: Addon } | { missing: string } {
  if (!loaded) {
    try {
      const require = createRequire(import.meta.url);
      loaded = { addon: require(assetPath("deepaugment/native/deepaugment.node")) as Addon };
    } catch (error) {
      loaded = { missing: messageOf(error) };
    }
  }
  return loaded;
}
