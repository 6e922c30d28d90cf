// Compares the training speed of our engines and PyTorch on the same processor in one run: alternating rounds, medians,
// ratios, memory. Processes train at the same time, like the workers of a search.
//
//   npm run bench:train                                          # the engine of `auto`, one process and one per core
//   npm run bench:train -- --engine native,wasm --precision float32,bfloat16 --model basiccnn,wrn_16_2 \
//     --python python3 --python /usr/bin/python3 --page docs/performance.md --json rounds.jsonl
//   npm run bench:train -- --engine native --kernels auto,avx2   # also with an instruction set forced
//   npm run bench:train -- --child-run                           # seconds per child: 50 epochs of CIFAR-10
//
// The table goes to stdout, and each measurement goes to stderr and as a line to `--json`. PyTorch runs in the fastest
// of its variants in each precision, found in a short first pass; see peer_torch.py. Images are 32 x 32 with 10
// classes. `--part` names the part of the page to write if the page has tables of several machines. With a C++
// compiler, rates are also given as shares of the processor's limit (peak.cc).

import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkModel } from "../../src/child/model.ts";
import { UsageError } from "../../src/common/errors.ts";
import { writeFileWhole } from "../../src/common/files.ts";
import { describeMachine } from "../../src/common/machine.ts";
import { ENGINE_CHOICES, PRECISION_CHOICES } from "../../src/config/engines.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { selectSubsets, writeSubsets } from "../../src/dataset/subset-file.ts";
import { drawSubsets } from "../../src/dataset/subsets.ts";
import { runScript } from "../run-script.ts";
import { type Operations, operationsOf } from "./training/limit.ts";
import { formatMachine } from "./training/machine.ts";
import type { Contender, Measurement, Setup } from "./training/measurement.ts";
import { writePart } from "./training/page-part.ts";
import { measurePeaks, type Peaks } from "./training/peak.ts";
import { type Peer, startFastest } from "./training/peer.ts";
import {
  type ChildRun,
  formatChildRuns,
  formatModel,
  formatPeaks,
  formatSide,
  type Result,
} from "./training/tables.ts";
import { type TrainerOptions, Trainers, trainChildren } from "./training/trainers.ts";
import { wholeNumbers } from "./whole-numbers.ts";

const cores = availableParallelism();
const machine = describeMachine();
/** Longest measurement of the peak, per precision. */
const MOST_PEAK_SECONDS = 1.5;

await runScript(main);

async function main(): Promise<void> {
  const options = readOptions();
  if (options.json) writeFileWhole(options.json, `${JSON.stringify({ machine, command: command() })}\n`);
  const lines = options.childRun ? await childRun(options) : await trainingSpeed(options);
  console.log(lines.join("\n"));
  if (options.page) writePart(options.page, options.part, lines, "Performance");
}

type Options = ReturnType<typeof readOptions>;

function readOptions() {
  const { values } = parseArgs({
    options: {
      engine: { type: "string", default: "auto" },
      model: { type: "string", default: "basiccnn" },
      precision: { type: "string", default: "auto" },
      kernels: { type: "string", default: "auto" },
      batch: { type: "string", default: "64" },
      processes: { type: "string", default: cores > 1 ? `1,${cores}` : "1" },
      threads: { type: "string", default: "1" },
      rounds: { type: "string" },
      seconds: { type: "string", default: "4" },
      python: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      page: { type: "string" },
      part: { type: "string" },
      "child-run": { type: "boolean", default: false },
      data: { type: "string", default: "cifar10" },
      images: { type: "string", default: "2000,1000" },
      epochs: { type: "string", default: "50" },
    },
  });
  const childRun = values["child-run"];
  const models = values.model.split(",");
  for (const model of models) checkModel(model, 32, 32);
  const [trainSize, validationSize = 1] = wholeNumbers(values.images, "images");
  return {
    models,
    engines: choices(values.engine, "engine", ENGINE_CHOICES),
    precisions: choices(values.precision, "precision", PRECISION_CHOICES),
    kernels: values.kernels.split(","),
    batch: wholeNumbers(values.batch, "batch")[0],
    processes: wholeNumbers(values.processes, "processes"),
    threads: wholeNumbers(values.threads, "threads")[0],
    rounds: wholeNumbers(values.rounds ?? (childRun ? "1" : "5"), "rounds")[0],
    seconds: positive(values.seconds, "seconds"),
    pythons: values.python,
    json: values.json,
    page: values.page,
    part: values.part ?? (childRun ? "seconds per child" : "training speed"),
    childRun,
    data: values.data,
    trainSize,
    validationSize,
    epochs: wholeNumbers(values.epochs, "epochs")[0],
  };
}

/** All valid combinations of engine, precision and instruction set. */
function trainerOptions(
  { engines, precisions, kernels, batch, threads }: Options,
  model: string,
): TrainerOptions[] {
  return engines.flatMap((engine) => {
    // Engine wasm has only float32 and no instruction sets; if only bfloat16 is requested, it reports the error itself.
    const others = precisions.filter((precision) => engine !== "wasm" || precision !== "bfloat16");
    return (others.length > 0 ? others : precisions).flatMap((precision) =>
      (engine === "wasm" ? ["auto"] : kernels).map((each) => ({
        ...{ engine, precision, kernels: each, model, batch, threads },
      })),
    );
  });
}

async function trainingSpeed(options: Options): Promise<string[]> {
  const compared: { model: string; operations: Operations; results: Result[] }[] = [];
  for (const model of options.models) {
    const operations = await operationsOf(model);
    compared.push({ model, operations, results: await compare(options, model) });
  }
  const setups = compared.flatMap(({ results }) => results.map(({ setup }) => setup));
  const peaks = await measureLimit(options, setups);
  const tables: string[] = [];
  for (const { model, operations, results } of compared) {
    const limit = typeof peaks === "string" ? undefined : { operations, peaks, cores };
    tables.push("", `#### ${model}, batch ${options.batch}`, "", ...formatModel(results, cores, limit));
  }
  const torches = setups
    .filter(({ side }) => side === "torch")
    .map(({ name }) => name.slice("torch ".length));
  const peers =
    torches.length === 0
      ? []
      : [
          `PyTorch (${[...new Set(torches)].join(", ")}) runs in each precision in its fastest variant here: one process with a thread per core,`,
          "or one single-threaded process per core; images contiguous or channels last; bfloat16 by autocast. In bold: ours as",
          "a multiple of PyTorch.",
        ];
  return [
    `Images of 32 × 32 per second, all processes together: medians of ${options.rounds} alternating rounds of ${options.seconds} s each, with the lowest`,
    "and the highest round. All processes train at the same time, each its own network, and all validate at the same time.",
    ...peers,
    ...formatPeaks(peaks),
    ...provenance(),
    ...tables,
  ];
}

/** Measures one model, with rounds that alternate between all sides. */
async function compare(options: Options, model: string): Promise<Result[]> {
  const { rounds, seconds, batch } = options;
  const trainers: Trainers[] = [];
  const peers: Peer[] = [];
  try {
    for (const each of trainerOptions(options, model)) {
      trainers.push(await Trainers.start(each, Math.max(...options.processes)));
    }
    const precisions = new Set(trainers.map(({ identity }) => identity.precision));
    for (const python of options.pythons) {
      for (const precision of precisions) {
        const search = { python, model, precision, batch };
        const pass = Math.min(2, seconds);
        peers.push(
          await startFastest(search, cores, pass, (setup, measurement) =>
            record(options, "search", setup, measurement),
          ),
        );
      }
    }
    const ours = trainers.flatMap((each) => options.processes.map((processes) => each.contender(processes)));
    const contenders: Contender[] = [...ours, ...peers];
    const results = contenders.map(({ setup }) => ({ setup, rounds: [] as Measurement[] }));
    for (let round = 1; round <= rounds; round++) {
      const order = [...contenders.keys()];
      // The order reverses in every other round, so that a machine that slows down or speeds up affects all sides
      // equally.
      for (const index of round % 2 === 0 ? order.reverse() : order) {
        const measurement = await contenders[index].measure(seconds);
        record(options, round, contenders[index].setup, measurement);
        results[index].rounds.push(measurement);
      }
    }
    return results;
  } finally {
    for (const each of [...trainers, ...peers]) await each.close();
  }
}

/** Peak rates of this processor with the setups' kernels and with the fastest ones, or the reason if not measurable. */
async function measureLimit(options: Options, setups: readonly Setup[]): Promise<Peaks | string> {
  const kernels = new Set(setups.flatMap(({ kernels }) => kernels ?? []));
  const peaks = await measurePeaks(kernels, cores, Math.min(MOST_PEAK_SECONDS, options.seconds / 2));
  if (typeof peaks === "string") {
    console.error(`the processor's limit cannot be measured: ${peaks}`);
  } else {
    for (const [name, peak] of peaks.peaks) writeLine(options, { limit: name, ...peak });
  }
  return peaks;
}

async function childRun(options: Options): Promise<string[]> {
  const { data, epochs, trainSize, validationSize, rounds } = options;
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-bench-"));
  try {
    const subsetsPath = join(folder, "subsets.bin");
    const dataset = await loadDataset(data);
    const drawn = drawSubsets(dataset, { trainSize, validationSize, seed: 0 });
    writeSubsets(subsetsPath, selectSubsets(dataset, drawn));
    const lines = [
      `Children trained from scratch for ${epochs} epochs on ${trainSize.toLocaleString("en")} images of ${dataset.name}, with a validation on ${validationSize.toLocaleString("en")} after`,
      "each epoch, one per process at the same time. Seconds are medians.",
      ...provenance(),
    ];
    for (const model of options.models) {
      const runs: ChildRun[] = [];
      for (const each of trainerOptions(options, model)) {
        const processes = Math.max(...options.processes);
        const task = { subsetsPath, epochs, processes };
        const { setup, children } = await trainChildren(each, task, rounds, (round, setup, children) => {
          writeLine(options, { round, ...setup, epochs, trainSize, validationSize, children });
        });
        runs.push({ name: formatSide(setup), precision: setup.precision, rounds: children });
      }
      lines.push("", `### ${model}, batch ${options.batch}`, "", ...formatChildRuns(runs));
    }
    return lines;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function record(options: Options, round: number | "search", setup: Setup, measurement: Measurement): void {
  writeLine(options, { round, ...setup, ...measurement });
  const { precision, processes, threads } = setup;
  const [trained, validated] = [measurement.imagesPerSecond, measurement.validationImagesPerSecond];
  console.error(
    `${round === "search" ? "search" : `round ${round}/${options.rounds}`}: ${setup.model}, ${formatSide(setup)}, ${precision}, ${processes} × ${threads}: ${trained.toFixed(0)} images/s trained, ${validated.toFixed(0)} validated`,
  );
}

function writeLine({ json }: Options, line: object): void {
  if (json) appendFileSync(json, `${JSON.stringify(line)}\n`);
}

/** The machine and the command that produced the figures, as Markdown. */
function provenance(): string[] {
  return [`Measured on ${formatMachine(machine)}, by`, "", "```sh", command(), "```"];
}

/** The command of this run, without `--json`. */
function command(): string {
  const args = process.argv
    .slice(2)
    .filter((arg, index, all) => arg !== "--json" && all[index - 1] !== "--json")
    .map((arg) => (/\s/.test(arg) ? `"${arg}"` : arg));
  return ["npm run bench:train", ...(args.length > 0 ? ["--", ...args] : [])].join(" ");
}

function choices<const Choice extends string>(
  text: string,
  name: string,
  known: readonly Choice[],
): Choice[] {
  return text.split(",").map((word) => {
    const found = known.find((choice) => choice === word);
    if (!found) throw new UsageError(`--${name} ${word}: expected ${known.join(", ")}`);
    return found;
  });
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new UsageError(`--${name} ${text}: expected a number above 0`);
  return value;
}
