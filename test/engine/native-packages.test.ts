// In which packages and folders the native engine looks for its addon: the one for this platform first, then what was compiled.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { PLATFORMS } from "../../scripts/platforms.ts";
import { platformPackages } from "../../src/common/platform-packages.ts";
import { VERSION } from "../../src/common/version.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-packages-"));
after(() => rmSync(root, { recursive: true }));

const BUILT = fileURLToPath(new URL("../../dist/native/deepaugment.node", import.meta.url));
const [PACKAGE] = platformPackages();
const folder = join(root, PACKAGE ?? "");
const ADDON = join(folder, "deepaugment.node");

const SCRIPT = `
import { findAddon } from ${JSON.stringify(new URL("../../src/engine/native/addon.ts", import.meta.url))};
const { missing } = findAddon();
console.log(missing ?? process.report.getReport().sharedObjects.filter((path) => path.endsWith("deepaugment.node")).join());
`;

/** The path of the addon that a program loads which finds the package. */
function loaded(): string {
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", SCRIPT], {
    env: { ...process.env, NODE_PATH: root },
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  return stdout.trim();
}

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
});

describe("the addon's packages", () => {
  it("have the names of the platforms for which they are built", () => {
    const known = Object.values(PLATFORMS).flatMap(({ os, cpu }) => platformPackages(os, cpu));
    const built = Object.keys(PLATFORMS).map((name) => `@deepaugment/native-${name}`);
    assert.deepEqual([...new Set(known)].sort(), built.sort());
    assert.deepEqual(platformPackages("freebsd", "x64"), []);
    assert.deepEqual(platformPackages("linux", "arm64"), [
      "@deepaugment/native-linux-arm64",
      "@deepaugment/native-linux-arm64-musl",
    ]);
  });

  it("come before what was compiled here, if they are of this version and can be loaded", {
    skip: !(PACKAGE && existsSync(BUILT)) && "there is no package for this platform, or no addon",
  }, () => {
    const write = (version: string) =>
      writeFileSync(join(folder, "package.json"), JSON.stringify({ name: PACKAGE, version }));
    assert.equal(loaded(), BUILT, "without a package");
    write(VERSION);
    copyFileSync(BUILT, ADDON);
    assert.equal(loaded(), ADDON);
    write("2.9.9");
    assert.equal(loaded(), BUILT, "of another version");
    write(VERSION);
    writeFileSync(ADDON, "no addon");
    assert.equal(loaded(), BUILT, "damaged");
  });
});
