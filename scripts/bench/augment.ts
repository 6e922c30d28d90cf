// Measures the speed of each technique on one thread and compares it with imgaug 0.4.0 on the same images in the same
// run: microseconds per image at 32 x 32 and 224 x 224, the mean over the magnitudes, medians of alternating rounds. The
// recipes are compared with torchvision.
//
//   npm run bench:augment                             # ours only
//   npm run bench:augment -- --python python3         # compared with imgaug (pip install "imgaug==0.4.0" "numpy<2")
//   npm run bench:augment -- --torchvision python3    # with torchvision (scripts/torchvision/requirements.txt)
//   npm run bench:augment -- --techniques fog,clouds --recipes "" --sides 224
//   npm run bench:augment -- --sides 224 --judged 32  # scaled, as if judged at 32 x 32
//
// The last line is the cost of evaluating one policy. `--page` writes everything as a page of the documentation.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { drawForImage, renderChainInto } from "../../src/augment/chain.ts";
import { scaledTo } from "../../src/augment/scale.ts";
import { writeFileWhole } from "../../src/common/files.ts";
import { Random } from "../../src/common/random.ts";
import { parseRecipe, RECIPES } from "../../src/config/recipes.ts";
import { parseTechnique, TECHNIQUES, type TechniqueName } from "../../src/config/techniques.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { createBatch, type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import type { Chain } from "../../src/policy/policy.ts";
import { formatRecipes, type MeasuredRecipes, measureRecipes } from "./recipes.ts";

const SAMPLE = fileURLToPath(new URL("../../test/fixtures/cifar-10-sample.tar.gz", import.meta.url));
const MAGNITUDES = [0.1, 0.3, 0.5, 0.7, 1];
/** Number of images augmented per round, by their side. */
const COUNTS: Readonly<Record<string, number>> = { 32: 1000, 224: 40 };

type Seconds = Partial<Record<TechniqueName, number>>;

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    rounds: { type: "string", default: "3" },
    sides: { type: "string", default: "32,224" },
    torchvision: { type: "string" },
    techniques: { type: "string", default: TECHNIQUES.join(",") },
    recipes: { type: "string", default: RECIPES.join(",") },
    page: { type: "string" },
    judged: { type: "string" },
  },
});
const techniques = listOf(values.techniques).map(parseTechnique);
const recipes = listOf(values.recipes).map(parseRecipe);
const sides = values.sides.split(",").map(Number);
const judged = values.judged === undefined ? undefined : Number(values.judged);
const sample = (await loadDataset(SAMPLE)).train.images;

/** Medians over the rounds for images of one size; imgaug's only with --python. */
interface Measured {
  readonly side: number;
  readonly ours: Seconds;
  readonly imgaug?: Seconds;
}

const ofTechniques = techniques.length > 0 ? [...formatTable(sides.map(measure)), "", judgeOnePolicy()] : [];
const ofRecipes = recipes.length > 0 ? formatRecipes(await measureAllRecipes()) : [];
console.log([...ofTechniques, "", ...ofRecipes].join("\n"));
if (values.page) writeFileWhole(values.page, formatPage(ofTechniques, ofRecipes));

function listOf(names: string): string[] {
  return names === "" ? [] : names.split(",");
}

function measureAllRecipes(): Promise<MeasuredRecipes[]> {
  // Recipes draw from many operations, so more images are needed.
  const batches = sides.map((side) => imagesOf(side, 5 * (COUNTS[side] ?? 40)));
  return measureRecipes(recipes, batches, Number(values.rounds), values.torchvision);
}

/** `count` square images. */
function imagesOf(side: number, count: number): ImageBatch {
  return enough(side === 32 ? sample : resizeBatch(sample, side, side), count);
}

function measure(side: number): Measured {
  const images = imagesOf(side, COUNTS[side] ?? 40);
  const ours: Seconds[] = [];
  const theirs: Seconds[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    ours.push(Object.fromEntries(techniques.map((name) => [name, secondsPerImage(name, images)])));
    if (values.python) theirs.push(imgaugSeconds(values.python, images));
  }
  return { side, ours: medians(ours), ...(values.python && { imgaug: medians(theirs) }) };
}

function medians(rounds: readonly Seconds[]): Seconds {
  return Object.fromEntries(
    techniques.map((name) => [name, median(rounds.map((seconds) => seconds[name]!))]),
  );
}

/** A Markdown table: microseconds per image, and the ratio of imgaug's time to ours. */
function formatTable(measured: readonly Measured[]): string[] {
  const heads = measured.flatMap(({ side, imgaug }) => [
    `${side} × ${side}, µs`,
    ...(imgaug ? ["imgaug, µs", "ratio"] : []),
  ]);
  const rows = techniques.map((name) => {
    const cells = measured.flatMap(({ ours, imgaug }) => [
      micros(ours[name]!),
      ...(imgaug ? [micros(imgaug[name]!), (imgaug[name]! / ours[name]!).toFixed(1)] : []),
    ]);
    return `| ${[name, ...cells].join(" | ")} |`;
  });
  const means = measured.flatMap(({ ours, imgaug }) => {
    if (!imgaug) return [];
    const ratios = techniques.map((name) => imgaug[name]! / ours[name]!);
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    const geometric = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
    return [
      "",
      "",
      `**${mean.toFixed(1)}** (geometric ${geometric.toFixed(1)}, least ${Math.min(...ratios).toFixed(2)})`,
    ];
  });
  return [
    `| technique | ${heads.join(" | ")} |`,
    `|---|${"---:|".repeat(heads.length)}`,
    ...rows,
    ...(means.length > 0 ? [`| mean of the ratios | ${means.join(" | ")} |`] : []),
  ];
}

function micros(seconds: number): string {
  const value = seconds * 1e6;
  return value.toFixed(value < 10 ? 1 : 0);
}

function formatPage(techniqueLines: readonly string[], recipeLines: readonly string[]): string {
  const [{ model }] = cpus();
  return `${[
    "# Speed of the techniques and recipes",
    "",
    "Microseconds per image on one thread, and the ratio of the time that imgaug 0.4.0 takes for the same images (with OpenCV",
    `on one thread too): means over the magnitudes ${MAGNITUDES.join(", ")}, medians of ${values.rounds} alternating rounds. Both sides augment`,
    "batches, which suits imgaug best; ours draws parameters and renders into an existing batch, as for a training set.",
    `Measured on one core of an ${model.trim()}, Node ${process.versions.node}, by`,
    "",
    "```sh",
    "pip install -r scripts/imgaug/requirements.txt        # Python 3.11",
    "pip install -r scripts/torchvision/requirements.txt   # in another environment",
    "npm run bench:augment -- --python python3 --torchvision <the other python3> --page docs/augmentation-speed.md",
    "```",
    "",
    ...techniqueLines,
    "",
    "## Recipes",
    "",
    "Processor time for drawing and rendering an image, compared with torchvision's transforms on images of Pillow, as a",
    "`DataLoader`'s worker runs them: one thread, one image after another, without the conversions from and to arrays. Both",
    "sides are measured in the same run, in alternating rounds.",
    "",
    ...recipeLines,
  ].join("\n")}\n`;
}

/** `count` images, repeating those of the batch. */
function enough(batch: ImageBatch, count: number): ImageBatch {
  const many = createBatch(count, batch.height, batch.width);
  for (let i = 0; i < count; i++) imageAt(many, i).set(imageAt(batch, i % batch.count));
  return many;
}

/** Measures drawing and rendering into existing memory, as for a training set. */
function secondsPerImage(type: TechniqueName, images: ImageBatch): number {
  const result = createBatch(images.count, images.height, images.width);
  const rounds: number[] = [];
  for (let round = 0; round < 6; round++) {
    const start = performance.now();
    for (const magnitude of MAGNITUDES) {
      const chain = [{ type, magnitude }];
      apply(result, images, chain, round, judged);
    }
    rounds.push((performance.now() - start) / 1000 / MAGNITUDES.length / images.count);
  }
  // The first round is the warm-up.
  return median(rounds.slice(1));
}

function apply(result: ImageBatch, images: ImageBatch, chain: Chain, seed: number, judged?: number): void {
  const shape = judged === undefined ? images : scaledTo(images, [judged, judged]);
  for (let imageIndex = 0; imageIndex < images.count; imageIndex++) {
    const drawn = drawForImage(chain, shape, { seed, imageIndex, chainIndex: 0 });
    renderChainInto(imageAt(images, imageIndex), imageAt(result, imageIndex), images, drawn);
  }
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

function judgeOnePolicy(): string {
  const images = enough(sample, 2000);
  const result = createBatch(images.count, images.height, images.width);
  const random = new Random(1, "bench");
  const operation = () => ({
    type: TECHNIQUES[random.integer(0, TECHNIQUES.length - 1)],
    magnitude: random.uniform(),
  });
  const times = Array.from({ length: 100 }, () => {
    const chain = [operation(), operation()];
    const start = performance.now();
    apply(result, images, chain, 1);
    return (performance.now() - start) / 1000;
  });
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  return (
    `Augmenting 2,000 images of 32 × 32 with two operations, as needed to evaluate one policy, takes ${mean.toFixed(3)} s on average ` +
    `over ${times.length} random policies and ${Math.max(...times).toFixed(3)} s for the slowest.`
  );
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
