// Training speed of the basic CNN on an engine, one process a core as the search runs it.
//
//   npm run bench:train                          # one process, then one a core
//   node scripts/bench/train.ts --seconds 10 --batch 64 --processes 2
//
// Prints one JSON line per number of processes: images trained per second (forward, backward, update) over all
// processes together (each the median of its rounds), and each process's resident memory.

import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { buildModel } from "../../src/child/model.ts";
import { evaluateChild, trainChild } from "../../src/child/trainer.ts";
import { Random } from "../../src/common/random.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { startEngine } from "../../src/engine/engine.ts";
import { createBatch } from "../../src/image/batch.ts";

interface Measurement {
  imagesPerSecond: number;
  validationImagesPerSecond: number;
  residentMegabytes: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "8" },
    batch: { type: "string", default: "64" },
    processes: { type: "string" },
    child: { type: "boolean", default: false },
  },
});
const batchSize = Number(values.batch);

if (values.child) {
  process.send?.(await measure(Number(values.seconds)));
} else {
  const counts = values.processes ? [Number(values.processes)] : [1, availableParallelism()];
  for (const processes of counts) {
    const results = await Promise.all(Array.from({ length: processes }, runChild));
    const total = (of: (result: Measurement) => number) =>
      Number(results.reduce((sum, result) => sum + of(result), 0).toFixed(1));
    console.log(
      JSON.stringify({
        engine: "wasm",
        model: "basiccnn",
        batch: batchSize,
        processes,
        imagesPerSecond: total((result) => result.imagesPerSecond),
        validationImagesPerSecond: total((result) => result.validationImagesPerSecond),
        residentMegabytes: results.map((result) => result.residentMegabytes),
      }),
    );
  }
}

function runChild(): Promise<Measurement> {
  const child = fork(process.argv[1], [...process.argv.slice(2), "--child"]);
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as Measurement));
    child.once("exit", (code) => reject(new Error(`the measuring process ended with code ${code}`)));
  });
}

async function measure(seconds: number): Promise<Measurement> {
  const engine = await startEngine("wasm", "float32");
  const model = buildModel("basiccnn", { height: 32, width: 32, classes: 10, seed: 0, engine });
  const train = noise(4 * batchSize);
  const rates: number[] = [];
  const validationRates: number[] = [];
  const one = noise(1);
  const options = { epochs: 1, batchSize, classes: 10, seed: 0 };
  await trainChild(model, train, one, options); // warm-up
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    await trainChild(model, train, one, options);
    rates.push((1000 * train.labels.length) / (performance.now() - start));
  }
  const many = noise(200);
  for (let i = 0; i < 6; i++) {
    const start = performance.now();
    await evaluateChild(model.net, many, 10);
    validationRates.push((1000 * many.labels.length) / (performance.now() - start));
  }
  return {
    imagesPerSecond: median(rates),
    validationImagesPerSecond: median(validationRates),
    residentMegabytes: Math.round(process.memoryUsage().rss / 1e6),
  };
}

function noise(count: number): LabelledImages {
  const random = new Random("noise", count);
  const images = createBatch(count, 32, 32);
  for (let i = 0; i < images.data.length; i++) images.data[i] = random.integer(0, 255);
  return { images, labels: Int32Array.from({ length: count }, () => random.integer(0, 9)) };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
