// Runs the commands of docs/tutorial.md, in their order and in one shell, as a new user would: in a folder that has what a copy of
// the repository has. About five minutes.
//
//   npm run check:tutorial

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RunError } from "../src/common/errors.ts";
import { runScript } from "./run-script.ts";

const PAGE = "docs/tutorial.md";
/** Built, and therefore not in the repository. */
const BUILT = ["node_modules", "dist"];

await runScript(async () => {
  const text = readFileSync(PAGE, "utf8");
  const commands = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-tutorial-"));
  try {
    const tracked = execFileSync("git", ["ls-tree", "--name-only", "HEAD"], { encoding: "utf8" });
    for (const name of [...tracked.trim().split("\n"), ...BUILT])
      symlinkSync(resolve(name), join(folder, name));
    const { status } = spawnSync("bash", ["-euxo", "pipefail", "-c", commands.join("\n")], {
      cwd: folder,
      stdio: "inherit",
    });
    if (status !== 0) throw new RunError(`${PAGE}: a command has failed`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
