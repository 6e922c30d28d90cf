// How fast each technique is, one thread, beside imgaug 0.4.0 on the same images in the same run: microseconds per
// image at 32 x 32 and at 224 x 224, the mean over the magnitudes, medians of rounds that alternate with imgaug's.
//
//   npm run bench:augment                        # ours alone
//   npm run bench:augment -- --python python3    # beside imgaug (pip install "imgaug==0.4.0" "numpy<2")
//   npm run bench:augment -- --techniques fog,clouds --sides 224
//
// The last lines say what judging one policy costs: 2,000 images of 32 x 32, each through two random operations.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { applyChainInto } from "../../src/augment/chain.ts";
import { Random } from "../../src/common/random.ts";
import { parseTechnique, TECHNIQUES, type TechniqueName } from "../../src/config/techniques.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { createBatch, type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { resizeBatch } from "../../src/image/resize.ts";

const SAMPLE = fileURLToPath(new URL("../../test/fixtures/cifar-10-sample.tar.gz", import.meta.url));
const MAGNITUDES = [0.1, 0.3, 0.5, 0.7, 1];
/** So many images of each side are augmented per round. */
const COUNTS: Readonly<Record<string, number>> = { 32: 1000, 224: 40 };

type Seconds = Partial<Record<TechniqueName, number>>;

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    rounds: { type: "string", default: "3" },
    sides: { type: "string", default: "32,224" },
    techniques: { type: "string", default: TECHNIQUES.join(",") },
  },
});
const techniques = values.techniques.split(",").map(parseTechnique);
const sample = (await loadDataset(SAMPLE)).train.images;

for (const side of values.sides.split(",").map(Number)) compare(side);
judgeOnePolicy();

function compare(side: number): void {
  const images = enough(side === 32 ? sample : resizeBatch(sample, side, side), COUNTS[side] ?? 40);
  const ours: Seconds[] = [];
  const theirs: Seconds[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(Object.fromEntries(techniques.map((name) => [name, secondsPerImage(name, images)])));
    if (values.python) theirs.push(imgaugSeconds(values.python, images));
  }
  const ratios: number[] = [];
  console.log(`\n${side} x ${side}, microseconds per image`);
  console.log(
    values.python
      ? "technique                       ours   imgaug   ratio"
      : "technique                       ours",
  );
  for (const name of techniques) {
    const own = median(ours.map((seconds) => seconds[name]!));
    const columns = [name.padEnd(26), (own * 1e6).toFixed(1).padStart(9)];
    if (values.python) {
      const other = median(theirs.map((seconds) => seconds[name]!));
      ratios.push(other / own);
      columns.push((other * 1e6).toFixed(1).padStart(8), (other / own).toFixed(2).padStart(7));
    }
    console.log(columns.join(" "));
  }
  if (ratios.length === 0) return;
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  const geometric = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(
    `mean ratio ${mean.toFixed(2)}, geometric mean ${geometric.toFixed(2)}, smallest ${Math.min(...ratios).toFixed(2)}`,
  );
}

/** `count` images: those of the batch, again and again. */
function enough(batch: ImageBatch, count: number): ImageBatch {
  const many = createBatch(count, batch.height, batch.width);
  for (let i = 0; i < count; i++) imageAt(many, i).set(imageAt(batch, i % batch.count));
  return many;
}

/** Drawing and rendering into memory that is there already, as a training set is augmented. */
function secondsPerImage(type: TechniqueName, images: ImageBatch): number {
  const result = createBatch(images.count, images.height, images.width);
  const indices = Int32Array.from({ length: images.count }, (_, i) => i);
  const rounds: number[] = [];
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    for (const magnitude of MAGNITUDES) {
      applyChainInto(result, 0, images, indices, [{ type, magnitude }], 0, round);
    }
    rounds.push((performance.now() - start) / 1000 / MAGNITUDES.length / images.count);
  }
  // The first round warms the compiler up.
  return median(rounds.slice(1));
}

function imgaugSeconds(python: string, images: ImageBatch): Seconds {
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-bench-"));
  try {
    const file = join(folder, "images.raw");
    writeFileSync(file, images.data);
    const script = fileURLToPath(new URL("augment_imgaug.py", import.meta.url));
    const output = execFileSync(python, [script, file, String(images.height), ...MAGNITUDES.map(String)], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    });
    return JSON.parse(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function judgeOnePolicy(): void {
  const images = enough(sample, 2000);
  const indices = Int32Array.from({ length: images.count }, (_, i) => i);
  const result = createBatch(images.count, images.height, images.width);
  const random = new Random(1, "bench");
  const operation = () => ({
    type: TECHNIQUES[random.integer(0, TECHNIQUES.length - 1)],
    magnitude: random.uniform(),
  });
  const times = Array.from({ length: 100 }, () => {
    const chain = [operation(), operation()];
    const start = performance.now();
    applyChainInto(result, 0, images, indices, chain, 0, 1);
    return (performance.now() - start) / 1000;
  });
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  console.log(
    `\n2,000 images of 32 x 32 through two operations: mean over ${times.length} random policies ` +
      `${mean.toFixed(3)} s, median ${median(times).toFixed(3)} s, slowest ${Math.max(...times).toFixed(3)} s`,
  );
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
