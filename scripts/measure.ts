// Continues the long searches and evaluations behind docs/results.md, from what measurements/ has of them
// (measurements/README.md).
//
//   npm run measure                          # all in turn: days
//   npm run measure -- 1h-cifar10-0          # one
//   npm run measure -- --pack                # only packs what there is

import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../src/common/errors.ts";
import { MEASUREMENTS, SEARCH } from "./measurements.ts";
import { runScript } from "./run-script.ts";

const FOLDER = "measurements";
const PACK_EVERY = 600_000;
/** What a finished training leaves; the checkpoints of others are large. */
const NOT_PACKED = ["--exclude=checkpoints/*", "--exclude=*.lock"];

/** The dated folder of a measurement; undefined if it has not begun. */
function folderOf(name: string): string | undefined {
  const out = join(FOLDER, name);
  const [dated] = existsSync(out) ? readdirSync(out) : [];
  return dated && join(out, dated);
}

/** The same, from its archive if there is only that. */
function unpacked(name: string): string | undefined {
  const archive = join(FOLDER, `${name}.tar.xz`);
  if (!folderOf(name) && existsSync(archive)) execFileSync("tar", ["-C", FOLDER, "-xJf", archive]);
  return folderOf(name);
}

function folderOfSearch(name: string): string {
  const folder = unpacked(name);
  if (folder) return folder;
  throw new UsageError(`npm run measure -- ${name} has not been run, and its policies are evaluated`);
}

function pack(name: string): void {
  if (!folderOf(name)) return;
  const archive = join(FOLDER, `${name}.tar.xz`);
  execFileSync("tar", [...NOT_PACKED, "-C", FOLDER, "-cJf", `${archive}.part`, name]);
  renameSync(`${archive}.part`, archive);
}

async function measure(name: string): Promise<void> {
  const begun = unpacked(name);
  const [command, ...options] = MEASUREMENTS[name].map((option) =>
    option.startsWith(SEARCH) ? folderOfSearch(option.slice(SEARCH.length)) : option,
  );
  const args = begun ? ["--resume", begun] : [...options, "--out", join(FOLDER, name)];
  // Ctrl-C reaches the program too, which ends and keeps what is done.
  process.once("SIGINT", () => {});
  const program = spawn(process.execPath, ["bin/deepaugment.ts", command, ...args], { stdio: "inherit" });
  const timer = setInterval(() => pack(name), PACK_EVERY);
  const code = await new Promise((resolve) => program.on("close", resolve));
  clearInterval(timer);
  pack(name);
  if (code !== 0) throw new UsageError(`${name} is not finished; the same command continues it`);
}

await runScript(async () => {
  const { values, positionals } = parseArgs({
    options: { pack: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const names = positionals.length > 0 ? positionals : Object.keys(MEASUREMENTS);
  const unknown = names.find((name) => !MEASUREMENTS[name]);
  if (unknown) throw new UsageError(`${unknown}: expected a name that scripts/measurements.ts has`);
  for (const name of names) {
    if (values.pack) pack(name);
    else await measure(name);
  }
});
