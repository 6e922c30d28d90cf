// Builds the standalone executable: one file with Node, the program and its assets in it, for the platform that it is
// built on (https://nodejs.org/api/single-executable-applications.html).
//
//   npm run build:binary        # writes build/deepaugment

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { ASSETS, assetPath, hasAsset } from "../src/common/assets.ts";

const FOLDER = "build";
const BUNDLE = join(FOLDER, "deepaugment.cjs");
const BLOB = join(FOLDER, "deepaugment.blob");
const EXECUTABLE = join(FOLDER, process.platform === "win32" ? "deepaugment.exe" : "deepaugment");
/** Where Node looks for the program inside of its own executable. */
const SENTINEL = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER);
await build({
  entryPoints: ["bin/deepaugment.ts"],
  bundle: true,
  platform: "node",
  target: "node24",
  format: "cjs",
  outfile: BUNDLE,
  legalComments: "eof",
  // Code that asks where its module lies first asks whether it is in this executable; see src/common/assets.ts.
  logOverride: { "empty-import-meta": "silent" },
});
writeFileSync(
  join(FOLDER, "sea-config.json"),
  JSON.stringify({
    main: BUNDLE,
    output: BLOB,
    disableExperimentalSEAWarning: true,
    useCodeCache: true,
    assets: Object.fromEntries(ASSETS.filter(hasAsset).map((asset) => [asset, assetPath(asset)])),
  }),
);
execFileSync(process.execPath, ["--experimental-sea-config", join(FOLDER, "sea-config.json")], {
  stdio: "inherit",
});
copyFileSync(process.execPath, EXECUTABLE);
chmodSync(EXECUTABLE, 0o755);
const machO = process.platform === "darwin" ? ["--macho-segment-name", "NODE_SEA"] : [];
execFileSync("postject", [EXECUTABLE, "NODE_SEA_BLOB", BLOB, "--sentinel-fuse", SENTINEL, ...machO], {
  stdio: "inherit",
});
for (const file of [BUNDLE, BLOB, join(FOLDER, "sea-config.json")]) rmSync(file);
for (const asset of ASSETS.filter((asset) => !hasAsset(asset)))
  console.log(`without ${asset}, which is not built`);
console.log(`${EXECUTABLE}: ${Math.round(statSync(EXECUTABLE).size / 1e6)} MB`);
