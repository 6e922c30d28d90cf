// Dawn, the WebGPU of Chromium, as an addon of Node's (npm package `webgpu`): its adapters, and a device on the best.

import { assetPath, DAWN } from "../../common/assets.ts";
import { RunError } from "../../common/errors.ts";

interface Dawn {
  create(flags: readonly string[]): GPU;
  /** What a browser's window has: GPUBuffer, GPUBufferUsage and so on. */
  readonly globals: object;
}

/** It ends when nobody holds it any more, and its devices with it. */
let gpu: GPU | undefined;

/** WebGPU's entry. @throws Error where the addon cannot be loaded. */
function loadDawn(): GPU {
  if (gpu) return gpu;
  const loaded = { exports: {} };
  process.dlopen(loaded, assetPath(DAWN));
  const dawn = loaded.exports as Dawn;
  Object.assign(globalThis, dawn.globals);
  gpu = dawn.create([]);
  return gpu;
}

function requestAdapter(): Promise<GPUAdapter | null> {
  return loadDawn().requestAdapter({ powerPreference: "high-performance" });
}

/** An adapter as plain data. */
export interface AdapterDescription {
  /** By the name that its maker gave it. */
  readonly device: string;
  /** Of the driver, where it tells. */
  readonly driver: string;
  /** It computes on the processor. */
  readonly isSoftware: boolean;
}

/** What Dawn tells of an adapter; TensorFlow.js brings older types. */
interface AdapterInfo extends GPUAdapterInfo {
  readonly isFallbackAdapter: boolean;
}

function infoOf(adapter: GPUAdapter): AdapterInfo {
  return (adapter as unknown as { readonly info: AdapterInfo }).info;
}

/** By the names that they give themselves, where they do not say it: SwiftShader, Mesa's, Windows's. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|microsoft basic render/i;

/** The adapter that trainings would run on; null where there is none. @throws Error where Dawn cannot be loaded. */
export async function describeAdapter(): Promise<AdapterDescription | null> {
  const adapter = await requestAdapter();
  if (!adapter) return null;
  const { device, description, vendor, architecture, isFallbackAdapter } = infoOf(adapter);
  return {
    device: device || `${vendor} ${architecture}`.trim() || "an unnamed adapter",
    driver: description,
    isSoftware: isFallbackAdapter || SOFTWARE.test(`${device} ${description} ${vendor} ${architecture}`),
  };
}

/** A device of the best adapter, with all the memory that it lets one buffer have. @throws RunError where there is none. */
export async function requestDevice(): Promise<{ device: GPUDevice; info: GPUAdapterInfo; gpu: GPU }> {
  const adapter = await requestAdapter();
  if (!adapter) throw new RunError("engine webgpu finds no graphics adapter any more; run again");
  const {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupStorageSize,
  } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredLimits: {
      maxBufferSize,
      maxStorageBufferBindingSize,
      maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupStorageSize,
    },
  });
  return { device, info: infoOf(adapter), gpu: loadDawn() };
}
