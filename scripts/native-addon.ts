// Compiles native/, the C++ kernels of the engine `native`, to an addon of Node.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { makeFolder, temporaryName } from "../src/common/files.ts";
import type { Compiler } from "./compiler.ts";
import { COMMON_FLAGS, flagsOf, knownFlags } from "./native-flags.ts";
import type { Platform } from "./platforms.ts";

export interface AddonOptions {
  /** Where the addon is written. */
  readonly addon: string;
  readonly compiler: Compiler;
  /** What it is built for, if its `target` is a flag that the compiler knows. */
  readonly platform: Pick<Platform, "os" | "cpu">;
  /** With AddressSanitizer and UBSan. */
  readonly sanitize?: boolean;
  /** Whether the compiler's warnings are printed. */
  readonly warns?: boolean;
}

/**
 * Does nothing if the addon was already built from the same sources by the same compiler. The addon is replaced atomically, so
 * that concurrent builds and programs that use the old one are not affected.
 * @throws the error of the compiler, with what it printed as `stderr`.
 */
export async function buildAddon(options: AddonOptions): Promise<void> {
  const { addon, compiler, platform, sanitize = false } = options;
  const require = createRequire(import.meta.url);
  const packages = ["node-addon-api", "node-api-headers"].map((name) =>
    require.resolve(`${name}/package.json`),
  );
  const [api, headers] = packages.map((path) => dirname(path));
  const flags = [
    ...COMMON_FLAGS,
    ...[sanitize ? "-O1" : "-O3", "-fvisibility=hidden", "-pthread"],
    ...(platform.os === "win32" ? [] : ["-fPIC"]),
    // All C++ exceptions become JavaScript errors, including std::bad_alloc.
    ...[
      "-DNAPI_CPP_EXCEPTIONS",
      "-DNODE_ADDON_API_CPP_EXCEPTIONS_ALL",
      "-DNAPI_VERSION=8",
      `-I${api}`,
      `-I${join(headers, "include")}`,
    ],
    ...(sanitize
      ? ["-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
      : []),
  ];
  const linking = linkingOf(platform, sanitize);
  const sources = globSync("native/*/*.cc").sort();
  const ofSource = (source: string) => flagsOf(source, platform.cpu);
  const imports = platform.os === "win32" ? importsOf(headers) : "";
  const stamp = stampOf(
    compiler,
    [...flags, ...linking, imports, ...sources.map((source) => ofSource(source).join(" "))],
    [...packages, ...sources, ...globSync("native/*/*.h").sort()],
  );
  if (existsSync(addon) && readFileSync(addon).includes(stamp)) return;

  const objects = mkdtempSync(join(tmpdir(), "deepaugment-native-"));
  makeFolder(dirname(addon));
  const linked = temporaryName(addon);
  try {
    const stampSource = join(objects, "stamp.cc");
    writeFileSync(
      stampSource,
      `extern const char kStamp[];\n__attribute__((used)) const char kStamp[] = "${stamp}";\n${imports}`,
    );
    const objectOf = (source: string) => join(objects, `${source.replaceAll(/[\\/]/g, "-")}.o`);
    const known = await knownFlags(compiler, sources.flatMap(ofSource));
    await eachInParallel([...sources, stampSource], (source) =>
      run(options, [
        ...flags,
        ...ofSource(source).filter((flag) => known.has(flag)),
        "-c",
        source,
        "-o",
        objectOf(source),
      ]),
    );
    await run(options, [...flags, ...linking, "-o", linked, ...[...sources, stampSource].map(objectOf)]);
    renameSync(linked, addon);
  } finally {
    rmSync(objects, { recursive: true });
    rmSync(linked, { force: true });
  }
}

function linkingOf({ os }: Pick<Platform, "os">, sanitize: boolean): string[] {
  // Not -bundle, on which Zig's linker crashes.
  if (os === "darwin") return ["-shared", "-undefined", "dynamic_lookup"];
  return ["-shared", ...(sanitize ? [] : ["-static-libstdc++", "-static-libgcc", "-s"])];
}

/**
 * C++ that finds Node's functions in the program that loads the addon, since a DLL names the program that it imports from, and
 * node.exe may have another name, as in the standalone executable.
 */
function importsOf(headers: string): string {
  const listed = ["js_native_api", "node_api"].flatMap((file) =>
    readFileSync(join(headers, "def", `${file}.def`), "utf8")
      .split(/\r?\n/)
      .filter((line) => /^napi_\w+$/.test(line)),
  );
  const names = [...new Set(listed)];
  return `
#include <windows.h>
${names.map((name) => `extern "C" { FARPROC __imp_${name}; }`).join("\n")}
namespace {
struct Imports {
  Imports() {
    const HMODULE program = GetModuleHandleW(nullptr);
${names.map((name) => `    __imp_${name} = GetProcAddress(program, "${name}");`).join("\n")}
  }
};
__attribute__((init_priority(101))) Imports imports;
}  // namespace
`;
}

/** A text that identifies what the addon is built from. The addon contains it, so that a later build can compare it. */
function stampOf(compiler: Compiler, flags: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256");
  hash.update(JSON.stringify([compiler, flags, process.arch]));
  for (const file of files) hash.update(relative("", file)).update(readFileSync(file));
  return `deepaugment native ${hash.digest("hex")}`;
}

async function run({ compiler, warns }: AddonOptions, more: readonly string[]): Promise<void> {
  const { file, args } = compiler;
  const { stderr } = await promisify(execFile)(file, [...args, ...more], { maxBuffer: 1e8 });
  if (stderr && warns) process.stderr.write(stderr);
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
