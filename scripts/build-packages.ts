// Builds what is published: the package deepaugment, and for each platform a package with the addon of the engine `native` and with
// Dawn for the engine `webgpu`, which npm installs on that platform only. Nothing is published.
//
//   npm run build && npm run build:packages                     # for all platforms, to build/packages
//   npm run build:packages -- --platform linux-x64,darwin-arm64
//
// The addons are compiled by Zig, which has the C and C++ libraries of all platforms ($ZIG; or zig; or pip install ziglang).

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { dawnFor } from "../src/common/assets.ts";
import { UsageError } from "../src/common/errors.ts";
import { writeJson } from "../src/common/files.ts";
import { VERSION } from "../src/common/version.ts";
import { findZig } from "./compiler.ts";
import { buildAddon } from "./native-addon.ts";
import { isPlatform, PLATFORMS, type Platform, type PlatformName } from "./platforms.ts";
import { runScript } from "./run-script.ts";

const FOLDER = "build/packages";
const MAIN = "deepaugment";
/** Keys of package.json that only this repository uses. Of the optional dependencies, the platforms' packages have what is used. */
const OWN_KEYS = ["scripts", "devDependencies", "optionalDependencies", "allowScripts"];

await runScript(async () => {
  const { values } = parseArgs({
    options: { platform: { type: "string", default: Object.keys(PLATFORMS).join(",") } },
  });
  const names = values.platform.split(",").map(platformNamed);
  for (const name of names) await buildAddonPackage(name);
  buildMainPackage();
  for (const name of [...names.map(folderOf), MAIN]) pack(name);
});

function platformNamed(name: string): PlatformName {
  if (isPlatform(name)) return name;
  throw new UsageError(
    `platform: expected one of ${Object.keys(PLATFORMS).join(", ")}, received ${JSON.stringify(name)}`,
  );
}

function folderOf(name: PlatformName): string {
  return `native-${name}`;
}

async function buildAddonPackage(name: PlatformName): Promise<void> {
  const platform: Platform = PLATFORMS[name];
  const compiler = findZig(platform.target);
  if (!compiler) throw new UsageError("Zig is not found: pip install ziglang, or set ZIG to its command");
  const folder = join(FOLDER, folderOf(name));
  const { license } = packageJson();
  await buildAddon({ addon: join(folder, "deepaugment.node"), compiler, platform, warns: true });
  writeJson(join(folder, "package.json"), {
    ...{ name: `@deepaugment/${folderOf(name)}`, version: VERSION, license },
    description: `What DeepAugment has for ${name} alone: its kernels, and Dawn; installed with deepaugment`,
    ...{ os: [platform.os], cpu: [platform.cpu] },
    ...(platform.os === "linux" && { libc: [platform.libc ?? "glibc"] }),
    ...{ preferUnplugged: true },
  });
  for (const file of dawnOf(platform)) copyFileSync(file, join(folder, basename(file)));
  writeFileSync(
    join(folder, "README.md"),
    `What the package deepaugment has for ${name} alone. Install that package: it brings this one.\n`,
  );
  copyFileSync("LICENSE", join(folder, "LICENSE"));
  copyFileSync("node_modules/webgpu/LICENSE.md", join(folder, "LICENSE-webgpu.md"));
}

/** Dawn for the engine `webgpu`, with what it needs, of the package webgpu, which has it for all platforms; none with musl. */
function dawnOf({ os, cpu, libc }: Platform): string[] {
  if (libc) return [];
  return globSync(join("node_modules", dirname(dawnFor(os, cpu)), "*"));
}

/** With the platforms' packages as optional dependencies, and without an addon of its own. */
function buildMainPackage(): void {
  const folder = join(FOLDER, MAIN);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { files, ...about } = packageJson();
  for (const file of files) {
    cpSync(file, join(folder, file), {
      recursive: true,
      filter: (path) => path !== join("dist", "native"),
    });
  }
  const addons = Object.keys(PLATFORMS).map((name) => [`@deepaugment/native-${name}`, VERSION]);
  writeJson(join(folder, "package.json"), {
    ...Object.fromEntries(Object.entries(about).filter(([key]) => !OWN_KEYS.includes(key))),
    files,
    optionalDependencies: Object.fromEntries(addons),
  });
}

interface PackageJson {
  readonly license: string;
  readonly files: readonly string[];
  readonly [key: string]: unknown;
}

function packageJson(): PackageJson {
  return JSON.parse(readFileSync("package.json", "utf8"));
}

/** Packs a folder, and prints the sizes. */
function pack(name: string): void {
  const output = execFileSync("npm", ["pack", "--json", "--pack-destination", FOLDER, join(FOLDER, name)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [{ filename, unpackedSize }] = JSON.parse(output);
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const path = join(FOLDER, filename);
  console.log(`${path}: ${megabytes(statSync(path).size)} MB, unpacked ${megabytes(unpackedSize)} MB`);
}
