// Fog and clouds: layers of frequency noise blended over the image, with the settings of imgaug 0.4's Fog() and
// Clouds(). A layer's intensity is a bright mean with a coarse and a fine variation; its opacity is a mask whose grid
// is relative to the image. On images larger than the judged ones, no variation is finer than it was there. The magnitude
// is not used.

import { Random } from "../common/random.ts";
import { frequencyNoise, noiseBytes } from "./frequency-noise.ts";
import { align, type Canvas, kernels } from "./kernels.ts";
import { STATE_BYTES, seedState } from "./random-state.ts";
import { judgedSide } from "./scale.ts";
import type { DrawShape, Shape, Technique, TechniqueSet } from "./technique.ts";

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
  /** Longer side of the intensity's grid; the image's if missing. */
  intensitySide?: number;
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

const fog: Technique<WeatherParameters> = {
  name: "fog",
  family: "weather",
  meaning: "dense fog over the whole image; the magnitude is not used",
  draw: (_magnitude, shape, random) => ({ layers: [drawLayer(FOG, shape, random)] }),
  workBytes,
  render,
};

const clouds: Technique<WeatherParameters> = {
  name: "clouds",
  family: "weather",
  meaning: "large clouds, small clouds, or both, over parts of the image; the magnitude is not used",
  draw(_magnitude, shape, random) {
    // One or two of the two layers, with equal probability.
    const kinds = random.chance(0.5)
      ? [LARGE_CLOUDS, SMALL_CLOUDS]
      : [random.chance(0.5) ? LARGE_CLOUDS : SMALL_CLOUDS];
    return { layers: kinds.map((ranges) => drawLayer(ranges, shape, random)) };
  },
  workBytes,
  render,
};

function drawLayer(ranges: LayerRanges, shape: DrawShape, random: Random): LayerParameters {
  const layer = {
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
  if ((shape.scale ?? 1) <= 1) return layer;
  const intensitySide = judgedSide(longerSide(shape), shape);
  return { ...layer, alphaSide: Math.min(layer.alphaSide, intensitySide), intensitySide };
}

/** Longer sides of the grids of a layer's intensity and opacity. */
function gridSides(shape: Shape, { alphaSide, intensitySide }: LayerParameters): [number, number] {
  if (intensitySide === undefined) return [longerSide(shape), alphaSide];
  // Images of any size must get the same grid, even if a product of shares is rounded down.
  return [intensitySide + 1e-6, alphaSide + 1e-6];
}

/** The coarse variation of the intensity is drawn on a grid of 8 x 8. */
const COARSE_SIDE = 8;
const COARSE_BYTES = 4 * COARSE_SIDE * COARSE_SIDE;

/** One number per pixel, and a vector that may be written after them. */
function planeBytes({ height, width }: Shape): number {
  return align(4 * height * width) + 16;
}

/** For the generator's state, the coarse grid, three planes, and making the planes. */
function workBytes(shape: Shape, { layers }: WeatherParameters): number {
  const making = layers.flatMap((layer) => gridSides(shape, layer).map((side) => noiseBytes(shape, side)));
  const resizing = kernels().resizeMemory(COARSE_SIDE, shape.height, shape.width);
  return STATE_BYTES + COARSE_BYTES + 3 * planeBytes(shape) + Math.max(resizing, ...making);
}

function longerSide({ height, width }: Shape): number {
  return Math.max(height, width);
}

function render(canvas: Canvas, { layers }: WeatherParameters): void {
  for (const [i, layer] of layers.entries())
    blendLayer(canvas, layer, i === 0 ? canvas.source : canvas.target);
}

/** Blends one layer over the image at `source`, [height, width, 3], into the canvas's target. */
function blendLayer(canvas: Canvas, layer: LayerParameters, source: number): void {
  const { target, height, width, work, floats } = canvas;
  const grid = work + STATE_BYTES;
  const coarse = grid + COARSE_BYTES;
  const fine = coarse + planeBytes(canvas);
  const mask = fine + planeBytes(canvas);
  const rest = mask + planeBytes(canvas);

  const normals = new Random(layer.noiseSeed, "intensity");
  for (let i = 0; i < COARSE_SIDE * COARSE_SIDE; i++) {
    floats[(grid >> 2) + i] = normals.normal(0, layer.intensityDeviation);
  }
  canvas.kernels.resizePlane(grid, COARSE_SIDE, COARSE_SIDE, coarse, height, width, rest);

  const random = seedState(canvas, work, layer.noiseSeed);
  const [intensitySide, alphaSide] = gridSides(canvas, layer);
  const intensity = { exponent: layer.intensityExponent, largestSide: intensitySide };
  frequencyNoise(canvas, fine, intensity, random, rest);
  const opacity = { exponent: layer.alphaExponent, largestSide: alphaSide };
  frequencyNoise(canvas, mask, opacity, random, rest);

  const { intensityMean, alphaLeast, alphaFactor, sparsity, density } = layer;
  canvas.kernels.blend(
    source,
    target,
    height * width,
    coarse,
    fine,
    mask,
    intensityMean,
    alphaLeast,
    alphaFactor,
    sparsity,
    density,
  );
}

export const weatherTechniques = {
  clouds,
  fog,
} satisfies TechniqueSet;
