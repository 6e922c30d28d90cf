// Noise on single pixels (additive Gaussian noise, dropout) and on coarse rectangles (coarse dropout, coarse salt and
// pepper). The random field is made anew from `noiseSeed` at each rendering. As imgaug 0.4.

import { Random } from "../common/random.ts";
import { normalTable } from "./normal.ts";
import { int32Scratch, uint8Scratch, uint16Scratch } from "./scratch.ts";
import { clamped, type Technique } from "./technique.ts";

type GaussianNoiseParameters = { standardDeviation: number; perChannel: boolean; noiseSeed: number };
type DropoutParameters = { share: number; perChannel: boolean; noiseSeed: number };
/** The mask is drawn on gridHeight x gridWidth cells, of which `share` is hit. */
type CoarseParameters = {
  share: number;
  gridHeight: number;
  gridWidth: number;
  perChannel: boolean;
  noiseSeed: number;
};

const SIXTEEN_BITS = 65536;
const wordScratch = uint16Scratch();

export const additiveGaussianNoise: Technique<GaussianNoiseParameters> = {
  name: "additive-gaussian-noise",
  family: "noise",
  meaning:
    "Gaussian noise whose standard deviation is from 0 to 255 m, different on each channel in half of the images",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({
    standardDeviation: random.uniform(0, 255 * magnitude),
    perChannel: random.chance(0.5),
    noiseSeed: random.uint32(),
  }),
  render(source, target, { height, width }, { standardDeviation, perChannel, noiseSeed }) {
    const random = new Random(noiseSeed, "noise");
    const normal = normalTable();
    const output = clamped(target);
    const perRow = perChannel ? width * 3 : width;
    const words = wordScratch.take(perRow + 1);
    for (let y = 0, i = 0; y < height; y++) {
      fillWords(words, perRow, random);
      if (perChannel) {
        for (let w = 0; w < perRow; w++, i++) output[i] = source[i] + standardDeviation * normal[words[w]];
      } else {
        for (let w = 0; w < perRow; w++, i += 3) {
          const added = standardDeviation * normal[words[w]];
          output[i] = source[i] + added;
          output[i + 1] = source[i + 1] + added;
          output[i + 2] = source[i + 2] + added;
        }
      }
    }
  },
};

export const dropout: Technique<DropoutParameters> = {
  name: "dropout",
  family: "noise",
  meaning:
    "a share of the pixels, from 0.01 to m (at least 0.011), becomes 0; single channels in half of the images",
  usesMagnitude: true,
  draw: (magnitude, _shape, random) => ({
    share: random.uniform(0.01, Math.max(0.011, magnitude)),
    perChannel: random.chance(0.5),
    noiseSeed: random.uint32(),
  }),
  render(source, target, { height, width }, { share, perChannel, noiseSeed }) {
    const random = new Random(noiseSeed, "noise");
    const limit = Math.round(share * SIXTEEN_BITS);
    const perRow = perChannel ? width * 3 : width;
    const words = wordScratch.take(perRow + 1);
    for (let y = 0, i = 0; y < height; y++) {
      fillWords(words, perRow, random);
      if (perChannel) {
        for (let w = 0; w < perRow; w++, i++) target[i] = words[w] < limit ? 0 : source[i];
      } else {
        for (let w = 0; w < perRow; w++, i += 3) {
          const kept = words[w] < limit ? 0 : 1;
          target[i] = kept * source[i];
          target[i + 1] = kept * source[i + 1];
          target[i + 2] = kept * source[i + 2];
        }
      }
    }
  },
};

export const coarseDropout: Technique<CoarseParameters> = {
  name: "coarse-dropout",
  family: "noise",
  meaning: "3% to 15% of the image in rectangles becomes 0; they are the smaller the larger log10(3 m) is",
  usesMagnitude: true,
  draw(magnitude, shape, random) {
    const finest = Math.min(1, Math.max(0.05, Math.log10(3 * magnitude)));
    return {
      share: random.uniform(0.03, 0.15),
      gridHeight: gridSide(random.uniform(0.3, finest), shape.height),
      gridWidth: gridSide(random.uniform(0.3, finest), shape.width),
      perChannel: random.chance(0.2),
      noiseSeed: random.uint32(),
    };
  },
  render(source, target, { height, width }, parameters) {
    const { gridHeight, gridWidth, perChannel } = parameters;
    const kept = drawKept(parameters, new Random(parameters.noiseSeed, "noise"));
    const columns = enlargement(gridWidth, width);
    for (let y = 0, i = 0; y < height; y++) {
      const row = Math.floor((y * gridHeight) / height) * gridWidth;
      for (let x = 0; x < width; x++, i += 3) {
        const cell = row + columns[x];
        target[i] = kept[perChannel ? 3 * cell : cell] * source[i];
        target[i + 1] = kept[perChannel ? 3 * cell + 1 : cell] * source[i + 1];
        target[i + 2] = kept[perChannel ? 3 * cell + 2 : cell] * source[i + 2];
      }
    }
  },
};

export const coarseSaltPepper: Technique<CoarseParameters> = {
  name: "coarse-salt-pepper",
  family: "noise",
  meaning:
    "20% of the image in rectangles becomes salt and pepper; m is the size of their grid, as a share of the image's",
  usesMagnitude: true,
  draw: (magnitude, shape, random) => ({
    share: 0.2,
    gridHeight: gridSide(magnitude, shape.height),
    gridWidth: gridSide(magnitude, shape.width),
    perChannel: false,
    noiseSeed: random.uint32(),
  }),
  render(source, target, { height, width }, parameters) {
    const { gridHeight, gridWidth } = parameters;
    const random = new Random(parameters.noiseSeed, "noise");
    const kept = drawKept(parameters, random);
    const columns = enlargement(gridWidth, width);
    target.set(source);
    for (let y = 0, i = 0; y < height; y++) {
      const row = Math.floor((y * gridHeight) / height) * gridWidth;
      for (let x = 0; x < width; x++, i += 3) {
        if (kept[row + columns[x]]) continue;
        target[i] = target[i + 1] = target[i + 2] = SALT_AND_PEPPER[random.uint32() >>> 20];
      }
    }
  },
};

/**
 * 4,096 equally likely values of salt and pepper: the quantiles of 255 x Beta(1/2, 1/2), the arcsine distribution,
 * most of which lie near 0 and near 255.
 */
const SALT_AND_PEPPER = Uint8ClampedArray.from(
  { length: 4096 },
  (_, i) => 255 * Math.sin((Math.PI / 2) * ((i + 0.5) / 4096)) ** 2,
);

/** Cells along a side: a share of the image's, at least 4 (or the image's where that is smaller). */
function gridSide(share: number, side: number): number {
  return Math.min(side, Math.max(4, Math.floor(share * side)));
}

const cellScratch = uint8Scratch();
const columnScratch = int32Scratch();

/** For each cell (and channel, where drawn per channel) 0 where it is hit and 1 where it is kept. */
function drawKept(
  { share, gridHeight, gridWidth, perChannel }: CoarseParameters,
  random: Random,
): Uint8Array {
  const count = gridHeight * gridWidth * (perChannel ? 3 : 1);
  const kept = cellScratch.take(count);
  for (let i = 0; i < count; i++) kept[i] = random.chance(share) ? 0 : 1;
  return kept;
}

/** For each of `length` positions the cell it falls into, out of `cells`: enlarging with the nearest value. */
function enlargement(cells: number, length: number): Int32Array {
  const columns = columnScratch.take(length);
  for (let i = 0; i < length; i++) columns[i] = Math.floor((i * cells) / length);
  return columns;
}

/** `count` draws of 16 bits; room for one more is needed, since they come in pairs. */
function fillWords(words: Uint16Array, count: number, random: Random): void {
  for (let i = 0; i < count; i += 2) {
    const bits = random.uint32();
    words[i] = bits;
    words[i + 1] = bits >>> 16;
  }
}
