// Builds the documentation as a site, in build/site: the pages of docs/, README.md and others, and the reference of the library from
// its docstrings (TypeDoc). Installs what that takes into site/. A dead link is an error.
//
//   npm run build && npm run build:site
//   npm run --prefix site preview               # serves it

import { execFileSync } from "node:child_process";
import { runScript } from "./run-script.ts";

await runScript(async () => {
  for (const args of [
    ["ci", "--no-audit", "--no-fund"],
    ["run", "build"],
  ])
    execFileSync("npm", ["--prefix", "site", ...args], { stdio: "inherit" });
});
