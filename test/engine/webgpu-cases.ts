// Shared by the tests of engine webgpu: an adapter, if there is one. On a machine without a graphics card, SwiftShader
// can provide it (Debian's chromium-common and libvulkan1; see CONTRIBUTING.md).

import { existsSync } from "node:fs";
import { probeEngine, startEngine } from "../../src/engine/choose.ts";
import type { Engine } from "../../src/engine/types.ts";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

if (!process.env.VK_ICD_FILENAMES && !existsSync("/dev/dri") && existsSync(SWIFTSHADER))
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;

const found = await probeEngine("webgpu");
/** The reason to skip the tests, or false. */
export const skip: string | false = "missing" in found && `engine webgpu ${found.missing}`;

export function startGpu(): Promise<Engine> {
  return startEngine("webgpu", "float32");
}
