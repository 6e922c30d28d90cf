// Fog and clouds: layers of frequency noise blended over the image, with the settings of imgaug 0.4's Fog() and
// Clouds(). A layer's intensity is a bright mean with a coarse and a fine variation, its opacity a mask whose grid is
// relative to the image, so that both look the same on 32 x 32 and on 224 x 224. The magnitude is not used.

import { Random } from "../common/random.ts";
import { resizePlane } from "./cubic.ts";
import { frequencyNoise } from "./frequency-noise.ts";
import { float32Scratch } from "./scratch.ts";
import { clamped, type Shape, type Technique } from "./technique.ts";

/** Ranges [low, high] from which a layer's settings are drawn, uniformly. */
interface LayerRanges {
  readonly intensityMean: readonly [number, number];
  readonly intensityExponent: readonly [number, number];
  /** Standard deviation of the coarse variation of the intensity, in grey levels. */
  readonly intensityDeviation: number;
  readonly alphaLeast: readonly [number, number];
  readonly alphaFactor: readonly [number, number];
  /** Longer side of the mask's grid: a whole number. */
  readonly alphaSide: readonly [number, number];
  readonly alphaExponent: readonly [number, number];
  readonly sparsity: readonly [number, number];
  readonly density: readonly [number, number];
}

type LayerParameters = {
  intensityMean: number;
  intensityExponent: number;
  intensityDeviation: number;
  alphaLeast: number;
  alphaFactor: number;
  alphaSide: number;
  alphaExponent: number;
  sparsity: number;
  density: number;
  noiseSeed: number;
};

type WeatherParameters = { layers: readonly LayerParameters[] };

const FOG: LayerRanges = {
  intensityMean: [220, 255],
  intensityExponent: [-2, -1.5],
  intensityDeviation: 2,
  alphaLeast: [0.7, 0.9],
  alphaFactor: [0.3, 0.3],
  alphaSide: [2, 8],
  alphaExponent: [-4, -2],
  sparsity: [0.9, 0.9],
  density: [0.4, 0.9],
};

const LARGE_CLOUDS: LayerRanges = {
  intensityMean: [196, 255],
  intensityExponent: [-2.5, -2],
  intensityDeviation: 10,
  alphaLeast: [0, 0],
  alphaFactor: [0.25, 0.75],
  alphaSide: [2, 8],
  alphaExponent: [-2.5, -2],
  sparsity: [0.8, 1],
  density: [0.5, 1],
};

const SMALL_CLOUDS: LayerRanges = {
  intensityMean: [196, 255],
  intensityExponent: [-2, -1],
  intensityDeviation: 10,
  alphaLeast: [0, 0],
  alphaFactor: [0.5, 1],
  alphaSide: [64, 128],
  alphaExponent: [-2, -1],
  sparsity: [1, 1.4],
  density: [0.8, 1.5],
};

export const fog: Technique<WeatherParameters> = {
  name: "fog",
  family: "weather",
  meaning: "dense fog over the whole image; the magnitude is not used",
  usesMagnitude: false,
  draw: (_magnitude, _shape, random) => ({ layers: [drawLayer(FOG, random)] }),
  render: renderLayers,
};

export const clouds: Technique<WeatherParameters> = {
  name: "clouds",
  family: "weather",
  meaning: "large clouds, small clouds, or both, over parts of the image; the magnitude is not used",
  usesMagnitude: false,
  draw(_magnitude, _shape, random) {
    // One or two of the two layers, each number as likely.
    const kinds = random.chance(0.5)
      ? [LARGE_CLOUDS, SMALL_CLOUDS]
      : [random.chance(0.5) ? LARGE_CLOUDS : SMALL_CLOUDS];
    return { layers: kinds.map((ranges) => drawLayer(ranges, random)) };
  },
  render: renderLayers,
};

function drawLayer(ranges: LayerRanges, random: Random): LayerParameters {
  return {
    intensityMean: random.uniform(...ranges.intensityMean),
    intensityExponent: random.uniform(...ranges.intensityExponent),
    intensityDeviation: ranges.intensityDeviation,
    alphaLeast: random.uniform(...ranges.alphaLeast),
    alphaFactor: random.uniform(...ranges.alphaFactor),
    alphaSide: random.integer(...ranges.alphaSide),
    alphaExponent: random.uniform(...ranges.alphaExponent),
    sparsity: random.uniform(...ranges.sparsity),
    density: random.uniform(...ranges.density),
    noiseSeed: random.uint32(),
  };
}

function renderLayers(
  source: Uint8Array,
  target: Uint8Array,
  shape: Shape,
  { layers }: WeatherParameters,
): void {
  target.set(source);
  for (const layer of layers) blendLayer(target, shape, layer);
}

/** The coarse variation of the intensity is drawn on 8 x 8 places. */
const COARSE: Shape = { height: 8, width: 8 };
const coarseGrid = new Float32Array(COARSE.height * COARSE.width);
const coarseScratch = float32Scratch();
const fineScratch = float32Scratch();
const maskScratch = float32Scratch();

/** Blends one layer over `image` [height, width, 3], in place; each value depends on itself alone. */
function blendLayer(image: Uint8Array, shape: Shape, layer: LayerParameters): void {
  const size = shape.height * shape.width;
  const random = new Random(layer.noiseSeed, "noise");
  const coarse = coarseScratch.take(size);
  for (let i = 0; i < coarseGrid.length; i++) coarseGrid[i] = random.normal(0, layer.intensityDeviation);
  resizePlane(coarseGrid, COARSE, coarse, shape);
  const fine = fineScratch.take(size);
  const longer = Math.max(shape.height, shape.width);
  frequencyNoise(fine, shape, { exponent: layer.intensityExponent, largestSide: longer }, random);
  const mask = maskScratch.take(size);
  frequencyNoise(mask, shape, { exponent: layer.alphaExponent, largestSide: layer.alphaSide }, random);
  fillOpacities(layer);
  const output = clamped(image);
  const mean = layer.intensityMean;
  for (let p = 0, i = 0; p < size; p++, i += 3) {
    const intensity = Math.min(255, Math.max(0, mean + coarse[p] + mean * ((2 * fine[p] - 1) / 5)));
    const place = mask[p] * STEPS;
    const step = place | 0;
    const alpha = opacities[step] + (place - step) * (opacities[step + 1] - opacities[step]);
    output[i] = image[i] + alpha * (intensity - image[i]);
    output[i + 1] = image[i + 1] + alpha * (intensity - image[i + 1]);
    output[i + 2] = image[i + 2] + alpha * (intensity - image[i + 2]);
  }
}

/** Opacity as a function of the mask's value, at 257 places from 0 to 1; one more for the reading of the last. */
const STEPS = 256;
const opacities = new Float64Array(STEPS + 2);

function fillOpacities({ alphaLeast, alphaFactor, sparsity, density }: LayerParameters): void {
  for (let step = 0; step <= STEPS; step++) {
    const alpha = (alphaLeast + (alphaFactor * step) / STEPS) ** sparsity * density;
    opacities[step] = Math.min(1, alpha);
  }
  opacities[STEPS + 1] = opacities[STEPS];
}
