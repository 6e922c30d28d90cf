// Compiles native/, the C++ kernels of the engine `native`, to dist/native/deepaugment.node with the machine's
// compiler: $CXX, or c++, g++ or clang++. Without a compiler, the program trains on the engine `wasm`; everything else
// works.
//
//   node scripts/build-native.ts               # at installation: exits with 0 even if the compiler fails
//   node scripts/build-native.ts --required    # npm run build:native: exits with 1 if the compiler fails
//   node scripts/build-native.ts --sanitize    # to build/sanitized/, with AddressSanitizer and UBSan
//
// Does nothing if the addon was already built from the same sources by the same compiler. The addon is replaced
// atomically, so that concurrent builds and programs that use the old one are not affected.

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
    /** The addon's folder. */
    out: { type: "string" },
  },
});
const ADDON = join(options.out ?? (options.sanitize ? "build/sanitized" : "dist/native"), "deepaugment.node");
const WITHOUT = "without engine native, trainings run on engine wasm";
/** Number of lines of a compiler's errors to show if the addon is not required. */
const LINES_SHOWN = 8;

await main();

async function main(): Promise<void> {
  const compiler = process.platform === "win32" ? undefined : findCompiler();
  if (!compiler) {
    rmSync(ADDON, { force: true });
    const none = "no C++ compiler found (install g++ or clang++ and run npm run build)";
    console.log(
      `${process.platform === "win32" ? "engine native does not support Windows yet" : none}: ${WITHOUT}`,
    );
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
    // All C++ exceptions become JavaScript errors, including std::bad_alloc.
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

/** A text that identifies what the addon is built from. The addon contains it, so that a later build can compare it. */
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

/** Runs the actions in parallel. All started actions have ended when it returns or throws the first error. */
async function eachInParallel<T>(items: readonly T[], action: (item: T) => Promise<unknown>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  const ends = await Promise.allSettled(Array.from({ length: availableParallelism() }, worker));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
