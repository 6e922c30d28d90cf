// The compiled kernels of native/ (Node-API), where they were built and this processor runs them.

import { isSea } from "node:sea";
import { assetPath, hasAsset } from "../../common/assets.ts";
import { messageOf } from "../../common/errors.ts";
import type { Precision } from "../engine.ts";

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

export interface LoadedAddon {
  readonly addon: Addon;
  /** The name of the kernels that it began with: the fastest that this processor runs, unless told otherwise. */
  readonly kernels: string;
}

/** Why there is no addon and what would mend it, to be read after "engine native". */
export interface MissingAddon {
  readonly missing: string;
}

const ASSET = "deepaugment/native/deepaugment.node";

/** For checks and measurements: another addon than the built one, and kernels by name instead of the fastest. */
const { DEEPAUGMENT_NATIVE_ADDON, DEEPAUGMENT_NATIVE_KERNELS } = process.env;

let found: LoadedAddon | MissingAddon | undefined;

/** The addon, loaded once in a process, or why it is not to be had. */
export function findAddon(): LoadedAddon | MissingAddon {
  found ??= load();
  return found;
}

/**
 * The precisions in which the kernels can train on this processor, first the one that `precision: auto` takes: bfloat16
 * where the hardware multiplies it. So far all kernels compute in float32.
 */
export function precisionsOf(_addon: LoadedAddon): readonly [Precision, ...Precision[]] {
  return ["float32"];
}

function load(): LoadedAddon | MissingAddon {
  if (!DEEPAUGMENT_NATIVE_ADDON && !hasAsset(ASSET)) return { missing: absence() };
  try {
    const loaded = { exports: {} };
    process.dlopen(loaded, DEEPAUGMENT_NATIVE_ADDON ?? assetPath(ASSET));
    const addon = loaded.exports as Addon;
    const kernels = addon.choose(DEEPAUGMENT_NATIVE_KERNELS);
    if (kernels !== undefined) return { addon, kernels };
    return {
      missing: `has no kernels ${DEEPAUGMENT_NATIVE_KERNELS} that this processor runs (DEEPAUGMENT_NATIVE_KERNELS)`,
    };
  } catch (error) {
    const mend = DEEPAUGMENT_NATIVE_ADDON
      ? "DEEPAUGMENT_NATIVE_ADDON names it"
      : "npm run build makes it anew";
    return { missing: `cannot be loaded (${messageOf(error)}; ${mend})` };
  }
}

function absence(): string {
  if (process.platform === "win32") return "is not made for Windows yet";
  if (isSea()) return "is not in this executable (it was built where there is no C++ compiler)";
  return "is not built here (it takes a C++ compiler: install g++, and run npm run build)";
}
