// Runs the native engine's tests with its addon built with AddressSanitizer and UndefinedBehaviorSanitizer: a kernel
// that reads or writes outside its arrays, or has other undefined behaviour, ends its test file with a report.
//
//   npm run check:sanitizers                                        # test/engine/native*.test.ts
//   npm run check:sanitizers -- test/engine/native-addon.test.ts
//
// For GCC on Linux. Leaks are not checked, because Node itself does not free everything.

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
  fail("it needs GCC with libasan on Linux; if c++ is another compiler, set CXX=g++");
}
const tests =
  process.argv.length > 2 ? process.argv.slice(2) : globSync("test/engine/native*.test.ts").sort();
if (tests.length === 0) fail("there are no test files test/engine/native*.test.ts; name some as arguments");

node({}, "scripts/build-native.ts", "--sanitize", "--required");
const sanitized = {
  DEEPAUGMENT_NATIVE_ADDON: ADDON,
  // Node itself is not built with the sanitizer, so its library must be loaded first.
  LD_PRELOAD: library,
  ASAN_OPTIONS: "detect_leaks=0",
  UBSAN_OPTIONS: "print_stacktrace=1",
};
// The tests are skipped if the addon cannot be loaded; here that is an error.
node(sanitized, "--eval", `process.dlopen({ exports: {} }, ${JSON.stringify(ADDON)})`);
node(sanitized, "--test", ...tests);

/** Runs Node with these arguments; exits with an error if that fails. */
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
