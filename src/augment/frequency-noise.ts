// Noise with a given spectrum, as imgaug 0.4's FrequencyNoise: random amplitudes and phases, scaled by a power of the
// frequency, transformed back, stretched to 0-1, and enlarged (cubic) where it was made on a smaller grid. An exponent
// near -4 gives large blobs, near -1 fine grain.
//
// Ours differs in two small things: a grid side with a prime factor above 7 is shortened to the next length without one
// and enlarged like the others, which bounds the cost; and an enlarged plane is not rounded to 256 steps on the way.

import type { Random } from "../common/random.ts";
import { resizePlane } from "./cubic.ts";
import { ComplexScratch, realPlane, smoothLength } from "./fourier.ts";
import { float32Scratch } from "./scratch.ts";
import type { Shape } from "./technique.ts";

/** The smallest side of a grid. */
const SMALLEST_SIDE = 4;

const PHASES = 1024;
const phaseCos = Float32Array.from({ length: PHASES }, (_, i) => Math.cos((2 * Math.PI * i) / PHASES));
/** imgaug's imaginary part: the real part, cosine included, times the sine. */
const phaseCosSin = phaseCos.map((cos, i) => cos * Math.sin((2 * Math.PI * i) / PHASES));

const spectrumScratch = new ComplexScratch();
const workScratch = new ComplexScratch();
const gridScratch = float32Scratch();

/** How a plane of noise is made: the power of the frequency, and the longer side of the grid at most. */
export interface NoiseSettings {
  readonly exponent: number;
  readonly largestSide: number;
}

/** Fills `plane` [height, width] with noise in [0, 1]. */
export function frequencyNoise(
  plane: Float32Array,
  shape: Shape,
  settings: NoiseSettings,
  random: Random,
): void {
  const grid = gridOf(shape, settings.largestSide);
  const same = grid.height === shape.height && grid.width === shape.width;
  const noise = same ? plane : gridScratch.take(grid.height * grid.width);
  const columns = (grid.width >> 1) + 1;
  const spectrum = spectrumScratch.take(grid.height * columns);
  drawSpectrum(spectrum.re, spectrum.im, grid, settings.exponent, random);
  realPlane(spectrum, workScratch.take(grid.height * columns), grid.height, grid.width, noise);
  stretch(noise, grid.height * grid.width);
  if (same) return;
  resizePlane(noise, grid, plane, shape);
  // Cubic interpolation overshoots.
  const size = shape.height * shape.width;
  for (let i = 0; i < size; i++) plane[i] = Math.min(1, Math.max(0, plane[i]));
}

function gridOf({ height, width }: Shape, largestSide: number): Shape {
  const longer = Math.max(height, width);
  const share = longer > largestSide ? largestSide / longer : 1;
  const side = (length: number) => smoothLength(Math.max(SMALLEST_SIDE, Math.floor(length * share)));
  return { height: side(height), width: side(width) };
}

/**
 * One half of the spectrum [height, floor(width / 2) + 1]. Only the real part of the transform is wanted, so the value
 * at each frequency is the mean of its own draw and the conjugate of its mirror image's; column 0 and the middle one
 * hold both, and there the transform itself takes the mean.
 */
function drawSpectrum(
  re: Float32Array,
  im: Float32Array,
  grid: Shape,
  exponent: number,
  random: Random,
): void {
  const { height, width } = grid;
  const columns = (width >> 1) + 1;
  const power = exponent / 2;
  for (let y = 0; 2 * y <= height; y++) {
    for (let x = 0; x < columns; x++) {
      const scale = x + y === 0 ? 0 : (y * y + x * x) ** power;
      const own = x === 0 || 2 * x === width;
      drawFrequency(re, im, y * columns + x, scale, own, random);
      if (y > 0 && 2 * y < height) drawFrequency(re, im, (height - y) * columns + x, scale, own, random);
    }
  }
}

function drawFrequency(
  re: Float32Array,
  im: Float32Array,
  index: number,
  scale: number,
  own: boolean,
  random: Random,
): void {
  const first = random.uint32();
  const amplitude = (first >>> 10) * scale;
  const phase = first & (PHASES - 1);
  if (own) {
    re[index] = amplitude * phaseCos[phase];
    im[index] = amplitude * phaseCosSin[phase];
    return;
  }
  const second = random.uint32();
  const mirrored = (second >>> 10) * scale;
  const mirroredPhase = second & (PHASES - 1);
  re[index] = 0.5 * (amplitude * phaseCos[phase] + mirrored * phaseCos[mirroredPhase]);
  im[index] = 0.5 * (amplitude * phaseCosSin[phase] - mirrored * phaseCosSin[mirroredPhase]);
}

/** Maps the values' own range to 0-1; a constant plane becomes 0. */
function stretch(noise: Float32Array, size: number): void {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < size; i++) {
    if (noise[i] < smallest) smallest = noise[i];
    if (noise[i] > largest) largest = noise[i];
  }
  const scale = largest > smallest ? 1 / (largest - smallest) : 0;
  for (let i = 0; i < size; i++) noise[i] = (noise[i] - smallest) * scale;
}
