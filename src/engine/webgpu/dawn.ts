// Dawn, the WebGPU of Chromium, as a Node addon (npm package `webgpu`): its adapters, and a device on the best one.

import { assetPath, DAWN } from "../../common/assets.ts";
import { RunError } from "../../common/errors.ts";

interface Dawn {
  create(flags: readonly string[]): GPU;
  /** Globals of a browser: GPUBuffer, GPUBufferUsage and so on. */
  readonly globals: object;
}

/** Kept, since it and its devices end when it is garbage-collected. */
let gpu: GPU | undefined;

/** The entry point of WebGPU. @throws Error if the addon cannot be loaded. */
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
  /** The driver's description; empty if it has none. */
  readonly driver: string;
  /** It computes on the processor. */
  readonly isSoftware: boolean;
}

/** Dawn's description of an adapter; the types of TensorFlow.js are older. */
interface AdapterInfo extends GPUAdapterInfo {
  readonly isFallbackAdapter: boolean;
}

function infoOf(adapter: GPUAdapter): AdapterInfo {
  return (adapter as unknown as { readonly info: AdapterInfo }).info;
}

/** Software adapters that are recognised by their names alone: SwiftShader, and those of Mesa and Windows. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|\bwarp\b|microsoft basic render/i;

/** The adapter on which trainings would run; null if there is none. @throws Error if Dawn cannot be loaded. */
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

/** A device of the best adapter, with its largest limits for buffers. @throws RunError if there is none. */
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
