// Runs the native engine's tests with its addon built under AddressSanitizer and UndefinedBehaviorSanitizer: a kernel
// that reads or writes outside of its arrays, or does what C++ leaves undefined, ends its test file with a report.
//
//   npm run check:sanitizers                                        # test/engine/native*.test.ts
//   npm run check:sanitizers -- test/engine/native-addon.test.ts
//
// For GCC on Linux. What Node itself never frees is not looked for.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { resolve } from "node:path";
import { findCompiler } from "./compiler.ts";

const ADDON = resolve("build/sanitized/deepaugment.node");

const compiler = findCompiler();
const library =
  compiler &&
  execFileSync(compiler.file, [...compiler.args, "-print-file-name=libasan.so"], { encoding: "utf8" }).trim();
if (process.platform !== "linux" || !library || !existsSync(library)) {
  fail("it takes GCC with its libasan, on Linux; CXX=g++ names one where c++ is another");
}
const tests =
  process.argv.length > 2 ? process.argv.slice(2) : globSync("test/engine/native*.test.ts").sort();
if (tests.length === 0) fail("there are no tests");

node({}, "scripts/build-native.ts", "--sanitize", "--required");
const sanitized = {
  DEEPAUGMENT_NATIVE_ADDON: ADDON,
  // The program itself is not built so, hence the sanitizer has to be there before it.
  LD_PRELOAD: library,
  ASAN_OPTIONS: "detect_leaks=0",
  UBSAN_OPTIONS: "print_stacktrace=1",
};
// Tests skip an addon that cannot be loaded: here that is a failure.
node(sanitized, "--eval", `process.dlopen({ exports: {} }, ${JSON.stringify(ADDON)})`);
node(sanitized, "--test", ...tests);

/** Runs this Node; where that fails, so does this script. */
function node(environment: Readonly<Record<string, string>>, ...args: string[]): void {
  const { status, signal } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: "inherit",
  });
  if (status !== 0) fail(`${args[0]} ended with ${signal ?? `exit code ${status}`}`);
}

function fail(reason: string): never {
  console.error(`check:sanitizers: ${reason}`);
  process.exit(1);
}
