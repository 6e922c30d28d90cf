// Compiles bin/, src/ and kernels/ into dist/, as the npm package holds them.

import { execFileSync } from "node:child_process";
import { chmodSync, rmSync } from "node:fs";

rmSync("dist", { recursive: true, force: true });
execFileSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
chmodSync("dist/bin/deepaugment.js", 0o755);
await import("./build-kernels.ts");
await import("./build-native.ts");
