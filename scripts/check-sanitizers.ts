// Runs the native engine's tests with its addon built with AddressSanitizer and UndefinedBehaviorSanitizer: a kernel
// that reads or writes outside its arrays, or has other undefined behaviour, ends its test file with a report.
//
//   npm run check:sanitizers                                        # test/engine/native*.test.ts
//   npm run check:sanitizers -- test/engine/native-addon.test.ts
//
// For GCC on Linux.

import { globSync } from "node:fs";
import { RunError } from "../src/common/errors.ts";
import { runScript } from "./run-script.ts";
import { runNode, sanitizedAddon } from "./sanitized.ts";

await runScript(async () => {
  const tests =
    process.argv.length > 2 ? process.argv.slice(2) : globSync("test/engine/native*.test.ts").sort();
  if (tests.length === 0)
    throw new RunError("there are no test files test/engine/native*.test.ts; name some as arguments");
  runNode(sanitizedAddon(), "--test", ...tests);
});
