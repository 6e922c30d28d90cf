// Whether this machine has engine `webgpu`: Dawn, and an adapter that it takes. A process of its own asks, so that a graphics
// driver that crashes, hangs or prints takes nothing with it.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isSea } from "node:sea";
import { version_core } from "@tensorflow/tfjs-core";
import { DAWN, hasAsset } from "../../common/assets.ts";
import { InterruptedError, messageOf, systemCode } from "../../common/errors.ts";
import { WorkerPool } from "../../common/worker-pool.ts";
import type { EngineMissing, EngineProbe } from "../types.ts";
import type { AdapterDescription } from "./dawn.ts";

/** Asks what adapter there is; null where there is none. */
export type AskAdapter = () => Promise<AdapterDescription | null>;

/** Vulkan's loader. */
const VULKAN = "libvulkan.so.1";

/** A driver that has said nothing for so long will not, in milliseconds. */
const PATIENCE = 20_000;

export async function probeWebgpu(): Promise<EngineProbe> {
  if (!hasAsset(DAWN)) return withoutDawn();
  if (!hasVulkan()) return { missing: "finds no Vulkan here", mend: driverMend() };
  return probeAdapter(askInProcess);
}

/** What the answer to `ask` comes to. */
export async function probeAdapter(ask: AskAdapter): Promise<EngineProbe> {
  try {
    const adapter = await ask();
    if (!adapter) return { missing: "finds no graphics card that it could use", mend: driverMend() };
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
        : `cannot ask the graphics driver: ${messageOf(error)}`;
    return { missing, mend: driverMend() };
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

/** Whether there is a Vulkan to load, as far as files tell: on a machine without a graphics card the answer is quick. */
function hasVulkan(): boolean {
  if (process.platform !== "linux") return true;
  try {
    // What the dynamic linker finds by its name alone; glibc has this file, other systems are asked.
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
      mend: "build it where npm has installed the package webgpu",
    };
  }
  return {
    missing: `has no Dawn for ${platform}-${arch}`,
    mend: "npm install webgpu, which has it for Linux, macOS and Windows",
  };
}

function driverMend(): string {
  if (process.platform !== "linux") return "install the newest driver of the graphics card";
  return "install the driver of the graphics card, with its Vulkan; on Debian nvidia-driver or mesa-vulkan-drivers, and libvulkan1";
}
