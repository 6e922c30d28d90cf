// Writes test/fixtures/own-files.tar.gz: the files that this program itself writes, from a small search, an evaluation and an
// apply, for the fuzzer to damage.
//
//   node scripts/fuzz/make-own-files.ts

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { selectSubsets, writeSubsets } from "../../src/dataset/subset-file.ts";
import { tarGz } from "../../test/dataset/fixtures/files.ts";

const SAMPLE = join(import.meta.dirname, "../../test/fixtures/cifar-10-sample.tar.gz");
const TO = join(import.meta.dirname, "../../test/fixtures/own-files.tar.gz");
const SIDE = 12;

const folder = mkdtempSync(join(tmpdir(), "own-files-"));
process.env.DEEPAUGMENT_HOME = join(folder, "home");
process.chdir(folder);
cpSync(SAMPLE, "sample.tar.gz");
await search();
await run("evaluate", "--experiment", "experiment", "--arms", "none,policy", "--samples", "2", [
  ...["--epochs", "2", "--train-size", "20", "--out", "evaluations", "--save-weights", "--engine", "wasm"],
]);
cpSync(join("evaluations", readdirSync("evaluations")[0]), "evaluation", { recursive: true });
await run("apply", "--policy", "experiment", "--data", "sample.tar.gz", "--out", "applied", [
  "--split",
  "0.5",
]);
await writeSmallFiles();
const archive = await tarGz(contentsOf(), "own");
writeFileSync(TO, archive);
rmSync(folder, { recursive: true });
console.log(`${TO}: ${archive.length} bytes`);

async function run(...args: readonly (string | readonly string[])[]): Promise<void> {
  const code = await main(args.flat());
  if (code !== 0) throw new Error(`${args.flat().join(" ")}: exit code ${code}`);
}

async function search(): Promise<void> {
  const settings = {
    ...{ data: "sample.tar.gz", image_size: SIDE, train_set_size: 20, validation_set_size: 20 },
    ...{
      model: "basiccnn",
      child_epochs: 2,
      child_batch_size: 10,
      iterations: 3,
      workers: 1,
      engine: "wasm",
    },
    ...{ opt_samples: 2, confirm_top: 2, confirm_samples: 2, bases: "[none, flip-crop]", out: "experiments" },
  };
  const set = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  await run("optimize", set);
  cpSync(join("experiments", readdirSync("experiments")[0]), "experiment", { recursive: true });
  writeFileSync(
    join("experiment", "failures.csv"),
    'trial_no,sample_no,reason\n4,1,"the process ended, twice"\n',
  );
}

/** A subset file, and a cache file, of few images. */
async function writeSmallFiles(): Promise<void> {
  const dataset = await loadDataset("sample.tar.gz", { imageSize: SIDE });
  const subsets = selectSubsets(dataset, {
    train: Int32Array.of(0, 1, 2),
    validation: Int32Array.of(3, 4),
    validationFrom: "train",
  });
  writeSubsets("subsets.data", subsets);
}

/** By their names in the archive. What a machine has is replaced, and long files are left out. */
function contentsOf(): Record<string, Uint8Array> {
  const folders = ["experiment", "evaluation", "applied"];
  const names = folders.flatMap((name) =>
    readdirSync(name, { recursive: true, encoding: "utf8", withFileTypes: true })
      .filter(
        (entry) =>
          entry.isFile() && /\.(json|yaml|csv|sums)$/.test(entry.name) && entry.name !== "manifest.csv",
      )
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return Object.fromEntries([...names, "subsets.data"].map((name) => [name, neutral(name)]));
}

function neutral(name: string): Uint8Array {
  if (!name.endsWith(".json")) return readFileSync(name);
  const text = readFileSync(name, "utf8").replaceAll(folder, "/data");
  const machine = '"cpu": "a processor", "cores": 2, "memoryGiB": 8, "system": "Linux 6.0 x64"';
  return Buffer.from(text.replace(/"cpu": [^}]*/, `${machine} `));
}
