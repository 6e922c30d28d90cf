// Bundles the page of reports, its script with the chart library in it and its style, into dist/page.

import { appendFileSync, copyFileSync } from "node:fs";
import { build } from "esbuild";
import { licensesOf } from "./licenses.ts";

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
