// Compiles native/, the C++ kernels of the engine `native`, into dist/native/deepaugment.node with the machine's own
// compiler: $CXX, or c++, g++, clang++. Where there is none, it says so and the program trains on the engine `wasm`.
//
//   npm run build:native                    # where anything has changed since it was built
//   npm run build:native -- --sanitize      # into build/sanitized/, with AddressSanitizer and UndefinedBehaviorSanitizer

import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { writeFileWhole } from "../src/common/files.ts";

const { values: options } = parseArgs({ options: { sanitize: { type: "boolean", default: false } } });
const FOLDER = options.sanitize ? "build/sanitized" : "dist/native";
const ADDON = join(FOLDER, "deepaugment.node");
/** What the addon was built from; written once it is there. */
const STAMP = join(FOLDER, "deepaugment.stamp");

/** Flags of the files that are made for one instruction set, which others must not be compiled with. */
const INSTRUCTIONS: Record<string, string[]> = {
  "kernels_avx2.cc": ["-mavx2", "-mfma"],
  "kernels_avx512.cc": ["-mavx512f", "-mavx512bw", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
};

const compiler = [process.env.CXX, "c++", "g++", "clang++"].find(works);
if (compiler) await build(compiler);
else {
  for (const file of [ADDON, STAMP]) rmSync(file, { force: true });
  console.log("no C++ compiler found: without engine native, trainings run on engine wasm");
}

async function build(compiler: string): Promise<void> {
  const require = createRequire(import.meta.url);
  const include = ["node-addon-api", "node-api-headers"].map((name) => {
    const folder = dirname(require.resolve(`${name}/package.json`));
    return `-I${name === "node-api-headers" ? join(folder, "include") : folder}`;
  });
  const flags = [
    ...["-std=c++17", "-O3", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra", "-pthread"],
    // Nobody reads errno: without it, a square root is one instruction.
    "-fno-math-errno",
    ...["-DNAPI_CPP_EXCEPTIONS", "-DNAPI_VERSION=8", ...include],
    ...(options.sanitize
      ? ["-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
      : []),
  ];
  const sources = globSync("native/*.cc").sort();
  const stamp = stampOf(compiler, flags, [...sources, ...globSync("native/*.h").sort()]);
  if (existsSync(ADDON) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp) return;
  for (const file of [ADDON, STAMP]) rmSync(file, { force: true });
  const objects = join(FOLDER, "objects");
  mkdirSync(objects, { recursive: true });
  const objectOf = (source: string) => join(objects, `${basename(source, ".cc")}.o`);
  await eachInParallel(sources, (source) =>
    run(compiler, [...flags, ...instructionsFor(basename(source)), "-c", source, "-o", objectOf(source)]),
  );
  const linking =
    process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : ["-shared", ...(options.sanitize ? [] : ["-static-libstdc++", "-static-libgcc", "-s"])];
  await run(compiler, [...flags, ...linking, "-o", ADDON, ...sources.map(objectOf)]);
  rmSync(objects, { recursive: true });
  writeFileWhole(STAMP, stamp);
}

/** Kernels for x86-64 are empty files elsewhere. */
function instructionsFor(file: string): string[] {
  return process.arch === "x64" ? (INSTRUCTIONS[file] ?? []) : [];
}

function works(command: string | undefined): boolean {
  try {
    if (command) execFileSync(command, ["--version"], { stdio: "ignore" });
    return Boolean(command);
  } catch {
    return false;
  }
}

function stampOf(compiler: string, flags: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256");
  hash.update(execFileSync(compiler, ["--version"]));
  hash.update(JSON.stringify([flags, INSTRUCTIONS, process.arch]));
  for (const file of files) hash.update(file).update(readFileSync(file));
  return `${hash.digest("hex")}\n`;
}

async function run(command: string, args: readonly string[]): Promise<void> {
  const { stderr } = await promisify(execFile)(command, args, { maxBuffer: 1e8 });
  if (stderr) process.stderr.write(stderr);
}

async function eachInParallel<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}
