// Imitations of the package tfjs-node, which is no dependency: they load, or fail to, as it does.

import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);

/** A new folder in `root` in which a package of this name and version does what `code` says when it is loaded. */
export function imitate(root: string, name: string, version: string, code: string): string {
  const folder = mkdtempSync(join(root, "app-"));
  const location = join(folder, "node_modules", "@tensorflow", name);
  mkdirSync(join(location, "dist"), { recursive: true });
  const description = { name: `@tensorflow/${name}`, version, main: "dist/index.js" };
  writeFileSync(join(location, "package.json"), JSON.stringify(description));
  writeFileSync(join(location, "dist", "index.js"), code);
  return folder;
}

/** As the package registers itself, where its addon finds no graphics card, and makes itself the current backend. */
export const REGISTERS = `
const tf = require(${JSON.stringify(require.resolve("@tensorflow/tfjs-core"))});
tf.registerBackend("tensorflow", () => ({ binding: { TF_Version: "2.9.1" }, isUsingGpuDevice: false }));
tf.setBackend("tensorflow");`;
