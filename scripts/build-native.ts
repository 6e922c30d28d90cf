// Compiles native/, the C++ kernels of the engine `native`, into dist/native/deepaugment.node with the machine's own
// compiler: $CXX, or c++, g++, clang++. Without one the program trains on the engine `wasm`, and all else works.
//
//   node scripts/build-native.ts               # as an installation does: a compiler that fails is no failure of ours
//   node scripts/build-native.ts --required    # npm run build:native: there it is
//   node scripts/build-native.ts --sanitize    # into build/sanitized/, with AddressSanitizer and UBSan
//
// Nothing is done where the addon was built from the same sources by the same compiler. The addon is replaced whole, so
// that builds at the same time, and programs that run on the old one, are not disturbed.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { parseArgs, promisify } from "node:util";
import { makeFolder, temporaryName } from "../src/common/files.ts";
import { type Compiler, complaintOf, findCompiler, firstErrors } from "./compiler.ts";
import { COMMON_FLAGS, flagsOf, knownFlags } from "./native-flags.ts";

const { values: options } = parseArgs({
  options: {
    required: { type: "boolean", default: false },
    sanitize: { type: "boolean", default: false },
    /** The folder of the addon. */
    out: { type: "string" },
  },
});
const ADDON = join(options.out ?? (options.sanitize ? "build/sanitized" : "dist/native"), "deepaugment.node");
const WITHOUT = "without engine native, trainings run on engine wasm";
/** Of a compiler's complaints, where they are not the developer's business. */
const LINES_SHOWN = 8;

await main();

async function main(): Promise<void> {
  const compiler = process.platform === "win32" ? undefined : findCompiler();
  if (!compiler) {
    rmSync(ADDON, { force: true });
    const none = "no C++ compiler found (to have it: install g++ or clang++, and run npm run build)";
    console.log(`${process.platform === "win32" ? "not made for Windows yet" : none}: ${WITHOUT}`);
    return;
  }
  try {
    await build(compiler);
  } catch (error) {
    rmSync(ADDON, { force: true });
    const complaint = complaintOf(error);
    console.error(options.required ? complaint : firstErrors(complaint, LINES_SHOWN));
    console.error(`${[compiler.file, ...compiler.args].join(" ")} failed: ${WITHOUT}`);
    if (options.required) process.exitCode = 1;
  }
}

async function build(compiler: Compiler): Promise<void> {
  const require = createRequire(import.meta.url);
  const packages = ["node-addon-api", "node-api-headers"].map((name) =>
    require.resolve(`${name}/package.json`),
  );
  const [api, headers] = packages.map((path) => dirname(path));
  const flags = [
    ...COMMON_FLAGS,
    ...[options.sanitize ? "-O1" : "-O3", "-fPIC", "-fvisibility=hidden", "-pthread"],
    // Whatever C++ throws becomes an error in JavaScript, std::bad_alloc too.
    ...[
      "-DNAPI_CPP_EXCEPTIONS",
      "-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL",
      "-DNAPI_VERSION=8",
      `-I${api}`,
      `-I${join(headers, "include")}`,
    ],
    ...(options.sanitize
      ? ["-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
      : []),
  ];
  const linking =
    process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : ["-shared", ...(options.sanitize ? [] : ["-static-libstdc++", "-static-libgcc", "-s"])];
  const sources = globSync("native/*/*.cc").sort();
  const stamp = stampOf(
    compiler,
    [...flags, ...linking, ...sources.map((source) => flagsOf(source).join(" "))],
    [...packages, ...sources, ...globSync("native/*/*.h").sort()],
  );
  if (existsSync(ADDON) && readFileSync(ADDON).includes(stamp)) return;

  const objects = mkdtempSync(join(tmpdir(), "deepaugment-native-"));
  makeFolder(dirname(ADDON));
  const linked = temporaryName(ADDON);
  try {
    const stampSource = join(objects, "stamp.cc");
    writeFileSync(
      stampSource,
      `extern const char kStamp[];\n__attribute__((used)) const char kStamp[] = "${stamp}";\n`,
    );
    const objectOf = (source: string) => join(objects, `${source.replaceAll(/[\\/]/g, "-")}.o`);
    const known = await knownFlags(compiler, sources.flatMap(flagsOf));
    await eachInParallel([...sources, stampSource], (source) =>
      run(compiler, [
        ...flags,
        ...flagsOf(source).filter((flag) => known.has(flag)),
        "-c",
        source,
        "-o",
        objectOf(source),
      ]),
    );
    await run(compiler, [...flags, ...linking, "-o", linked, ...[...sources, stampSource].map(objectOf)]);
    renameSync(linked, ADDON);
  } finally {
    rmSync(objects, { recursive: true });
    rmSync(linked, { force: true });
  }
}

/** What the addon is built from; it holds this text, which is how a later build knows it. */
function stampOf(compiler: Compiler, flags: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([compiler, flags, process.arch]));
  for (const file of files) hash.update(relative("", file)).update(readFileSync(file));
  return `deepaugment native ${hash.digest("hex")}`;
}

async function run({ file, args }: Compiler, more: readonly string[]): Promise<void> {
  const { stderr } = await promisify(execFile)(file, [...args, ...more], { maxBuffer: 1e8 });
  if (stderr && options.required) process.stderr.write(stderr);
}

/** All actions that have begun have ended when it returns, or throws the first error. */
async function eachInParallel<T>(items: readonly T[], action: (item: T) => Promise<unknown>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
