// Measures images and compares two samples of such measures by their means, in standard errors, and by their
// distributions (two-sample Kolmogorov-Smirnov test; Massey 1951, "The Kolmogorov-Smirnov test for goodness of fit").

import { type ImageBatch, imageAt } from "../../src/image/batch.ts";

/**
 * The significance level of one test. With about 1,000 tests, 1% of runs would fail one if both sides were the same.
 */
export const SIGNIFICANCE = 1e-5;
/** The two-sided quantile of the normal distribution at that level. */
export const LARGEST_Z = 4.42;

/** One value per image. */
export interface ImageMeasures {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  /** Mean absolute difference from the original. */
  readonly change: Float64Array;
  /** Mean absolute difference of red and green, which shows whether channels change alike; the others do not. */
  readonly colour: Float64Array;
  /** Mean absolute difference of values one and two pixels apart in a row, which shows how fine the noise is. */
  readonly grain: Float64Array;
}

/** Measures over all values of each image, in grey levels. */
export function measureImages(images: ImageBatch, originals: ImageBatch): ImageMeasures {
  const measures = {
    mean: new Float64Array(images.count),
    deviation: new Float64Array(images.count),
    change: new Float64Array(images.count),
    colour: new Float64Array(images.count),
    grain: new Float64Array(images.count),
  };
  for (let i = 0; i < images.count; i++) {
    const image = imageAt(images, i);
    const original = imageAt(originals, i);
    let sum = 0;
    let squares = 0;
    let change = 0;
    let colour = 0;
    for (let k = 0; k < image.length; k++) {
      sum += image[k];
      squares += image[k] * image[k];
      change += Math.abs(image[k] - original[k]);
      if (k % 3 === 0) colour += Math.abs(image[k] - image[k + 1]);
    }
    const mean = sum / image.length;
    measures.mean[i] = mean;
    measures.deviation[i] = Math.sqrt(Math.max(0, squares / image.length - mean * mean));
    measures.change[i] = change / image.length;
    measures.colour[i] = colour / (image.length / 3);
    measures.grain[i] = (neighbourDifference(images, image, 1) + neighbourDifference(images, image, 2)) / 2;
  }
  return measures;
}

/** Mean absolute difference of values `apart` pixels apart along x; 0 if the image is too narrow. */
function neighbourDifference({ height, width }: ImageBatch, image: Uint8Array, apart: number): number {
  if (width <= apart) return 0;
  const stride = width * 3;
  let sum = 0;
  for (let y = 0; y < height; y++) {
    for (let k = y * stride + apart * 3; k < (y + 1) * stride; k++)
      sum += Math.abs(image[k] - image[k - apart * 3]);
  }
  return sum / (height * (width - apart) * 3);
}

/** The centroid of each image's brightness, in pixels from the left and the top; undefined for a black image. */
export function centroids(images: ImageBatch): ({ x: number; y: number } | undefined)[] {
  return Array.from({ length: images.count }, (_, index) => {
    const image = imageAt(images, index);
    let light = 0;
    let x = 0;
    let y = 0;
    for (let i = 0; i < image.length; i++) {
      light += image[i];
      x += image[i] * (Math.floor(i / 3) % images.width);
      y += image[i] * Math.floor(i / 3 / images.width);
    }
    return light === 0 ? undefined : { x: x / light, y: y / light };
  });
}

export interface Comparison {
  /** Ours minus theirs, and the same in standard errors (0 if nothing differs). */
  readonly difference: number;
  readonly z: number;
  /** The largest distance between the distribution functions, and the mean distance between equal quantiles. */
  readonly kolmogorov: number;
  readonly quantileDistance: number;
  /** Within the significance level, or too small to matter, in the mean and in the distribution. */
  readonly inside: boolean;
}

/**
 * Compares two samples. Differences up to `negligible`, in the measure's unit, do not matter. If `paired`, the samples
 * have one value per image in the same order, and the standard error is that of the differences.
 */
export function compareSamples(
  ours: Float64Array,
  theirs: Float64Array,
  negligible: number,
  paired: boolean,
): Comparison {
  const difference = mean(ours) - mean(theirs);
  const error = paired
    ? Math.sqrt(variance(ours.map((value, i) => value - theirs[i])) / ours.length)
    : Math.sqrt(variance(ours) / ours.length + variance(theirs) / theirs.length);
  const z = difference === 0 ? 0 : difference / error;
  const kolmogorov = kolmogorovDistance(ours, theirs);
  const quantileDistance = meanQuantileDistance(ours, theirs);
  const sameMean = Math.abs(z) <= LARGEST_Z || Math.abs(difference) <= negligible;
  const sameDistribution =
    kolmogorov <= criticalDistance(ours.length, theirs.length) || quantileDistance <= negligible;
  return { difference, z, kolmogorov, quantileDistance, inside: sameMean && sameDistribution };
}

/** The Kolmogorov-Smirnov distance that large samples of one distribution exceed with probability SIGNIFICANCE. */
export function criticalDistance(count: number, otherCount: number): number {
  return Math.sqrt((-Math.log(SIGNIFICANCE / 2) / 2) * (1 / count + 1 / otherCount));
}

/** The largest distance between the empirical distribution functions of two samples. */
export function kolmogorovDistance(a: Float64Array, b: Float64Array): number {
  const first = a.toSorted();
  const second = b.toSorted();
  let largest = 0;
  for (let i = 0, j = 0; i < first.length && j < second.length; ) {
    const value = Math.min(first[i], second[j]);
    while (i < first.length && first[i] <= value) i++;
    while (j < second.length && second[j] <= value) j++;
    largest = Math.max(largest, Math.abs(i / first.length - j / second.length));
  }
  return largest;
}

/** The mean absolute difference between quantiles of the same order (the Wasserstein distance of order 1). */
export function meanQuantileDistance(a: Float64Array, b: Float64Array): number {
  const first = a.toSorted();
  const second = b.toSorted();
  let sum = 0;
  let reached = 0;
  for (let i = 0, j = 0; i < first.length && j < second.length; ) {
    const next = Math.min((i + 1) / first.length, (j + 1) / second.length);
    sum += (next - reached) * Math.abs(first[i] - second[j]);
    reached = next;
    if ((i + 1) / first.length <= next) i++;
    if ((j + 1) / second.length <= next) j++;
  }
  return sum;
}

export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: Float64Array): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

export interface PixelComparison {
  readonly largest: number;
  /** Share of all values that differ. */
  readonly different: number;
}

/** Compares two batches of images of the same size value by value. */
export function comparePixels(ours: Uint8Array, theirs: Uint8Array): PixelComparison {
  let largest = 0;
  let different = 0;
  for (let i = 0; i < ours.length; i++) {
    const distance = Math.abs(ours[i] - theirs[i]);
    if (distance === 0) continue;
    different++;
    if (distance > largest) largest = distance;
  }
  return { largest, different: different / ours.length };
}
