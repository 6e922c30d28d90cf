// Continues the long evaluations behind docs/results.md, from what measurements/ has of them (measurements/README.md).
//
//   npm run measure                          # all in turn: many hours
//   npm run measure -- cifar10-wrn_16_2      # one
//   npm run measure -- --pack                # only packs what there is

import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../src/common/errors.ts";
import { runScript } from "./run-script.ts";

const FOLDER = "measurements";
const POLICY = ["--policy", "configs/policies/cifar10-60-trials.json"];
/** Small batches, since at least 50 of them measure the moments. */
const TRIED = ["--set", "save_weights=false", "--set", "batch_size=32"];
const ARMS = "none,flip-crop,trivialaugment,flip-crop+top-policies";

/** The command of each, without the folder of the results. */
const MEASUREMENTS: Readonly<Record<string, readonly string[]>> = {
  "cifar10-wrn_16_2": [
    ...["evaluate", ...POLICY, "--data", "cifar10", "--train-size", "2000", "--samples", "5"],
    ...["--model", "wrn_16_2", "--recipe", "sgd", "--epochs", "30"],
  ],
  "cifar10-wrn_16_2-50000": [
    ...["evaluate", ...POLICY, "--data", "cifar10", "--samples", "1", "--arms", ARMS],
    ...["--model", "wrn_16_2", "--recipe", "sgd", "--epochs", "4"],
  ],
  "cifar10-wrn_28_10": [
    ...["evaluate", "--config", "configs/evaluate-wrn-28-10.yaml", "--epochs", "2"],
    ...["--arms", "flip-crop+top-policies", "--train-size", "500", ...TRIED],
  ],
};

const PACK_EVERY = 600_000;
/** What a finished training leaves; the checkpoints of others are large. */
const NOT_PACKED = ["--exclude=checkpoints/*", "--exclude=*.lock"];

/** The dated folder of a measurement; undefined if it has not begun. */
function folderOf(name: string): string | undefined {
  const out = join(FOLDER, name);
  const [dated] = existsSync(out) ? readdirSync(out) : [];
  return dated && join(out, dated);
}

function pack(name: string): void {
  if (!folderOf(name)) return;
  const archive = join(FOLDER, `${name}.tar.xz`);
  execFileSync("tar", [...NOT_PACKED, "-C", FOLDER, "-cJf", `${archive}.part`, name]);
  renameSync(`${archive}.part`, archive);
}

async function measure(name: string): Promise<void> {
  const archive = join(FOLDER, `${name}.tar.xz`);
  if (!folderOf(name) && existsSync(archive)) execFileSync("tar", ["-C", FOLDER, "-xJf", archive]);
  const begun = folderOf(name);
  const [command, ...options] = MEASUREMENTS[name];
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
  if (unknown) throw new UsageError(`${unknown}: expected ${Object.keys(MEASUREMENTS).join(" or ")}`);
  for (const name of names) {
    if (values.pack) pack(name);
    else await measure(name);
  }
});
