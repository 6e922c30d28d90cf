// What the tests of engine webgpu share: an adapter, where there is one. A machine without a graphics card has one in
// SwiftShader, which Debian's chromium-common brings, with libvulkan1; see CONTRIBUTING.md.

import { existsSync } from "node:fs";
import { probeEngine, startEngine } from "../../src/engine/choose.ts";
import type { Engine } from "../../src/engine/types.ts";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

if (!process.env.VK_ICD_FILENAMES && !existsSync("/dev/dri") && existsSync(SWIFTSHADER))
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;

const found = await probeEngine("webgpu");
/** Why there is nothing to test, or false. */
export const skip: string | false = "missing" in found && `engine webgpu ${found.missing}`;

export function startGpu(): Promise<Engine> {
  return startEngine("webgpu", "float32");
}
