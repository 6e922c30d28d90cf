// Where files that are not JavaScript lie: in the packages that bring them, or in the standalone executable. There
// they are read where they are, or unpacked once into the cache folder for what wants a path. Whatever needs such a file
// asks here.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { getRawAsset, isSea } from "node:sea";
import { systemCode } from "./errors.ts";
import { writeFileWhole } from "./files.ts";
import { homeFolder } from "./home.ts";

/** This package's own that is compiled only where there is a C++ compiler. */
const ADDON = "deepaugment/native/deepaugment.node";

/** Dawn, in a package that npm may leave out where it does not install. */
export const DAWN =
  process.platform === "darwin"
    ? "webgpu/dist/darwin-universal/dawn.node"
    : (`webgpu/dist/${process.platform}-${process.arch}/dawn.node` as const);

/** Every asset, as package/path; the kernels are this package's own. */
export const ASSETS = [
  "deepaugment/kernels/augment.wasm",
  ADDON,
  DAWN,
  "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
  "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
  "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm",
  "@expo-google-fonts/ibm-plex-sans/400Regular/IBMPlexSans_400Regular.ttf",
  "@expo-google-fonts/ibm-plex-sans/600SemiBold/IBMPlexSans_600SemiBold.ttf",
] as const;

/** Node's error where a standalone executable has no such asset. */
const MISSING_IN_EXECUTABLE = "ERR_SINGLE_EXECUTABLE_APPLICATION_ASSET_NOT_FOUND";

export type Asset = (typeof ASSETS)[number];

/** The content of an asset. @throws Error where its package is not installed, or this one not built. */
export function readAsset(asset: Asset): Uint8Array {
  return isSea() ? new Uint8Array(getRawAsset(asset)) : readFileSync(assetPath(asset));
}

/** Whether the asset is here; all but the addons of the engines always are. */
export function hasAsset(asset: Asset): boolean {
  if (asset !== ADDON && asset !== DAWN) return true;
  try {
    if (isSea()) getRawAsset(asset);
    else assetPath(asset);
    return true;
  } catch (error) {
    if (["MODULE_NOT_FOUND", MISSING_IN_EXECUTABLE].includes(systemCode(error) ?? "")) return false;
    throw error;
  }
}

/** As much of WebAssembly as is used; its types come with those of browsers alone. */
interface WebAssemblyModules {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports?: object) => { readonly exports: object };
}

/** The host's WebAssembly. */
export const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyModules })
  .WebAssembly;

/**
 * The path of an asset on disk.
 * @throws Error where its package is not installed; RunError where it cannot be unpacked.
 */
export function assetPath(asset: Asset): string {
  return isSea() ? unpack(asset) : createRequire(import.meta.url).resolve(asset);
}

/** Writes the asset into a folder named by its digest, unless the very same file is there already. */
function unpack(asset: Asset): string {
  const content = new Uint8Array(getRawAsset(asset));
  const digest = sha256(content);
  const path = join(homeFolder(), "assets", digest.slice(0, 16), asset.split("/").pop() as string);
  if (!existsSync(path) || sha256(readFileSync(path)) !== digest) writeFileWhole(path, content);
  return path;
}

function sha256(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
