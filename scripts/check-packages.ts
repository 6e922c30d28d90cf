// Rehearses a release: publishes the packages of `npm run build:packages` in a registry of its own on this machine, installs them
// from there into empty projects, and searches with them. Other packages come from the registry that npm is configured with.
//
//   npm run build && npm run build:packages && npm run check:packages
//   npm run check:packages -- --quick        # only with npm on the newest Node, and the quickstart of the README; for one platform
//
// Needs the packages verdaccio, pnpm and yarn, and Node in three versions, which npm downloads into a temporary folder.

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../src/common/errors.ts";
import { VERSION } from "../src/common/version.ts";
import { engineOfSearch, FIRST_SEARCH, placeImages } from "./first-search.ts";
import { runScript } from "./run-script.ts";

const PORT = 4873;
const REGISTRY = `http://127.0.0.1:${PORT}/`;
/** The registry's program. It asks for node-fetch by a tag, which not every registry that is passed on to has. */
const VERDACCIO = { dependencies: { verdaccio: "6.10.4" }, overrides: { "node-fetch": "2.7.0" } };

interface Case {
  readonly client: "npm" | "pnpm" | "yarn" | "npm, global" | "npx";
  /** Major version of Node. */
  readonly node: number;
  readonly flags?: readonly string[];
  /** The engine that it trains on. */
  readonly engine?: "wasm";
}

const CASES: readonly Case[] = [
  ...[20, 22, 24].map((node): Case => ({ client: "npm", node })),
  { client: "npm", node: 24, flags: ["--ignore-scripts"] },
  { client: "npm", node: 24, flags: ["--omit=optional"], engine: "wasm" },
  { client: "npm, global", node: 24 },
  { client: "npx", node: 24 },
  { client: "pnpm", node: 24 },
  { client: "yarn", node: 24 },
];

const QUICK: Case = { client: "npm", node: 24 };
const QUICKSTART = "node_modules/deepaugment/configs/quickstart.yaml";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-release-"));

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });

await runScript(async () => {
  const packages = globSync("build/packages/deepaugment-*.tgz");
  if (packages.length < 2) throw new UsageError("there are no packages: run npm run build:packages first");
  const registry = await startRegistry();
  try {
    for (const path of packages) publish(path);
    console.log("| client | Node | flags | installed in, s | MB | engine | first search, s |");
    console.log("|---|---:|---|---:|---:|---|---:|");
    const cases = values.quick ? [QUICK] : CASES;
    for (const [index, each] of cases.entries()) console.log(tryCase(each, join(folder, String(index))));
  } finally {
    registry.kill();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Packages of this name pattern are kept here; others are passed on. */
async function startRegistry(): Promise<ChildProcess> {
  const upstream = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
  const own = "access: $all\n    publish: $all\n    unpublish: $all";
  const config = join(folder, "registry.yaml");
  writeFileSync(
    config,
    `storage: ${join(folder, "registry")}
uplinks:
  upstream:
    url: ${upstream}
    maxage: 1h
packages:
  deepaugment:
    ${own}
  "@deepaugment/*":
    ${own}
  "**":
    access: $all
    proxy: upstream
max_body_size: 100mb
log: { type: stdout, format: pretty, level: warn }
`,
  );
  const program = join(folder, "registry-program");
  mkdirSync(program);
  writeFileSync(join(program, "package.json"), JSON.stringify(VERDACCIO));
  execFileSync("npm", ["install", "--no-audit", "--no-fund"], {
    cwd: program,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const process = spawn(
    join(program, "node_modules", ".bin", "verdaccio"),
    ["--config", config, "--listen", `127.0.0.1:${PORT}`],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  for (let attempt = 0; attempt < 240; attempt++) {
    const isUp = await fetch(`${REGISTRY}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return process;
    if (process.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  process.kill();
  throw new UsageError("verdaccio does not start");
}

function publish(path: string): void {
  const token = `--//127.0.0.1:${PORT}/:_authToken=none`;
  execFileSync("npm", ["publish", resolve(path), "--registry", REGISTRY, "--tag", "latest", token], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}

/** A row of the table. */
function tryCase({ client, node, flags = [], engine: expected }: Case, project: string): string {
  mkdirSync(project);
  placeImages(project);
  writeFileSync(join(project, "package.json"), "{}");
  const bin = join(nodeOf(node), "bin");
  const env = {
    ...process.env,
    PATH: [bin, process.env.PATH].join(delimiter),
    ...{
      npm_config_registry: REGISTRY,
      YARN_REGISTRY: REGISTRY,
      npm_config_cache: join(folder, "npm-cache"),
    },
    // Others would take the same version from an earlier run.
    ...{ npm_config_store_dir: join(folder, "pnpm-store"), npm_config_cache_dir: join(folder, "pnpm-cache") },
    YARN_CACHE_FOLDER: join(folder, "yarn-cache"),
    ...{ DEEPAUGMENT_HOME: join(project, "home"), npm_config_yes: "true" },
  };
  const run = (file: string, ...args: string[]) =>
    execFileSync(file, args, { cwd: project, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const begun = performance.now();
  const program = install(client, flags, project, run);
  const installed = performance.now();
  assert.equal(run(program[0], ...program.slice(1), "--version").trim(), VERSION);
  const ready = performance.now();
  run(program[0], ...program.slice(1), ...FIRST_SEARCH);
  const searched = performance.now();
  const engine = engineOfSearch(project);
  assert.equal(engine, expected ?? "native", `${client} on Node ${node} ${flags.join(" ")}`);
  if (values.quick) console.log(run(program[0], ...program.slice(1), "optimize", "--config", QUICKSTART));
  const [size] = run("du", "-sm", modulesOf(client, project)).split("\t");
  const seconds = (from: number, to: number) => ((to - from) / 1000).toFixed(0);
  const cells = [
    client,
    node,
    flags.join(" "),
    seconds(begun, installed),
    size,
    engine,
    seconds(ready, searched),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** The folder of what was installed. */
function modulesOf(client: Case["client"], project: string): string {
  if (client === "npm, global") return join(project, "global");
  return client === "npx" ? join(folder, "npm-cache", "_npx") : join(project, "node_modules");
}

/** Installs the package; returns the command that runs the program. */
function install(
  client: Case["client"],
  flags: readonly string[],
  project: string,
  run: (file: string, ...args: string[]) => string,
): string[] {
  const name = `deepaugment@${VERSION}`;
  switch (client) {
    case "npm, global":
      run("npm", "install", "--global", "--prefix", join(project, "global"), ...flags, name);
      return [join(project, "global", "bin", "deepaugment")];
    case "npx":
      return ["npx", "--yes", name];
    case "npm":
      run("npm", "install", ...flags, name);
      break;
    case "pnpm":
      run("npx", "--yes", "pnpm@10", "add", ...flags, name);
      break;
    case "yarn":
      run("npx", "--yes", "yarn@1", "add", ...flags, name);
  }
  return [join(project, "node_modules", ".bin", "deepaugment")];
}

/** The folder of Node of a major version, whose `bin` has `node`. */
function nodeOf(major: number): string {
  const unpacked = join(folder, `node-${major}`);
  if (globSync(join(unpacked, "package", "bin", "node")).length === 0) {
    mkdirSync(unpacked, { recursive: true });
    const name = `node-${process.platform}-${process.arch}@${major}`;
    const file = execFileSync("npm", ["pack", "--silent", name, "--pack-destination", unpacked], {
      encoding: "utf8",
    }).trim();
    execFileSync("tar", ["-C", unpacked, "-xzf", join(unpacked, file)]);
  }
  return join(unpacked, "package");
}
