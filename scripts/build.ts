// Compiles bin/, src/, page/, kernels/ and native/ to dist/, the contents of the npm package, with its man page and TensorFlow.js.

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

// dist/native is kept: build-native.ts rebuilds it only if its sources have changed.
for (const name of existsSync("dist") ? readdirSync("dist") : []) {
  if (name !== "native") rmSync(join("dist", name), { recursive: true });
}
execFileSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
chmodSync("dist/bin/deepaugment.js", 0o755);
await import("./build-man.ts");
await import("./build-page.ts");
await import("./build-kernels.ts");
await import("./build-native.ts");
await import("./build-tensorflow.ts");
