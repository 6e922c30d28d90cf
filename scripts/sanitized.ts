// The native addon with AddressSanitizer and UndefinedBehaviorSanitizer, for GCC on Linux.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { RunError } from "../src/common/errors.ts";
import { findCompiler } from "./compiler.ts";

const ADDON = resolve("build/sanitized/deepaugment.node");

/**
 * Builds the addon, and returns the environment in which Node uses it.
 * @throws RunError if this machine cannot build or load it.
 */
export function sanitizedAddon(): Readonly<Record<string, string>> {
  const compiler = findCompiler();
  const library =
    compiler &&
    execFileSync(compiler.file, [...compiler.args, "-print-file-name=libasan.so"], {
      encoding: "utf8",
    }).trim();
  if (process.platform !== "linux" || !library || !existsSync(library)) {
    throw new RunError("sanitizers need GCC with libasan on Linux; if c++ is another compiler, set CXX=g++");
  }
  runNode({}, "scripts/build-native.ts", "--sanitize", "--required");
  const environment = {
    DEEPAUGMENT_NATIVE_ADDON: ADDON,
    // Node itself is not built with the sanitizer, so its library must be loaded first.
    LD_PRELOAD: library,
    // Leaks are not checked, because Node itself does not free everything. Too much memory is an error, not a crash.
    ASAN_OPTIONS: "detect_leaks=0:allocator_may_return_null=1",
    UBSAN_OPTIONS: "print_stacktrace=1",
  };
  // Tests are skipped if the addon cannot be loaded; here that is an error.
  runNode(environment, "--eval", `process.dlopen({ exports: {} }, ${JSON.stringify(ADDON)})`);
  return environment;
}

/** Runs Node with these arguments. @throws RunError if that fails. */
export function runNode(environment: Readonly<Record<string, string>>, ...args: string[]): void {
  const { status, signal } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ["inherit", 2, "inherit"],
  });
  if (status !== 0) throw new RunError(`node ${args[0]} ended with ${signal ?? `exit code ${status}`}`);
}
