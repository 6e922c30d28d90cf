// Compiles native/, the C++ kernels of the engine `native`, to dist/native/deepaugment.node with the machine's
// compiler: $CXX, or c++, g++ or clang++. Without a compiler, the program trains on the engine `wasm`; everything else
// works.
//
//   node scripts/build-native.ts               # at installation: exits with 0 even if the compiler fails
//   node scripts/build-native.ts --required    # npm run build:native: exits with 1 if the compiler fails
//   node scripts/build-native.ts --sanitize    # to build/sanitized/, with AddressSanitizer and UBSan
//
// Does nothing if the addon was already built from the same sources by the same compiler. For other platforms than this one, see
// build-packages.ts.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { complaintOf, findCompiler, firstErrors } from "./compiler.ts";
import { buildAddon } from "./native-addon.ts";
import type { Platform } from "./platforms.ts";

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
      `${process.platform === "win32" ? "on Windows the addon is not compiled" : none}: ${WITHOUT}`,
    );
    return;
  }
  const platform = { os: process.platform, cpu: process.arch } as Pick<Platform, "os" | "cpu">;
  try {
    await buildAddon({
      ...{ addon: ADDON, compiler, platform },
      ...{ sanitize: options.sanitize, warns: options.required },
    });
  } catch (error) {
    rmSync(ADDON, { force: true });
    const complaint = complaintOf(error);
    console.error(options.required ? complaint : firstErrors(complaint, LINES_SHOWN));
    console.error(`${[compiler.file, ...compiler.args].join(" ")} failed: ${WITHOUT}`);
    if (options.required) process.exitCode = 1;
  }
}
