// Tries the packages of `npm run build:packages` on systems of other kinds, in containers of Docker: installs them for each system
// from this machine, and there searches and runs the addon's tests, without a network.
//
//   npm run build && npm run build:packages && npm run check:containers
//   npm run check:containers -- linux-x64-musl        # one of the packages
//
// Docker needs the images below. Those for arm64 run on x64 if QEMU is registered (`docker run --privileged --rm tonistiigi/binfmt
// --install arm64`, or Debian's qemu-user-static and binfmt-support).

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { RunError, UsageError } from "../src/common/errors.ts";
import { VERSION } from "../src/common/version.ts";
import { engineOfSearch, FIRST_SEARCH, placeImages } from "./first-search.ts";
import { PLATFORMS, type Platform, type PlatformName } from "./platforms.ts";
import { runScript } from "./run-script.ts";

interface System {
  readonly image: string;
  readonly name: PlatformName;
}

const SYSTEMS: readonly System[] = [
  { image: "node:24-bookworm-slim", name: "linux-x64" },
  { image: "node:24-bullseye-slim", name: "linux-x64" },
  { image: "node:24-alpine", name: "linux-x64-musl" },
  { image: "arm64v8/node:24-bookworm-slim", name: "linux-arm64" },
  { image: "arm64v8/node:24-alpine", name: "linux-arm64-musl" },
];

const ARCHITECTURES = { x64: "linux/amd64", arm64: "linux/arm64" };
const TESTS = ["addon", "kernels", "limits", "plan"].map((name) => `test/engine/native-${name}.test.ts`);
const PROGRAM = "node_modules/deepaugment/dist/bin/deepaugment.js";

const { positionals } = parseArgs({ allowPositionals: true });

await runScript(async () => {
  for (const name of positionals)
    if (!SYSTEMS.some((system) => system.name === name))
      throw new UsageError(
        `${name}: expected one of ${[...new Set(SYSTEMS.map((each) => each.name))].join(", ")}`,
      );
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-containers-"));
  try {
    console.log("| image | package | libc | Node | engine | search, s |");
    console.log("|---|---|---|---|---|---:|");
    const tried = SYSTEMS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
    for (const [index, system] of tried.entries())
      console.log(trySystem(system, join(folder, String(index))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A row of the table. */
function trySystem({ image, name }: System, project: string): string {
  const platform: Platform = PLATFORMS[name];
  mkdirSync(project);
  placeImages(project);
  install(name, platform, project);
  const runIn = (folder: string, environment: string, args: readonly string[]) =>
    execute("docker", [
      ...["run", "--rm", "--network", "none", "--platform", ARCHITECTURES[platform.cpu]],
      ...["--volume", `${folder}:/project`, "--workdir", "/project", "--env", environment],
      ...["--entrypoint", "node", image, ...args],
    ]);
  const run = (...args: string[]) => runIn(project, "DEEPAUGMENT_HOME=/project/home", args);
  const report =
    "const { header } = process.report.getReport(); console.log(header.glibcVersionRuntime ?? '')";
  const glibc = run("-e", report).trim();
  assert.equal(glibc === "", platform.libc === "musl", `the libc of ${image}`);
  const node = run("--version").trim().slice(1);
  assert.equal(run(PROGRAM, "--version").trim(), VERSION);
  const begun = performance.now();
  // The smaller network, since an emulated processor is slow.
  run(PROGRAM, ...FIRST_SEARCH, "--set", "model=basiccnn");
  const seconds = (performance.now() - begun) / 1000;
  const engine = engineOfSearch(project);
  assert.equal(engine, "native", `${name} on ${image}`);
  const addon = `DEEPAUGMENT_NATIVE_ADDON=build/packages/native-${name}/deepaugment.node`;
  runIn(resolve(), addon, ["--test-isolation=none", "--test", ...TESTS]);
  const libc = glibc === "" ? "musl" : `glibc ${glibc}`;
  return `| ${[`\`${image}\``, `\`${name}\``, libc, node, engine, seconds.toFixed(0)].join(" | ")} |`;
}

/** Installs what npm would there. */
function install(name: PlatformName, { os, cpu, libc }: Platform, project: string): void {
  const archives = ["deepaugment", `deepaugment-native-${name}`].map((each) =>
    resolve("build", "packages", `${each}-${VERSION}.tgz`),
  );
  const missing = archives.find((path) => !existsSync(path));
  if (missing !== undefined) throw new UsageError(`there is no ${missing}: run npm run build:packages first`);
  writeFileSync(join(project, "package.json"), "{}");
  // npm installs dependencies for the system of these options, but holds an archive on the command line against its own.
  const system = [`--os=${os}`, `--cpu=${cpu}`, `--libc=${libc ?? "glibc"}`, "--force"];
  execute("npm", ["install", ...system, "--ignore-scripts", "--no-audit", "--no-fund", ...archives], project);
}

/** @throws RunError with what the program said last. */
function execute(file: string, args: readonly string[], cwd?: string): string {
  try {
    return execFileSync(file, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new RunError(`${file} ${args.join(" ")} failed: ${stderr?.trim() || (error as Error).message}`);
  }
}
