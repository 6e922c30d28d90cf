// The recipes' part of `npm run bench:augment`: processor time per image, compared with torchvision on the same images in
// the same run. Unlike elapsed time it does not count what other processes take; ours includes V8's helper threads.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderChainInto } from "../../src/augment/chain.ts";
import { drawRecipe } from "../../src/augment/recipes.ts";
import type { RecipeName } from "../../src/config/recipes.ts";
import { createBatch, type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { Torchvision } from "../torchvision/torchvision.ts";

/** Passes over the images per round; one more warms up. */
const SEEDS = 5;

/** Processor time per image, in seconds, for images of one size: medians over the rounds. */
interface MeasuredRecipe {
  readonly name: RecipeName;
  readonly ours: number;
  readonly torchvision?: number;
}

/** One entry per batch of square images. */
export interface MeasuredRecipes {
  readonly side: number;
  readonly recipes: readonly MeasuredRecipe[];
}

/**
 * Measures each recipe on each batch, in alternating rounds.
 * @param python with the packages of scripts/torchvision/requirements.txt; if missing, only ours is measured.
 */
export async function measureRecipes(
  names: readonly RecipeName[],
  batches: readonly ImageBatch[],
  rounds: number,
  python: string | undefined,
): Promise<MeasuredRecipes[]> {
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-bench-"));
  const torchvision = python === undefined ? undefined : await Torchvision.start(python, folder);
  try {
    const measured: MeasuredRecipes[] = [];
    for (const images of batches) {
      const recipes: MeasuredRecipe[] = [];
      for (const name of names) {
        const ours: number[] = [];
        const theirs: number[] = [];
        for (let round = 0; round < rounds; round++) {
          ours.push(secondsPerImage(name, images));
          if (torchvision) theirs.push(await torchvision.seconds(images, name));
        }
        recipes.push({ name, ours: median(ours), ...(torchvision && { torchvision: median(theirs) }) });
      }
      measured.push({ side: images.height, recipes });
    }
    return measured;
  } finally {
    torchvision?.close();
    rmSync(folder, { recursive: true });
  }
}

/** A Markdown table: microseconds and images per second, and the ratio of torchvision's time to ours. */
export function formatRecipes(measured: readonly MeasuredRecipes[]): string[] {
  const heads = measured.flatMap(({ side, recipes }) => [
    `${side} × ${side}, µs`,
    "images/s",
    ...(recipes[0].torchvision === undefined ? [] : ["torchvision, µs", "ratio"]),
  ]);
  const rows = measured[0].recipes.map(({ name }, i) => {
    const cells = measured.flatMap(({ recipes }) => {
      const { ours, torchvision } = recipes[i];
      const own = [(ours * 1e6).toFixed(1), Math.round(1 / ours).toLocaleString("en-US")];
      if (torchvision === undefined) return own;
      return [...own, (torchvision * 1e6).toFixed(1), (torchvision / ours).toFixed(1)];
    });
    return `| ${[name, ...cells].join(" | ")} |`;
  });
  return [`| recipe | ${heads.join(" | ")} |`, `|---|${"---:|".repeat(heads.length)}`, ...rows];
}

/** Processor time of drawing and rendering into existing memory. */
function secondsPerImage(name: RecipeName, images: ImageBatch): number {
  const result = createBatch(images.count, images.height, images.width);
  const rounds: number[] = [];
  for (let seed = 0; seed <= SEEDS; seed++) {
    const start = process.cpuUsage();
    for (let i = 0; i < images.count; i++) {
      const drawn = drawRecipe(name, images, { seed, imageIndex: i });
      renderChainInto(imageAt(images, i), imageAt(result, i), images, drawn);
    }
    const { user, system } = process.cpuUsage(start);
    rounds.push((user + system) / 1e6 / images.count);
  }
  // The first round is the warm-up.
  return median(rounds.slice(1));
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
