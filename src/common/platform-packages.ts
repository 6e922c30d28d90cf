// The packages with compiled files for one platform, which npm installs beside this one: the kernels of engine `native`, and Dawn for
// engine `webgpu`. In a copy of the repository there are none.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { systemCode } from "./errors.ts";
import { VERSION } from "./version.ts";

/** Platforms for which there is one; of Linux one for glibc and one for musl. */
const PREBUILT: readonly string[] = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"];

/**
 * The packages of a platform, by default this one. There are two for Linux, with glibc and with musl; the one that does not fit is
 * not installed, or its files cannot be loaded.
 */
export function platformPackages(platform: string = process.platform, cpu: string = process.arch): string[] {
  const name = `${platform}-${cpu}`;
  if (!PREBUILT.includes(name)) return [];
  return [name, ...(platform === "linux" ? [`${name}-musl`] : [])].map(
    (each) => `@deepaugment/native-${each}`,
  );
}

/** The paths of a file in those that are installed, and of this version. */
export function inPlatformPackages(file: string): string[] {
  return platformPackages().flatMap((name) => {
    const { resolve } = createRequire(import.meta.url);
    try {
      const { version } = JSON.parse(readFileSync(resolve(`${name}/package.json`), "utf8"));
      return version === VERSION ? [resolve(`${name}/${file}`)] : [];
    } catch (error) {
      if (systemCode(error) === "MODULE_NOT_FOUND") return [];
      throw error;
    }
  });
}
