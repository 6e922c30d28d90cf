// The rows of the comparison: operations pixel by pixel, and recipes by the distributions of what they do to images.

import { type DrawnOperation, renderChain } from "../../src/augment/chain.ts";
import { PILLOW_OPERATIONS, type PillowOperation, pillowOperation } from "../../src/augment/pillow-space.ts";
import { drawRecipe } from "../../src/augment/recipes.ts";
import { RECIPES, type RecipeName } from "../../src/config/recipes.ts";
import { createBatch, type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { LIMITS, OPERATION_CASES } from "../../test/fixtures/torchvision.ts";
import { compareSamples, LARGEST_Z, mean } from "../imgaug/measures.ts";
import type { Torchvision } from "./torchvision.ts";

/** An operation in all its bins and signs, on a batch of images. */
export interface ExactRow {
  readonly name: PillowOperation | "padding and crop";
  readonly images: ImageBatch;
  /** Bins and signs of both augmentations, or offsets of the crop. */
  readonly cases: number;
  /** Values that differ in any of them. */
  readonly different: number;
}

export interface Statistic {
  readonly name: string;
  readonly digits: number;
  readonly ours: number;
  readonly theirs: number;
  /** Of ours minus theirs. */
  readonly standardError: number;
  readonly z: number;
  readonly kolmogorov: number;
  readonly inside: boolean;
}

export interface RecipeRow {
  readonly recipe: RecipeName;
  readonly images: ImageBatch;
  readonly statistics: readonly Statistic[];
}

export interface FrequencyRow {
  readonly recipe: RecipeName;
  readonly name: PillowOperation;
  /** Shares of all drawn operations. */
  readonly ours: number;
  readonly theirs: number;
  /** Each one's distance from 1/14, in standard errors. */
  readonly zs: readonly [number, number];
  readonly inside: boolean;
}

/** Compares every operation in every bin with every sign. */
export async function exactRows(torchvision: Torchvision, images: ImageBatch): Promise<ExactRow[]> {
  const rows: ExactRow[] = [];
  for (const name of PILLOW_OPERATIONS) {
    const cases = OPERATION_CASES.filter((operation) => operation.name === name);
    let different = 0;
    for (const operation of cases) {
      const { space, bin, sign } = operation;
      const drawn = pillowOperation(name, LIMITS[space], images, bin, sign);
      const theirs = await torchvision.operation(images, operation);
      different += countDifferent(
        renderAll(images, () => drawn),
        theirs,
      );
    }
    rows.push({ name, images, cases: cases.length, different });
  }
  return rows;
}

/** Compares crops at up to nine offsets from the first to the last along each side. */
export async function cropRow(torchvision: Torchvision, images: ImageBatch): Promise<ExactRow> {
  const [across, along] = [Math.round(images.width / 8), Math.round(images.height / 8)];
  const steps = 8;
  let cases = 0;
  let different = 0;
  for (let i = 0; i <= steps; i++) {
    for (let j = 0; j <= steps; j++, cases++) {
      const left = Math.round((2 * across * i) / steps);
      const top = Math.round((2 * along * j) / steps);
      const drawn: DrawnOperation[] = [
        { type: "pad-and-crop", parameters: { right: across - left, down: along - top } },
      ];
      const theirs = await torchvision.crop(images, top, left);
      different += countDifferent(
        renderAll(images, () => drawn),
        theirs,
      );
    }
  }
  return { name: "padding and crop", images, cases, different };
}

/** Draws each recipe `passes` times for every image on both sides; compares the images and the operations drawn. */
export async function drawnRows(
  torchvision: Torchvision,
  images: ImageBatch,
  passes: number,
): Promise<{ recipes: RecipeRow[]; frequencies: FrequencyRow[] }> {
  const recipes: RecipeRow[] = [];
  const frequencies: FrequencyRow[] = [];
  for (const recipe of RECIPES) {
    const ours: Measures[] = [];
    const theirs: Measures[] = [];
    const ourOperations: PillowOperation[] = [];
    const theirOperations: PillowOperation[] = [];
    for (let pass = 0; pass < passes; pass++) {
      const result = renderAll(images, (imageIndex) => {
        const drawn = drawRecipe(recipe, images, { seed: pass, imageIndex });
        ourOperations.push(...operationsOf(recipe, drawn));
        return drawn;
      });
      ours.push(measure(result, images));
      const other = await torchvision.recipe(images, recipe, pass);
      theirs.push(measure(other.result, images));
      theirOperations.push(...other.operations.flat());
    }
    recipes.push({ recipe, images, statistics: statisticsOf(ours, theirs) });
    if (theirOperations.length > 0) {
      frequencies.push(
        ...PILLOW_OPERATIONS.map((name) => frequencyOf(recipe, name, ourOperations, theirOperations)),
      );
    }
  }
  return { recipes, frequencies };
}

function renderAll(images: ImageBatch, draw: (index: number) => readonly DrawnOperation[]): ImageBatch {
  const result = createBatch(images.count, images.height, images.width);
  for (let i = 0; i < images.count; i++) {
    imageAt(result, i).set(renderChain(imageAt(images, i), images, draw(i)));
  }
  return result;
}

function countDifferent(ours: ImageBatch, theirs: ImageBatch): number {
  let different = 0;
  for (let i = 0; i < ours.data.length; i++) if (ours.data[i] !== theirs.data[i]) different++;
  return different;
}

/** torchvision's names of drawn operations; the identity is what is missing. */
function operationsOf(recipe: RecipeName, drawn: readonly DrawnOperation[]): PillowOperation[] {
  const count = recipe === "trivialaugment" ? 1 : recipe === "randaugment" ? 2 : 0;
  return Array.from({ length: count }, (_, i): PillowOperation => {
    const letters = drawn[i]?.type.replace("pillow-", "").replaceAll("-", "");
    return PILLOW_OPERATIONS.find((name) => name.toLowerCase() === letters) ?? "Identity";
  });
}

function frequencyOf(
  recipe: RecipeName,
  name: PillowOperation,
  ours: readonly PillowOperation[],
  theirs: readonly PillowOperation[],
): FrequencyRow {
  const expected = 1 / PILLOW_OPERATIONS.length;
  const share = (drawn: readonly PillowOperation[]) =>
    drawn.filter((one) => one === name).length / drawn.length;
  const z = (drawn: readonly PillowOperation[]) =>
    (share(drawn) - expected) / Math.sqrt((expected * (1 - expected)) / drawn.length);
  const zs = [z(ours), z(theirs)] as const;
  return { recipe, name, ours: share(ours), theirs: share(theirs), zs, inside: Math.abs(zs[0]) <= LARGEST_Z };
}

const STATISTICS = [
  { name: "mean, red", digits: 2 },
  { name: "mean, green", digits: 2 },
  { name: "mean, blue", digits: 2 },
  { name: "standard deviation, red", digits: 2 },
  { name: "standard deviation, green", digits: 2 },
  { name: "standard deviation, blue", digits: 2 },
  { name: "share of pixels changed", digits: 4 },
  { name: "mean absolute change", digits: 2 },
] as const;

/** One array per statistic, with one value per image. */
type Measures = readonly Float64Array[];

/** Means and standard deviations by channel, and differences from the originals. */
function measure(images: ImageBatch, originals: ImageBatch): Measures {
  const measures = STATISTICS.map(() => new Float64Array(images.count));
  const pixels = images.height * images.width;
  for (let index = 0; index < images.count; index++) {
    const image = imageAt(images, index);
    const original = imageAt(originals, index);
    const sums = [0, 0, 0];
    const squares = [0, 0, 0];
    let changed = 0;
    let change = 0;
    for (let i = 0; i < image.length; i += 3) {
      let difference = 0;
      for (let c = 0; c < 3; c++) {
        const value = image[i + c];
        sums[c] += value;
        squares[c] += value * value;
        difference += Math.abs(value - original[i + c]);
      }
      if (difference > 0) changed++;
      change += difference;
    }
    for (let c = 0; c < 3; c++) {
      const middle = sums[c] / pixels;
      measures[c][index] = middle;
      measures[3 + c][index] = Math.sqrt(Math.max(0, squares[c] / pixels - middle * middle));
    }
    measures[6][index] = changed / pixels;
    measures[7][index] = change / image.length;
  }
  return measures;
}

/** Both sides start from the same images, so differences are paired, which makes the tests more sensitive. */
function statisticsOf(ours: readonly Measures[], theirs: readonly Measures[]): Statistic[] {
  return STATISTICS.map(({ name, digits }, k) => {
    const [own, other] = [joined(ours, k), joined(theirs, k)];
    const { difference, z, kolmogorov, inside } = compareSamples(own, other, 0, true);
    const standardError = z === 0 ? 0 : difference / z;
    return { name, digits, ours: mean(own), theirs: mean(other), standardError, z, kolmogorov, inside };
  });
}

function joined(measures: readonly Measures[], statistic: number): Float64Array {
  return Float64Array.from(measures.flatMap((one) => [...one[statistic]]));
}
