// Bundles what dist/ uses of TensorFlow.js into dist/tensorflow: its packages have 113 MB, most of which are copies of its code for
// other uses. Our sources import the packages, and so do tests; only what is built uses the bundles.

import {
  appendFileSync,
  copyFileSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { build, type Plugin } from "esbuild";
import { GLOBALS } from "../src/engine/tensorflow/globals.ts";
import { licensesOf } from "./licenses.ts";

const FOLDER = "dist/tensorflow";
/** The packages in each bundle. Those in `core` are one, since their modules must run in this order. */
const BUNDLES: Readonly<Record<string, readonly string[]>> = {
  core: ["@tensorflow/tfjs-core", "@tensorflow/tfjs-layers", "@tensorflow/tfjs-backend-cpu"],
  wasm: ["@tensorflow/tfjs-backend-wasm"],
  webgpu: ["@tensorflow/tfjs-backend-webgpu"],
};
/** What parts of the packages expect, although they are ES modules. */
const FOR_COMMONJS = [
  'import { createRequire } from "node:module";',
  "const require = createRequire(import.meta.url);",
  "const __dirname = import.meta.dirname;",
].join("\n");
const FILES = new Map(
  Object.entries(BUNDLES).flatMap(([bundle, packages]) => packages.map((name) => [name, `${bundle}.js`])),
);

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
for (const [bundle, packages] of Object.entries(BUNDLES)) await makeBundle(`${bundle}.js`, packages);
for (const path of globSync("node_modules/@tensorflow/tfjs-backend-wasm/dist/*.wasm"))
  copyFileSync(path, join(FOLDER, basename(path)));
for (const path of globSync("dist/{bin,src}/**/*.js")) useBundles(path);
keepTypesOf("dist/src/index.d.ts");

async function makeBundle(file: string, packages: readonly string[]): Promise<void> {
  const outfile = join(FOLDER, file);
  const { metafile } = await build({
    stdin: { contents: packages.map((name) => `export * from "${name}";`).join("\n"), resolveDir: "." },
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    // CommonJS does not say what it exports.
    mainFields: ["module", "main"],
    banner: { js: FOR_COMMONJS },
    // Names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    plugins: [otherBundles(file), ownGlobals()],
    metafile: true,
  });
  appendFileSync(outfile, licensesOf(metafile));
}

/** Replaces the global object. */
function ownGlobals(): Plugin {
  return {
    name: "own-globals",
    setup({ onLoad }) {
      onLoad({ filter: /tfjs-core[\\/]dist[\\/]global_util\.js$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const begin = "export function getGlobalNamespace() {";
        if (!text.includes(begin)) throw new Error(`${path} has no ${begin}`);
        const key = `Symbol.for(${JSON.stringify(GLOBALS.description)})`;
        return { contents: text.replace(begin, `${begin} return globalThis[${key}] ??= {};`) };
      });
    },
  };
}

/** What is in another bundle is imported from there. */
function otherBundles(file: string): Plugin {
  return {
    name: "other-bundles",
    setup({ onResolve }) {
      onResolve({ filter: /^@tensorflow\// }, ({ path }) => {
        const other = FILES.get(path);
        return other === undefined || other === file ? undefined : { path: `./${other}`, external: true };
      });
    },
  };
}

function useBundles(path: string): void {
  const text = readFileSync(path, "utf8");
  const changed = text.replaceAll(/(?<=\b(?:from|import) )"(@tensorflow\/[^"]+)"/g, (_, name: string) => {
    const file = FILES.get(name);
    if (file === undefined) throw new Error(`${path} imports ${name}, which no bundle has`);
    return JSON.stringify(moduleFrom(path, join(FOLDER, file)));
  });
  if (changed !== text) writeFileSync(path, changed);
}

/** Removes the declarations that the library's interface does not reach. In the others, the types of TensorFlow.js are opaque. */
function keepTypesOf(entry: string): void {
  const opaque = new Set<string>();
  const kept = new Set<string>();
  const left = [entry];
  for (let path = left.pop(); path !== undefined; path = left.pop()) {
    if (kept.has(path)) continue;
    kept.add(path);
    const text = readFileSync(path, "utf8");
    for (const [, name] of text.matchAll(/"(\.[^"]+)\.ts"/g)) left.push(join(dirname(path), `${name}.d.ts`));
    const changed = text.replaceAll(
      /(?<=^import (?:type )?{([^}]+)} from )"@tensorflow\/[^"]+"/gm,
      (_, names: string) => {
        for (const name of names.split(",")) opaque.add(name.replace("type ", "").trim());
        return JSON.stringify(moduleFrom(path, join(FOLDER, "types.js")));
      },
    );
    if (changed !== text) writeFileSync(path, changed);
  }
  for (const path of globSync("dist/src/**/*.d.ts")) if (!kept.has(path)) rmSync(path);
  const types = [...opaque].sort().map((name) => `export type ${name} = unknown;\n`);
  writeFileSync(join(FOLDER, "types.d.ts"), types.join(""));
}

function moduleFrom(path: string, file: string): string {
  return relative(dirname(path), file).replaceAll("\\", "/");
}
