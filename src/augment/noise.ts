// Noise on single pixels (additive Gaussian noise, dropout) and on coarse rectangles (coarse dropout, coarse salt and
// pepper), as in imgaug 0.4. Each rendering generates the random field anew from `noiseSeed`.

import { align, type Canvas, kernels } from "./kernels.ts";
import { normalTable } from "./normal.ts";
import { STATE_BYTES, seedState } from "./random-state.ts";
import { drawGrain, type GrainParameter, grainsOf, judgedSide } from "./scale.ts";
import type { DrawShape, Shape, Technique, TechniqueSet } from "./technique.ts";

type GaussianNoiseParameters = GrainParameter & {
  standardDeviation: number;
  perChannel: boolean;
  noiseSeed: number;
};
type DropoutParameters = GrainParameter & { share: number; perChannel: boolean; noiseSeed: number };
/** The mask is drawn on gridHeight x gridWidth cells, a share `share` of which is hit. */
type CoarseParameters = {
  share: number;
  gridHeight: number;
  gridWidth: number;
  perChannel: boolean;
  noiseSeed: number;
};
type SaltPepperParameters = GrainParameter & CoarseParameters;

const SIXTEEN_BITS = 65536;

const additiveGaussianNoise: Technique<GaussianNoiseParameters> = {
  name: "additive-gaussian-noise",
  family: "noise",
  meaning:
    "Gaussian noise whose standard deviation is from 0 to 255 m, different on each channel in half of the images",
  draw: (magnitude, shape, random) => ({
    standardDeviation: random.uniform(0, 255 * magnitude),
    perChannel: random.chance(0.5),
    noiseSeed: random.uint32(),
    ...drawGrain(shape),
  }),
  isIdentity: ({ standardDeviation }) => standardDeviation === 0,
  workBytes({ width }, { grain }) {
    return STATE_BYTES + (grain === undefined ? 0 : kernels().grainMemory(width));
  },
  render(canvas, { standardDeviation, perChannel, noiseSeed, grain }) {
    const { source, target, height, width, work } = canvas;
    const normal = canvas.keep(normalTable());
    const random = seedState(canvas, work, noiseSeed);
    const pixels = height * width;
    if (grain !== undefined) {
      const { high, wide } = grainsOf(canvas, grain);
      const channels = perChannel ? 3 : 1;
      const rest = work + STATE_BYTES;
      canvas.kernels.addNoiseToGrains(
        source,
        target,
        height,
        width,
        high,
        wide,
        channels,
        standardDeviation,
        normal,
        random,
        rest,
      );
    } else if (perChannel) {
      canvas.kernels.addNoiseToValues(source, target, 3 * pixels, standardDeviation, normal, random);
    } else {
      canvas.kernels.addNoiseToPixels(source, target, pixels, standardDeviation, normal, random);
    }
  },
};

export const dropout: Technique<DropoutParameters> = {
  name: "dropout",
  family: "noise",
  meaning:
    "a share of the pixels, from 0.01 to m (at least 0.011), becomes 0; in half of the images only single channels",
  draw: (magnitude, shape, random) => ({
    share: random.uniform(0.01, Math.max(0.011, magnitude)),
    perChannel: random.chance(0.5),
    noiseSeed: random.uint32(),
    ...drawGrain(shape),
  }),
  workBytes(shape, parameters) {
    const { grain } = parameters;
    return grain === undefined ? STATE_BYTES : coarseWorkBytes(shape, asCells(shape, parameters, grain));
  },
  render(canvas, parameters) {
    const { share, perChannel, noiseSeed, grain } = parameters;
    if (grain !== undefined) return renderCells(canvas, asCells(canvas, parameters, grain));
    const { source, target, height, width, work } = canvas;
    const random = seedState(canvas, work, noiseSeed);
    const pixels = height * width;
    if (perChannel) canvas.kernels.dropValues(source, target, 3 * pixels, limitOf(share), random);
    else canvas.kernels.dropPixels(source, target, pixels, limitOf(share), random);
  },
};

export const coarseDropout: Technique<CoarseParameters> = {
  name: "coarse-dropout",
  family: "noise",
  meaning: "3% to 15% of the image becomes 0, in rectangles that get smaller as log10(3 m) grows",
  draw(magnitude, shape, random) {
    const finest = Math.min(1, Math.max(0.05, Math.log10(3 * magnitude)));
    return {
      share: random.uniform(0.03, 0.15),
      gridHeight: gridSide(random.uniform(0.3, finest), shape.height, shape),
      gridWidth: gridSide(random.uniform(0.3, finest), shape.width, shape),
      perChannel: random.chance(0.2),
      noiseSeed: random.uint32(),
    };
  },
  workBytes: coarseWorkBytes,
  render: renderCells,
};

/** Dropout whose grains are larger than a pixel: the same as coarse dropout on a grid of the grains. */
function asCells(
  shape: Shape,
  { share, perChannel, noiseSeed }: DropoutParameters,
  grain: number,
): CoarseParameters {
  const { high, wide } = grainsOf(shape, grain);
  return { share, gridHeight: high, gridWidth: wide, perChannel, noiseSeed };
}

function renderCells(canvas: Canvas, parameters: CoarseParameters): void {
  const { source, target, height, width } = canvas;
  const { gridHeight, gridWidth, perChannel } = parameters;
  const { cells, rest } = drawCells(canvas, parameters);
  const channels = perChannel ? 3 : 1;
  canvas.kernels.dropCells(source, target, height, width, cells, gridHeight, gridWidth, channels, rest);
}

export const coarseSaltPepper: Technique<SaltPepperParameters> = {
  name: "coarse-salt-pepper",
  family: "noise",
  meaning:
    "20% of the image in rectangles becomes salt and pepper; m is the size of their grid, as a share of the image's",
  draw: (magnitude, shape, random) => ({
    share: 0.2,
    gridHeight: gridSide(magnitude, shape.height, shape),
    gridWidth: gridSide(magnitude, shape.width, shape),
    perChannel: false,
    noiseSeed: random.uint32(),
    ...drawGrain(shape),
  }),
  workBytes: coarseWorkBytes,
  render(canvas, parameters) {
    const { source, target, height, width, work } = canvas;
    const { gridHeight, gridWidth, grain = 1 } = parameters;
    const { random, cells, rest } = drawCells(canvas, parameters);
    const { high, wide } = grainsOf(canvas, grain);
    canvas.bytes.set(SALT_AND_PEPPER, work);
    canvas.kernels.saltCells(
      source,
      target,
      height,
      width,
      cells,
      gridHeight,
      gridWidth,
      work,
      high,
      wide,
      random,
      rest,
    );
  },
};

/**
 * 4,096 equally likely values of salt and pepper: the quantiles of 255 x Beta(1/2, 1/2), the arcsine distribution, most
 * of which are near 0 or 255.
 */
const SALT_AND_PEPPER = Uint8ClampedArray.from(
  { length: 4096 },
  (_, i) => 255 * Math.sin((Math.PI / 2) * ((i + 0.5) / 4096)) ** 2,
);

/** Cells along a side: a share of the judged image's side, but at least 4, and at most the image's own side. */
function gridSide(share: number, side: number, shape: DrawShape): number {
  return Math.min(side, Math.max(4, Math.floor(share * judgedSide(side, shape))));
}

/** The greatest 16-bit number in a share (above 0) of all cases. */
function limitOf(share: number): number {
  return Math.round(share * SIXTEEN_BITS) - 1;
}

/**
 * For the grains of salt and pepper, the generator's state, the cells (whose loop writes whole blocks) and the kernels.
 */
function coarseWorkBytes({ width }: Shape, parameters: CoarseParameters): number {
  return GRAIN_BYTES + STATE_BYTES + cellBytes(parameters) + kernels().cellMemory(width);
}

const GRAIN_BYTES = 4096;

function cellBytes({ gridHeight, gridWidth, perChannel }: CoarseParameters): number {
  return align(gridHeight * gridWidth * (perChannel ? 3 : 1) + 1024);
}

/**
 * Draws which cells are hit (separately for each channel if drawn per channel). Returns the addresses of the cells and
 * of the remaining working memory.
 */
function drawCells(
  canvas: Canvas,
  parameters: CoarseParameters,
): { readonly random: number; readonly cells: number; readonly rest: number } {
  const { share, gridHeight, gridWidth, perChannel, noiseSeed } = parameters;
  const random = seedState(canvas, canvas.work + GRAIN_BYTES, noiseSeed);
  const cells = random + STATE_BYTES;
  const count = gridHeight * gridWidth * (perChannel ? 3 : 1);
  canvas.kernels.drawHits(cells, count, limitOf(share), random);
  return { random, cells, rest: cells + cellBytes(parameters) };
}

export const noiseTechniques = {
  "additive-gaussian-noise": additiveGaussianNoise,
  "coarse-dropout": coarseDropout,
  "coarse-salt-pepper": coarseSaltPepper,
  dropout,
} satisfies TechniqueSet;
