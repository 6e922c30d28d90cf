// Bundles the page of reports, its script with the chart library in it and its style, into dist/page.

import { copyFileSync, mkdirSync } from "node:fs";
import { build } from "esbuild";

mkdirSync("dist/page", { recursive: true });
await build({
  entryPoints: ["page/main.ts"],
  outfile: "dist/page/report.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome111", "firefox115", "safari16.4"],
  legalComments: "none",
  banner: {
    js: "/* With Observable Plot (ISC license, copyright Observable, Inc.) and D3 (ISC license, copyright Mike Bostock). */",
  },
});
copyFileSync("page/report.css", "dist/page/report.css");
