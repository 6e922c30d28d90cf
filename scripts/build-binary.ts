// Builds the standalone executable: one file with Node, the program and its assets in it, for the platform that it is
// built on (https://nodejs.org/api/single-executable-applications.html).
//
//   npm run build:binary        # writes build/deepaugment

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { ASSETS, type Asset, hasAsset, packagePath, UNPACKED_ASSETS } from "../src/common/assets.ts";
import { packFile } from "../src/common/packed-file.ts";
import { hasStrip, strip } from "./strip.ts";

const FOLDER = "build";
const BUNDLE = join(FOLDER, "deepaugment.cjs");
const BLOB = join(FOLDER, "deepaugment.blob");
const PACKED = join(FOLDER, "packed");
const EXECUTABLE = join(FOLDER, process.platform === "win32" ? "deepaugment.exe" : "deepaugment");
/** The place inside its own executable at which Node looks for the program. */
const SENTINEL = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(PACKED, { recursive: true });
await build({
  entryPoints: ["bin/deepaugment.ts"],
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  outfile: BUNDLE,
  legalComments: "eof",
  // Names stay, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  // Code that needs the path of its module first checks whether it is in this executable; see src/common/assets.ts.
  logOverride: { "empty-import-meta": "silent" },
});
writeFileSync(
  join(FOLDER, "sea-config.json"),
  JSON.stringify({
    main: BUNDLE,
    output: BLOB,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    assets: Object.fromEntries(ASSETS.filter(hasAsset).map((asset) => [asset, embeddedFile(asset)])),
  }),
);
execFileSync(process.execPath, ["--experimental-sea-config", join(FOLDER, "sea-config.json")], {
  stdio: "inherit",
});
copyFileSync(process.execPath, EXECUTABLE);
chmodSync(EXECUTABLE, 0o755);
// Before the program is inside, of which strip knows nothing.
if (hasStrip()) strip(EXECUTABLE);
else console.log("without strip, the executable keeps the symbols of Node: 18 MB");
// macOS runs no program whose signature does not fit its content. An ad hoc signature is enough on the machine itself.
const isMac = process.platform === "darwin";
if (isMac) execFileSync("codesign", ["--remove-signature", EXECUTABLE], { stdio: "inherit" });
const machO = isMac ? ["--macho-segment-name", "NODE_SEA"] : [];
execFileSync("postject", [EXECUTABLE, "NODE_SEA_BLOB", BLOB, "--sentinel-fuse", SENTINEL, ...machO], {
  stdio: "inherit",
});
if (isMac) execFileSync("codesign", ["--sign", "-", EXECUTABLE], { stdio: "inherit" });
for (const file of [BUNDLE, BLOB, PACKED, join(FOLDER, "sea-config.json")]) rmSync(file, { recursive: true });
for (const asset of ASSETS.filter((asset) => !hasAsset(asset)))
  console.log(`without ${asset}, which is not built`);
console.log(`${EXECUTABLE}: ${Math.round(statSync(EXECUTABLE).size / 1e6)} MB`);

/** The file that the executable holds for an asset: its own, or a packed one of what is unpacked to disk. */
function embeddedFile(asset: Asset): string {
  const path = packagePath(asset);
  if (!UNPACKED_ASSETS.some((unpacked) => unpacked === asset)) return path;
  const packed = join(PACKED, basename(asset));
  writeFileSync(packed, packFile(readFileSync(path)));
  return packed;
}
