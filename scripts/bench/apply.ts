// Benchmarks `apply` at scale: augments JPEG files of 224 x 224 pixels, made from CIFAR-10 images, with the real
// program.
//
//   npm run bench:apply                            # 10,000 pictures
//   node scripts/bench/apply.ts --count 500 --as npz
//   node scripts/bench/apply.ts --folder /data/bench --keep      # reuses pictures from an earlier run
//
// Prints one JSON line: pictures per second; the share of time each core was busy with any program (/proc/stat), and
// the share of all cores that this program used (CPU time of the whole process tree); for every process the peak
// resident memory, its growth between 20% and 95% of the pictures, and the share of time its main thread was running or
// ready to run (schedstat). On a machine with other work, the workers' `ready` shows whether they would have kept their
// cores busy. All figures come from /proc (Linux), sampled every 100 ms.

import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Random } from "../../src/common/random.ts";
import { encodeJpeg } from "../../src/image/codec.ts";
import { formatPolicyFile } from "../../src/policy/policy-file.ts";
import { loadSample } from "../../test/fixtures/sample.ts";
import { mosaic, SIDE } from "./pictures.ts";

const CLASSES = 10;
const INTERVAL = 100;

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    as: { type: "string", default: "folders" },
    format: { type: "string" },
    workers: { type: "string" },
    folder: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const count = Number(values.count);
const folder = values.folder ?? mkdtempSync(join(tmpdir(), "deepaugment-bench-apply-"));
const data = join(folder, `pictures-${count}`);
const out = join(folder, "out");
try {
  await makePictures();
  rmSync(out, { recursive: true, force: true });
  console.log(JSON.stringify(await measure()));
} finally {
  rmSync(out, { recursive: true, force: true });
  if (!values.keep) rmSync(values.folder ? data : folder, { recursive: true, force: true });
}

async function makePictures(): Promise<void> {
  if (existsSync(join(data, ".done"))) return;
  const { images } = (await loadSample()).train;
  for (let label = 0; label < CLASSES; label++) mkdirSync(join(data, `class ${label}`), { recursive: true });
  for (let i = 0; i < count; i++) {
    const file = await encodeJpeg(mosaic(images, new Random("bench", i)), SIDE, SIDE, 90);
    writeFileSync(join(data, `class ${i % CLASSES}`, `${String(i).padStart(6, "0")}.jpg`), file);
  }
  writeFileSync(join(data, ".done"), "");
}

interface Usage {
  /** CPU time of all threads, in ticks. */
  readonly ticks: number;
  /** Resident memory in MB. */
  readonly resident: number;
  /** Time in which the main thread ran or waited for a core, in seconds. */
  readonly ready: number;
}

interface Sample {
  readonly seconds: number;
  readonly done: number;
  readonly processes: ReadonlyMap<number, Usage>;
  /** Per core: busy ticks and all ticks. */
  readonly cores: readonly (readonly [number, number])[];
}

async function measure() {
  const args = ["apply", "--policy", writePolicy(), "--data", data, "--out", out, "--as", values.as];
  if (values.workers) args.push("--workers", values.workers);
  if (values.format) args.push("--format", values.format);
  const program = join(import.meta.dirname, "../../bin/deepaugment.ts");
  const samples: Sample[] = [];
  const start = performance.now();
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  const timer = setInterval(() => {
    const seconds = (performance.now() - start) / 1000;
    samples.push({ seconds, done: picturesDone(), processes: usageOf(child.pid!), cores: coreTicks() });
  }, INTERVAL);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(timer);
  const seconds = (performance.now() - start) / 1000;
  if (code !== 0) throw new Error(`apply ended with code ${code}`);
  return { ...report(samples), seconds: round(seconds), picturesPerSecond: round(count / seconds) };
}

function report(samples: readonly Sample[]) {
  const [first] = samples;
  const last = samples[samples.length - 1];
  const share = (of: number, ticks: number) => (ticks > 0 ? round(of / ticks, 3) : 0);
  const totals = last.cores.map(([, total], i) => total - first.cores[i][1]);
  const busy = last.cores.map(([ticks], i) => share(ticks - first.cores[i][0], totals[i]));
  const pids = new Set(samples.flatMap(({ processes }) => [...processes.keys()]));
  let own = 0;
  const processes = [...pids].map((pid, i) => {
    const usages = samples.flatMap((sample) => {
      const usage = sample.processes.get(pid);
      return usage ? [{ done: sample.done, seconds: sample.seconds, ...usage }] : [];
    });
    const [begin, end] = [usages[0], usages[usages.length - 1]];
    own += end.ticks - begin.ticks;
    // Workers of a short run may end before the next sample.
    const residentAt = (from: number) => (usages.find(({ done }) => done >= from * count) ?? end).resident;
    const [early, late] = [residentAt(0.2), residentAt(0.95)];
    return {
      process: i === 0 ? "parent" : `worker ${i}`,
      peakMegabytes: round(Math.max(...usages.map(({ resident }) => resident))),
      megabytesAt20: round(early),
      megabytesAt95: round(late),
      growth: round(late - early),
      cpuSeconds: round(end.ticks / 100),
      ready: share(end.ready - begin.ready, end.seconds - begin.seconds),
    };
  });
  return {
    command: `apply --as ${values.as}`,
    pictures: count,
    cpu: cpus()[0]?.model,
    cores: availableParallelism(),
    busy,
    own: share(
      own,
      totals.reduce((sum, ticks) => sum + ticks, 0),
    ),
    processes,
  };
}

/** Number of pictures done: lines of the run's journal, or all once the manifest exists. */
function picturesDone(): number {
  try {
    const text = readFileSync(join(out, "apply.journal"));
    let lines = 0;
    for (let place = text.indexOf(10); place >= 0; place = text.indexOf(10, place + 1)) lines++;
    return lines;
  } catch {
    return existsSync(join(out, "manifest.csv")) ? count : 0;
  }
}

/** Usage of the process and its children, without those that have just ended. */
function usageOf(parent: number): Map<number, Usage> {
  const usages = new Map<number, Usage>();
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== parent && statOf(pid)?.parent === parent);
  for (const pid of [parent, ...children]) {
    const stat = statOf(pid);
    const resident = /VmRSS:\s+(\d+) kB/.exec(readProc(`/proc/${pid}/status`))?.[1];
    const [run, wait] = readProc(`/proc/${pid}/schedstat`).split(" ").map(Number);
    if (!stat || !resident) continue;
    usages.set(pid, { ticks: stat.ticks, resident: Number(resident) / 1000, ready: (run + wait) / 1e9 });
  }
  return usages;
}

function statOf(pid: number): { parent: number; ticks: number } | undefined {
  // The second field, the name in parentheses, may contain spaces.
  const fields = readProc(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  if (fields.length < 13) return undefined;
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
}

function coreTicks(): [number, number][] {
  return [...readProc("/proc/stat").matchAll(/^cpu\d+ (.*)$/gm)].map(([, line]) => {
    const ticks = line.split(" ").map(Number).slice(0, 8);
    const total = ticks.reduce((sum, value) => sum + value, 0);
    // Fields 3 and 4 are idle time and waiting for the disk.
    return [total - ticks[3] - ticks[4], total];
  });
}

function readProc(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Writes a policy of one chain of two techniques of about average cost. */
function writePolicy(): string {
  const path = join(folder, "policy.json");
  const chains = [
    [{ type: "shear", magnitude: 0.3 } as const, { type: "gamma-contrast", magnitude: 0.7 } as const],
  ];
  const policy = {
    trial: 1,
    reward: 0.6,
    standardError: 0.01,
    confirmed: false,
    expectedAccuracyIncrease: 0.1,
    portion: 1,
    chains,
  };
  const dataset = { name: "bench", classes: CLASSES, imageShape: [SIDE, SIDE, 3] as const };
  const baseline = { reward: 0.5, standardError: 0.01, confirmed: false };
  writeFileSync(path, formatPolicyFile({ dataset, baseline, policies: [policy] }));
  return path;
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
