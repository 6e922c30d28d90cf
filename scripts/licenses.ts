// The licenses of the packages in a bundle: they must be in all copies of it.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Metafile } from "esbuild";

/** Of packages that say "Apache-2.0" and have no file. */
const APACHE = "node_modules/assemblyscript/LICENSE";

/** The folders of the packages that files come from, relative to this one; of a bundle, its `inputs`. */
export function packagesOf(paths: readonly string[]): Set<string> {
  return new Set(
    paths.flatMap(
      (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(relative(".", resolve(path)))?.[0] ?? [],
    ),
  );
}

/** A comment with the licenses. */
export function licensesOf({ inputs }: Metafile): string {
  const names = new Map<string, string[]>();
  for (const folder of packagesOf(Object.keys(inputs))) {
    const { name, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = textIn(folder) ?? (license === "Apache-2.0" ? read(APACHE) : String(license));
    names.set(text, [...(names.get(text) ?? []), name]);
  }
  const parts = [...names].map(([text, of]) => `${of.join(", ")}:\n\n${text}`);
  return `/*\nThis script contains:\n\n${parts.join("\n\n").replaceAll("*/", "* /")}\n*/\n`;
}

function textIn(folder: string): string | undefined {
  const license = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return license === undefined ? undefined : read(join(folder, license));
}

function read(path: string): string {
  return readFileSync(path, "utf8").trim();
}
