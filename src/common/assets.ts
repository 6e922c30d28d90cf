// Finds files that are not JavaScript: in the packages that bring them, or in the standalone executable, from which they
// are read, or unpacked once into the cache folder if a path is needed. All access to such files goes through here.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { getRawAsset, isSea } from "node:sea";
import { systemCode } from "./errors.ts";
import { homeFolder } from "./home.ts";
import { unpackFile } from "./packed-file.ts";
import { inPlatformPackages } from "./platform-packages.ts";

/** Compiled by this package, if there is a C++ compiler. */
export const NATIVE_ADDON = "deepaugment/native/deepaugment.node";

/** Dawn, unless it is in a package for this platform. */
export const DAWN = dawnFor(process.platform, process.arch);

/** The asset that Dawn is on a platform. */
export function dawnFor(platform: string, cpu: string) {
  return `webgpu/dist/${platform === "darwin" ? "darwin-universal" : `${platform}-${cpu}`}/dawn.node` as const;
}

/** Files that are read into memory, as package/path; the kernels and the page are this package's own. */
const READ_ASSETS = [
  "deepaugment/kernels/augment.wasm",
  "deepaugment/page/report.css",
  "deepaugment/page/report.js",
  "deepaugment/python/added.py",
  "deepaugment/python/added_numpy.py",
  "deepaugment/python/added_torchvision.py",
  "deepaugment/python/albumentations.py",
  "deepaugment/python/channels.py",
  "deepaugment/python/keras.py",
  "deepaugment/python/native_albumentations.py",
  "deepaugment/python/native_torchvision.py",
  "deepaugment/python/numpy.py",
  "deepaugment/python/operations.py",
  "deepaugment/python/torchvision.py",
  "@jsquash/avif/codec/dec/avif_dec.wasm",
  "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm",
  "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm",
  "@jsquash/jxl/codec/dec/jxl_dec.wasm",
  "@jsquash/webp/codec/dec/webp_dec.wasm",
  "@expo-google-fonts/ibm-plex-sans/400Regular/IBMPlexSans_400Regular.ttf",
  "@expo-google-fonts/ibm-plex-sans/600SemiBold/IBMPlexSans_600SemiBold.ttf",
] as const;

/** Files of which a path is needed: the standalone executable holds them packed (see packed-file.ts). */
export const UNPACKED_ASSETS = [
  NATIVE_ADDON,
  DAWN,
  "deepaugment/tensorflow/tfjs-backend-wasm.wasm",
  "deepaugment/tensorflow/tfjs-backend-wasm-simd.wasm",
  "deepaugment/tensorflow/tfjs-backend-wasm-threaded-simd.wasm",
] as const;

export type ReadAsset = (typeof READ_ASSETS)[number];
export type UnpackedAsset = (typeof UNPACKED_ASSETS)[number];
export type Asset = ReadAsset | UnpackedAsset;

export const ASSETS: readonly Asset[] = [...READ_ASSETS, ...UNPACKED_ASSETS];

/** Node's error if a standalone executable has no such asset. */
const MISSING_IN_EXECUTABLE = "ERR_SINGLE_EXECUTABLE_APPLICATION_ASSET_NOT_FOUND";

/** The content of an asset. @throws Error if its package is not installed, or this one not built. */
export function readAsset(asset: ReadAsset): Uint8Array {
  return isSea() ? new Uint8Array(getRawAsset(asset)) : readFileSync(packagePath(asset));
}

/** Whether the asset is available; all except the engines' addons always are. */
export function hasAsset(asset: Asset): boolean {
  if (asset !== NATIVE_ADDON && asset !== DAWN) return true;
  try {
    if (isSea()) getRawAsset(asset);
    else packagePath(asset);
    return true;
  } catch (error) {
    if (["MODULE_NOT_FOUND", MISSING_IN_EXECUTABLE].includes(systemCode(error) ?? "")) return false;
    throw error;
  }
}

/** The part of WebAssembly that we use; its types are only available among those of browsers. */
interface WebAssemblyModules {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports?: object) => { readonly exports: object };
}

/** The host's WebAssembly. */
export const { Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyModules })
  .WebAssembly;

/**
 * The path of an asset on disk.
 * @throws Error if its package is not installed; RunError if it cannot be unpacked.
 */
export function assetPath(asset: UnpackedAsset): string {
  if (!isSea()) return packagePath(asset);
  const packed = new Uint8Array(getRawAsset(asset));
  return unpackFile(packed, join(homeFolder(), "assets"), basename(asset));
}

/** The path of an asset in its package. @throws Error if that is not installed. */
export function packagePath(asset: Asset): string {
  const [dawn] = asset === DAWN ? inPlatformPackages(basename(DAWN)) : [];
  return dawn ?? createRequire(import.meta.url).resolve(asset);
}
