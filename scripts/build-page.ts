// Bundles the page of reports, its script with the chart library in it and its style, into dist/page.

import { appendFileSync, copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";

const SCRIPT = "dist/page/report.js";

const { metafile } = await build({
  entryPoints: ["page/main.ts"],
  outfile: SCRIPT,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome111", "firefox115", "safari16.4"],
  legalComments: "none",
  metafile: true,
});
appendFileSync(SCRIPT, licensesOf(metafile));
copyFileSync("page/report.css", "dist/page/report.css");

/** A comment with the licenses of the packages in the bundle: they must be in all copies, and each report is one. */
function licensesOf({ inputs }: Metafile): string {
  const packages = Object.keys(inputs).flatMap(
    (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
  const names = new Map<string, string[]>();
  for (const folder of new Set(packages)) {
    const license = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    const { name, license: kind } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = license === undefined ? String(kind) : readFileSync(join(folder, license), "utf8").trim();
    names.set(text, [...(names.get(text) ?? []), name]);
  }
  const parts = [...names].map(([text, of]) => `${of.join(", ")}:\n\n${text}`);
  return `/*\nThis script contains:\n\n${parts.join("\n\n").replaceAll("*/", "* /")}\n*/\n`;
}
