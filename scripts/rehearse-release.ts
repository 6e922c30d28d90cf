// Rehearses a release in a clone: another version, the packages for this platform, a registry on this machine, an installation from it
// into an empty project, and the quickstart there. Nothing is published, and this checkout stays as it is.
//
//   npm run rehearse:release                            # of a made-up next version
//   npm run rehearse:release -- --version 3.0.0
//
// Needs what build:packages and check:packages need.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../src/common/errors.ts";
import { VERSION } from "../src/common/version.ts";
import { runScript } from "./run-script.ts";

/** Files besides npm's that name the version. */
const OTHERS = ["src/common/version.ts", "CITATION.cff"];

const { values } = parseArgs({ options: { version: { type: "string" } } });
const folder = mkdtempSync(join(tmpdir(), "deepaugment-rehearsal-"));

await runScript(async () => {
  try {
    execFileSync("git", ["clone", "--quiet", ".", folder]);
    const step = values.version === undefined ? ["preminor", "--preid=rehearsal"] : [values.version];
    run("npm", "version", "--no-git-tag-version", ...step);
    const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    for (const name of OTHERS) setVersion(join(folder, name), version);
    run("npm", "ci");
    run("npm", "run", "build:packages", "--", "--platform", `${process.platform}-${process.arch}`);
    run("npm", "run", "check:packages", "--", "--quick");
    console.log(`rehearsed the release of ${version}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function run(command: string, ...args: string[]): void {
  console.log(`> ${command} ${args.join(" ")}`);
  execFileSync(command, args, { cwd: folder, stdio: "inherit" });
}

function setVersion(path: string, version: string): void {
  const text = readFileSync(path, "utf8");
  if (!text.includes(VERSION)) throw new UsageError(`${path} does not name the version ${VERSION}`);
  writeFileSync(path, text.replace(VERSION, version));
}
