// Imitations of the package tfjs-node, which is not a dependency: they load, or fail to load, in the same ways.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);

/** Creates a folder in `root` with a package of this name and version that runs `code` when it is loaded. */
export function imitate(root: string, name: string, version: string, code: string): string {
  const folder = mkdtempSync(join(root, "app-"));
  const location = join(folder, "node_modules", "@tensorflow", name);
  mkdirSync(join(location, "dist"), { recursive: true });
  const description = { name: `@tensorflow/${name}`, version, main: "dist/index.js" };
  writeFileSync(join(location, "package.json"), JSON.stringify(description));
  writeFileSync(join(location, "dist", "index.js"), code);
  return folder;
}

/** Like the package without a graphics card: registers a backend and makes it the current one. */
export const REGISTERS = `
const tf = require(${JSON.stringify(require.resolve("@tensorflow/tfjs-core"))});
tf.registerBackend("tensorflow", () => ({ binding: { TF_Version: "2.9.1" }, isUsingGpuDevice: false }));
tf.setBackend("tensorflow");`;
