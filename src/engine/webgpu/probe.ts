// Whether this machine has engine `webgpu`: Dawn, and an adapter that it can use. The check runs in a process of its own, since
// a graphics driver may crash, hang or print.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSea } from "node:sea";
import { version_core } from "@tensorflow/tfjs-core";
import { DAWN, hasAsset } from "../../common/assets.ts";
import { InterruptedError, messageOf, systemCode } from "../../common/errors.ts";
import { WorkerPool } from "../../common/worker-pool.ts";
import type { EngineMissing, EngineProbe } from "../types.ts";
import type { AdapterDescription } from "./dawn.ts";

/** Returns a description of the adapter; null if there is none. */
export type AskAdapter = () => Promise<AdapterDescription | null>;

/** The loader of Vulkan. */
const VULKAN = "libvulkan.so.1";

/** After this time without an answer the driver is assumed to hang, in milliseconds. */
const PATIENCE = 20_000;

export async function probeWebgpu(): Promise<EngineProbe> {
  if (!hasAsset(DAWN)) return withoutDawn();
  if (!hasVulkan()) return { missing: "finds no Vulkan here", fix: driverFix() };
  return probeAdapter(askInProcess);
}

/** The probe's result, by the answer to `ask`. */
export async function probeAdapter(ask: AskAdapter): Promise<EngineProbe> {
  try {
    const adapter = await ask();
    if (!adapter) return { missing: "finds no graphics card that it can use", fix: driverFix() };
    const { device, driver, isSoftware } = adapter;
    return {
      version: version_core,
      device: driver && driver !== device ? `${device} (${driver})` : device,
      isSoftware,
      precisions: ["float32"],
      kernels: null,
    };
  } catch (error) {
    const missing =
      error instanceof InterruptedError
        ? `got no answer from the graphics driver in ${PATIENCE / 1000} s`
        : `cannot query the graphics driver: ${messageOf(error)}`;
    return { missing, fix: driverFix() };
  }
}

async function askInProcess(): Promise<AdapterDescription | null> {
  const pool = new WorkerPool<null, AdapterDescription | null>("adapter", 1, { isQuiet: true });
  try {
    return await pool.run(null, { signal: AbortSignal.timeout(PATIENCE) });
  } finally {
    await pool.close();
  }
}

/** Whether there are files of Vulkan: this makes the answer quick on most machines without a graphics card. */
function hasVulkan(): boolean {
  if (process.platform !== "linux") return true;
  try {
    // The libraries that the dynamic linker of glibc finds by name. Without this file the driver is queried.
    if (readFileSync("/etc/ld.so.cache").includes(VULKAN)) return true;
  } catch (error) {
    if (systemCode(error)) return true;
    throw error;
  }
  const folders = [
    ...(process.env.LD_LIBRARY_PATH ?? "").split(":"),
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
  ];
  return folders.some((folder) => folder !== "" && existsSync(join(folder, VULKAN)));
}

function withoutDawn(): EngineMissing {
  const { platform, arch } = process;
  if (isSea()) {
    return {
      missing: "is not in this executable",
      fix: "build it in a clone in which npm has installed the package webgpu",
    };
  }
  return {
    missing: `has no Dawn for ${platform}-${arch}`,
    fix: "npm install webgpu, which has it for Linux, macOS and Windows",
  };
}

function driverFix(): string {
  if (process.platform !== "linux") return "install the newest driver of the graphics card";
  return "install the driver of the graphics card, with its Vulkan; on Debian nvidia-driver or mesa-vulkan-drivers, and libvulkan1";
}
