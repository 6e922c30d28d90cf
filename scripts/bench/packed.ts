// Reading the same pictures from class folders and from larger files: Parquet by Hugging Face's `datasets` and by pandas, and
// a WebDataset shard.
//
//   npm run bench:packed -- --python python3                 # 10,000 JPEG files of 32 x 32
//   npm run bench:packed -- --python python3 --side 224      # of 224 x 224
//
// The Python needs scripts/packed/requirements.txt. Each reading is a process of its own, with one worker per core and an empty
// cache; sources alternate. Prints one JSON line per source: medians of the rounds, the ratio of its rate to that of the folders
// in the same round, the same by the processor time of all processes (on Linux; other programs disturb it less), and the largest
// memory of the reading process (without its workers, which have the same in all).

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { resourceUsage } from "node:process";
import { parseArgs } from "node:util";
import { Random } from "../../src/common/random.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { imageAt } from "../../src/image/batch.ts";
import { encodeJpeg } from "../../src/image/codec.ts";
import { loadSample } from "../../test/fixtures/sample.ts";
import { mosaic, SIDE } from "./pictures.ts";

const CLASSES = 10;
const IMAGE_SIZE = 32;
const SOURCES = ["folders", "train.parquet", "frame.parquet", "train.tar"] as const;

/** Clock ticks in a second, on all Linux systems that Node runs on. */
const TICKS = 100;

interface Round {
  readonly seconds: number;
  /** Of the process and its workers; undefined if the system does not say it. */
  readonly cpuSeconds?: number;
  readonly megabytes: number;
}

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    count: { type: "string", default: "10000" },
    side: { type: "string", default: "32" },
    rounds: { type: "string", default: "5" },
    /** Internal: what this process reads. */
    read: { type: "string" },
  },
});
const COUNT = Number(values.count);
if (values.read) console.log(JSON.stringify(await read(values.read)));
else await compare();

async function compare(): Promise<void> {
  if (!values.python) throw new Error("--python is missing: a Python with scripts/packed/requirements.txt");
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-bench-packed-"));
  try {
    await makePictures(join(folder, "folders"));
    const script = join(import.meta.dirname, "pack_pictures.py");
    execFileSync(values.python, [script, join(folder, "folders"), folder], { stdio: "inherit" });
    const rounds = new Map<string, Round[]>(SOURCES.map((source) => [source, []]));
    // The first reading of the files is slower than all later ones.
    for (let round = -1; round < Number(values.rounds); round++) {
      for (const source of SOURCES) {
        const args = [import.meta.filename, "--read", join(folder, source), "--count", values.count];
        const measured: Round = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
        if (round >= 0) rounds.get(source)!.push(measured);
      }
    }
    for (const source of SOURCES) report(source, rounds, join(folder, source));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(source: string, rounds: ReadonlyMap<string, readonly Round[]>, path: string): void {
  const own = rounds.get(source)!;
  const folders = rounds.get("folders")!;
  const ratios = own.map(({ seconds }, i) => folders[i].seconds / seconds);
  const cpuRatios = own.flatMap(({ cpuSeconds }, i) =>
    cpuSeconds === undefined ? [] : [folders[i].cpuSeconds! / cpuSeconds],
  );
  const line = {
    bench: "packed",
    source,
    cpu: cpus()[0]?.model,
    pictures: COUNT,
    side: Number(values.side),
    ...(source !== "folders" && { fileMegabytes: Math.round(statSync(path).size / 1e6) }),
    rounds: own.length,
    picturesPerSecond: Math.round(COUNT / median(own.map(({ seconds }) => seconds))),
    ratio: Number(median(ratios).toFixed(2)),
    ratios: ratios.map((ratio) => Number(ratio.toFixed(2))),
    ...(cpuRatios.length > 0 && {
      cpuSeconds: Number(median(own.map(({ cpuSeconds = 0 }) => cpuSeconds)).toFixed(2)),
      cpuRatio: Number(median(cpuRatios).toFixed(2)),
    }),
    megabytes: Math.round(Math.max(...own.map(({ megabytes }) => megabytes))),
  };
  console.log(JSON.stringify(line));
}

async function makePictures(folder: string): Promise<void> {
  const { images } = (await loadSample()).train;
  const side = Number(values.side);
  if (side !== 32 && side !== SIDE) throw new Error(`--side: 32 or ${SIDE}`);
  for (let i = 0; i < COUNT; i++) {
    const pixels = side === 32 ? imageAt(images, i % images.count) : mosaic(images, new Random("bench", i));
    const name = join(folder, String(i % CLASSES), `${String(i).padStart(6, "0")}.jpg`);
    if (i < CLASSES) mkdirSync(join(folder, String(i)), { recursive: true });
    writeFileSync(name, await encodeJpeg(pixels, side, side, 60 + (Math.floor(i / images.count) % 40)));
  }
}

async function read(path: string): Promise<Round> {
  const home = mkdtempSync(join(tmpdir(), "deepaugment-bench-home-"));
  try {
    const start = performance.now();
    const { train } = await loadDataset(path, { home, imageSize: IMAGE_SIZE });
    const seconds = (performance.now() - start) / 1000;
    if (train.labels.length !== COUNT) throw new Error(`${path}: read ${train.labels.length} pictures`);
    return { seconds, ...cpuTime(), megabytes: (1024 * resourceUsage().maxRSS) / 1e6 };
  } finally {
    rmSync(home, { recursive: true });
  }
}

function cpuTime(): Pick<Round, "cpuSeconds"> {
  if (process.platform !== "linux") return {};
  // After the name in brackets: user and system time are fields 14 and 15, those of ended children 16 and 17.
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return { cpuSeconds: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
