// Decoding JPEG files of 224 x 224 in one process: pictures per second, and processor seconds for all of them.
//
//   npm run bench:decode                            # 1,000 pictures
//   npm run bench:decode -- --beside ../before      # alternating with another checkout, which is installed
//   npm run bench:decode -- --workers 2             # by this many worker processes, from the files to the pixels
//
// The pictures are mosaics of CIFAR-10's images, encoded by this program at quality 90. Each round is a process of its own, which
// reads all files and decodes 50 of them before it measures; with workers it starts them, too, and `cpuSeconds` is only its own. Prints one JSON line per checkout with the medians of the
// rounds; `ratio` is this checkout's pictures per processor second over the other's.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../src/common/random.ts";
import { encodeJpeg } from "../../src/image/codec.ts";
import { loadSample } from "../../test/fixtures/sample.ts";
import { mosaic, SIDE } from "./pictures.ts";

const WARM_UP = 50;

interface Round {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "1000" },
    rounds: { type: "string", default: "5" },
    beside: { type: "string" },
    workers: { type: "string" },
    /** Internal: the checkout whose decoder this process measures, on the pictures in `pictures`. */
    measure: { type: "string" },
    pictures: { type: "string" },
  },
});
if (values.measure && values.pictures) {
  const measured = values.workers ? decodeByWorkers : decodeAll;
  console.log(JSON.stringify(await measured(values.measure, values.pictures)));
} else {
  await compare([".", ...(values.beside ? [values.beside] : [])]);
}

async function compare(checkouts: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-bench-decode-"));
  try {
    await makePictures(folder);
    const rounds: Round[][] = checkouts.map(() => []);
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [i, checkout] of checkouts.entries()) rounds[i].push(measure(checkout, folder));
    }
    const own = medianOf(rounds[0], "cpuSeconds");
    for (const [i, checkout] of checkouts.entries()) {
      const cpuSeconds = medianOf(rounds[i], "cpuSeconds");
      const line = {
        bench: "decode",
        checkout,
        cpu: cpus()[0]?.model,
        pictures: Number(values.count),
        rounds: rounds[i].length,
        picturesPerSecond: Math.round(Number(values.count) / medianOf(rounds[i], "seconds")),
        cpuSeconds: Number(cpuSeconds.toFixed(3)),
        ...(values.workers && { workers: Number(values.workers) }),
        ...(i > 0 && { ratio: Number((cpuSeconds / own).toFixed(2)) }),
        ...(i > 0 && { ratioOfTimes: Number(ratioOfTimes(rounds[i], rounds[0]).toFixed(3)) }),
      };
      console.log(JSON.stringify(line));
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function makePictures(folder: string): Promise<void> {
  const { images } = (await loadSample()).train;
  for (let i = 0; i < Number(values.count); i++) {
    const file = await encodeJpeg(mosaic(images, new Random("bench", i)), SIDE, SIDE, 90);
    writeFileSync(join(folder, `${String(i).padStart(6, "0")}.jpg`), file);
  }
}

function measure(checkout: string, folder: string): Round {
  const workers = values.workers ? ["--workers", values.workers] : [];
  const args = [import.meta.filename, "--measure", checkout, "--pictures", folder, ...workers];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

async function decodeAll(checkout: string, folder: string): Promise<Round> {
  const { decodeImage } = await import(resolve(checkout, "src/image/codec.ts"));
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  for (const file of files.slice(0, WARM_UP)) await decodeImage(file, "warm-up");
  const [start, usage] = [performance.now(), process.cpuUsage()];
  for (const file of files) {
    const { height, width } = await decodeImage(file, folder);
    if (height !== SIDE || width !== SIDE) throw new Error(`decoded ${height} x ${width} pixels`);
  }
  const { user, system } = process.cpuUsage(usage);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

async function decodeByWorkers(checkout: string, folder: string): Promise<Round> {
  const { decodeAll: decode } = await import(resolve(checkout, "src/dataset/readers/decode.ts"));
  const paths = readdirSync(folder).map((name) => join(folder, name));
  const [start, usage] = [performance.now(), process.cpuUsage()];
  let taken = 0;
  const take = ({ height, width, data }: { height: number; width: number; data?: Uint8Array }) => {
    if (height !== SIDE || width !== SIDE || !data) throw new Error(`decoded ${height} x ${width} pixels`);
    taken++;
  };
  await decode(paths, {}, { workers: Number(values.workers) }, take);
  if (taken !== paths.length) throw new Error(`decoded ${taken} pictures`);
  const { user, system } = process.cpuUsage(usage);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/** The median of the rounds' ratios: rounds that follow each other share the load of the machine. */
function ratioOfTimes(rounds: readonly Round[], own: readonly Round[]): number {
  const ratios = rounds.map(({ seconds }, i) => seconds / own[i].seconds).sort((a, b) => a - b);
  return ratios[Math.floor(ratios.length / 2)];
}

function medianOf(rounds: readonly Round[], key: keyof Round): number {
  const sorted = rounds.map((round) => round[key]).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
