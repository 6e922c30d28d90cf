// Measures engine webgpu on this machine's graphics card by the number of trainings that share it: images per second,
// amortized seconds per child, and how busy the card is. The default of `workers` is based on it.
//
//   npm run bench:gpu                                            # basic CNN, children of 50 epochs × 2,000 CIFAR-10 images
//   npm run bench:gpu -- --workers 1,2,4,8 --model wrn_16_2 --page docs/performance.md
//   npm run bench:gpu -- --workers 1 --data test/fixtures/cifar-10-sample.tar.gz --images 10,10 --epochs 1 --batch 5 \
//     --rounds 1                                                 # a trial run on SwiftShader, which is slow
//
// The table goes to stdout. In each round all workers train one child each at the same time, from scratch, with a
// validation after each epoch. The first round does not count, because shaders are compiled in it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../../src/common/errors.ts";
import { describeMachine } from "../../src/common/machine.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { selectSubsets, writeSubsets } from "../../src/dataset/subset-file.ts";
import { drawSubsets } from "../../src/dataset/subsets.ts";
import { resolveEngine } from "../../src/engine/choose.ts";
import { runScript } from "../run-script.ts";
import { GpuLoad } from "./training/gpu-load.ts";
import { formatMachine } from "./training/machine.ts";
import { median } from "./training/measurement.ts";
import { writePart } from "./training/page-part.ts";
import { trainChildren } from "./training/trainers.ts";

await runScript(main);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      workers: { type: "string", default: "1,2,3,4,6,8" },
      model: { type: "string", default: "basiccnn" },
      batch: { type: "string", default: "64" },
      data: { type: "string", default: "cifar10" },
      images: { type: "string", default: "2000,1000" },
      epochs: { type: "string", default: "50" },
      rounds: { type: "string", default: "3" },
      page: { type: "string" },
    },
  });
  const { found } = await resolveEngine("webgpu", "auto");
  const [batch, epochs, rounds] = [values.batch, values.epochs, values.rounds].map(wholeNumber);
  const [trainSize, validationSize = 1] = values.images.split(",").map(wholeNumber);
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-bench-"));
  const load = new GpuLoad();
  try {
    const subsetsPath = join(folder, "subsets.bin");
    const dataset = await loadDataset(values.data);
    const drawn = drawSubsets(dataset, { trainSize, validationSize, seed: 0 });
    writeSubsets(subsetsPath, selectSubsets(dataset, drawn));
    const rows: string[] = [];
    for (const processes of values.workers.split(",").map(wholeNumber)) {
      const setup = { engine: "webgpu", precision: "auto", kernels: "auto", model: values.model } as const;
      const task = { subsetsPath, epochs, processes };
      const { result, busy } = await load.during(() =>
        trainChildren({ ...setup, batch, threads: 1 }, task, rounds + 1, (round, _, children) => {
          const longest = Math.max(...children.map(({ seconds }) => seconds));
          const what = round === 1 ? "warm-up" : `round ${round - 1}/${rounds}`;
          console.error(`${what}, ${processes} workers: ${longest.toFixed(2)} s for one child each`);
        }),
      );
      const measured = result.children.slice(1);
      const seconds = median(measured.map((children) => Math.max(...children.map((child) => child.seconds))));
      const rewards = measured.flat().map(({ reward }) => reward);
      const cells = [
        processes,
        Math.round((processes * epochs * trainSize) / seconds).toLocaleString("en"),
        seconds.toFixed(2),
        `**${(seconds / processes).toFixed(2)}**`,
        busy === undefined ? "–" : `${(100 * busy).toFixed(0)}%`,
        (rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length).toFixed(3),
      ];
      rows.push(`| ${cells.join(" | ")} |`);
    }
    const lines = [
      `${values.model}, batches of ${batch}: children of ${epochs} epochs of ${trainSize.toLocaleString("en")} images of ${dataset.name}, with a validation on ${validationSize.toLocaleString("en")} after`,
      `each, on ${found.device}${found.isSoftware ? ", which is not a graphics card" : ""}; median of ${rounds} ${rounds === 1 ? "round" : "rounds"}. Images per second count`,
      'only training images, over the time of training and validation. "Busy" is the card\'s share of time, warm-up included.',
      `${formatMachine(describeMachine())}.`,
      "Measured by",
      "",
      "```sh",
      `npm run bench:gpu -- ${process.argv.slice(2).join(" ")}`.trimEnd().replace(/ --$/, ""),
      "```",
      "",
      "| workers | images/s | seconds per training | seconds per child | card busy | reward |",
      "|---:|---:|---:|---:|---:|---:|",
      ...rows,
    ];
    console.log(lines.join("\n"));
    if (values.page) writePart(values.page, "graphics card", lines, "Performance");
  } finally {
    await load.close();
    rmSync(folder, { recursive: true });
  }
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`expected integers of at least 1, received ${text}`);
  return Number(text);
}
