// The rows of the comparison: distributions at five magnitudes, displacements of a marker, and pixels at equal
// parameters. Each row is compared with the unmodified imgaug and, if that is outside the tolerance, again without the
// one known difference from our specification (see render.py). The row is explained if it is then inside.

import { applyChain, renderChainInto } from "../../src/augment/chain.ts";
import type { DrawnParameters } from "../../src/augment/technique.ts";
import { seedOf } from "../../src/common/random.ts";
import { TECHNIQUES, type TechniqueName, usesMagnitude } from "../../src/config/techniques.ts";
import { createBatch, type ImageBatch, imageAt } from "../../src/image/batch.ts";
import type { Imgaug, Variant } from "./imgaug.ts";
import {
  type Comparison,
  centroids,
  comparePixels,
  compareSamples,
  type ImageMeasures,
  mean,
  measureImages,
  type PixelComparison,
} from "./measures.ts";

export const MAGNITUDES = [0.1, 0.3, 0.5, 0.7, 1] as const;
/** Differences that do not matter: in grey levels, in pixels, and in the share of markers that left the image. */
export const NEGLIGIBLE_LEVELS = 0.25;
export const NEGLIGIBLE_PIXELS = 0.02;
export const NEGLIGIBLE_SHARE = 0.005;
/** Largest share of all values that may differ, by 1, at equal parameters. */
export const LARGEST_SHARE = 0.1;

/** The techniques with a known difference that can be removed, for drawn and for given parameters. */
export const ADJUSTABLE: Readonly<Record<"drawn" | "given", readonly TechniqueName[]>> = {
  drawn: ["crop", "gamma-contrast", "add-to-hue-and-saturation"],
  given: [
    "crop",
    "gaussian-blur",
    "rotate",
    "shear",
    "translate-x",
    "translate-y",
    "gamma-contrast",
    "add-to-hue-and-saturation",
  ],
};

export type Verdict = "inside" | "explained" | "outside";

export interface Statistic {
  readonly ours: number;
  readonly theirs: number;
  readonly comparison: Comparison;
}

export interface DistributionRow {
  readonly technique: TechniqueName;
  /** Undefined if the technique does not use it. */
  readonly magnitude?: number;
  /** Mean, standard deviation, change, colour and grain of the images; or the marker's displacements. */
  readonly statistics: readonly Statistic[];
  readonly verdict: Verdict;
  /** The statistics compared with the adjusted imgaug. */
  readonly adjusted?: readonly Statistic[];
}

export interface PixelRow {
  readonly technique: TechniqueName;
  readonly parameters: DrawnParameters;
  readonly pixels: PixelComparison;
  readonly verdict: Verdict;
  readonly adjusted?: PixelComparison;
}

/** Compares every row with `imgaug`; calls `tell` at the start of each. */
export class Rows {
  readonly #imgaug: Imgaug;
  readonly #passes: number;
  readonly #tell: (what: string) => void;

  /** Each technique is applied `passes` times to each image, with different draws. */
  constructor(imgaug: Imgaug, passes: number, tell: (what: string) => void) {
    this.#imgaug = imgaug;
    this.#passes = passes;
    this.#tell = tell;
  }

  /**
   * One row per technique and magnitude: each image's mean, standard deviation, mean absolute change, colour and grain.
   */
  async distributions(
    images: ImageBatch,
    techniques: readonly TechniqueName[] = TECHNIQUES,
  ): Promise<DistributionRow[]> {
    const rows: DistributionRow[] = [];
    const original = measureImages(images, images);
    const statistics = (ours: ImageMeasures[], theirs: ImageMeasures[]) =>
      (["mean", "deviation", "change", "colour", "grain"] as const).map((name) => {
        // Both sides start from the same image: subtracting its values makes the tests more sensitive.
        const changes = (measures: ImageMeasures[]) =>
          join(measures.map((values) => values[name].map((value, i) => value - original[name][i])));
        return {
          ours: mean(join(ours.map((values) => values[name]))),
          theirs: mean(join(theirs.map((values) => values[name]))),
          comparison: compareSamples(changes(ours), changes(theirs), NEGLIGIBLE_LEVELS, true),
        };
      });
    for (const technique of techniques) {
      for (const magnitude of magnitudesOf(technique)) {
        const measure = (batch: ImageBatch) => measureImages(batch, images);
        rows.push(await this.#distribution(images, technique, magnitude, measure, statistics));
      }
    }
    return rows;
  }

  /** How a marker moves: mean |dx| and |dy| in pixels, and the share of markers that left the image. */
  async displacements(side: number, count: number): Promise<DistributionRow[]> {
    const rows: DistributionRow[] = [];
    const markers = markerImages(side, count);
    const [start] = centroids(markers);
    if (!start) throw new Error("there is no marker");
    const displacements = (batch: ImageBatch) =>
      centroids(batch).map(
        (place) => place && { x: Math.abs(place.x - start.x), y: Math.abs(place.y - start.y) },
      );
    const along = (places: Displacements[], axis: "x" | "y") =>
      Float64Array.from(places.flat().flatMap((place) => place?.[axis] ?? []));
    const lost = (places: Displacements[]) => Float64Array.from(places.flat(), (place) => (place ? 0 : 1));
    const statistics = (ours: Displacements[], theirs: Displacements[]): Statistic[] => [
      statisticOf(along(ours, "x"), along(theirs, "x"), NEGLIGIBLE_PIXELS),
      statisticOf(along(ours, "y"), along(theirs, "y"), NEGLIGIBLE_PIXELS),
      statisticOf(lost(ours), lost(theirs), NEGLIGIBLE_SHARE),
    ];
    for (const technique of ["rotate", "shear", "translate-x", "translate-y"] as const) {
      for (const magnitude of MAGNITUDES) {
        rows.push(await this.#distribution(markers, technique, magnitude, displacements, statistics));
      }
    }
    return rows;
  }

  async #distribution<Measures>(
    images: ImageBatch,
    technique: TechniqueName,
    magnitude: number | undefined,
    measure: (images: ImageBatch) => Measures,
    statistics: (ours: Measures[], theirs: Measures[]) => Statistic[],
  ): Promise<DistributionRow> {
    this.#tell(`${technique}${magnitude === undefined ? "" : ` at ${magnitude}`}`);
    const operation = { type: technique, magnitude: magnitude ?? 0.5 };
    const indices = Array.from({ length: images.count }, (_, i) => i);
    const ours: Measures[] = [];
    for (let pass = 0; pass < this.#passes; pass++) {
      const seed = seedOf("imgaug comparison", technique, operation.magnitude * 10, pass);
      ours.push(measure(applyChain(images, indices, [operation], 0, seed)));
    }
    const against = async (variant: Variant) => {
      const theirs: Measures[] = [];
      for (let pass = 0; pass < this.#passes; pass++) {
        const job = { technique, magnitude: operation.magnitude, variant };
        theirs.push(measure(await this.#imgaug.render(images, job)));
      }
      return statistics(ours, theirs);
    };
    const asItIs = await against("imgaug");
    const inside = (all: readonly Statistic[]) => all.every(({ comparison }) => comparison.inside);
    const row = { technique, magnitude, statistics: asItIs };
    if (inside(asItIs)) return { ...row, verdict: "inside" };
    if (!ADJUSTABLE.drawn.includes(technique)) return { ...row, verdict: "outside" };
    const adjusted = await against("adjusted");
    return { ...row, adjusted, verdict: inside(adjusted) ? "explained" : "outside" };
  }

  /** Counts differing values with the same parameters on both sides, for techniques without noise. */
  async pixels(images: ImageBatch): Promise<PixelRow[]> {
    const rows: PixelRow[] = [];
    const inside = ({ largest, different }: PixelComparison) => largest <= 1 && different <= LARGEST_SHARE;
    for (const [technique, parameters] of PIXEL_CASES) {
      this.#tell(`${technique} with ${JSON.stringify(parameters)}`);
      const ours = createBatch(images.count, images.height, images.width);
      for (let i = 0; i < images.count; i++) {
        renderChainInto(imageAt(images, i), imageAt(ours, i), images, [{ type: technique, parameters }]);
      }
      const against = async (variant: Variant) =>
        comparePixels(
          ours.data,
          (await this.#imgaug.render(images, { technique, parameters, variant })).data,
        );
      const pixels = await against("imgaug");
      const row = { technique, parameters, pixels };
      if (inside(pixels)) rows.push({ ...row, verdict: "inside" });
      else if (!ADJUSTABLE.given.includes(technique)) rows.push({ ...row, verdict: "outside" });
      else {
        const adjusted = await against("adjusted");
        rows.push({ ...row, adjusted, verdict: inside(adjusted) ? "explained" : "outside" });
      }
    }
    return rows;
  }
}

type Displacements = readonly ({ readonly x: number; readonly y: number } | undefined)[];

function statisticOf(ours: Float64Array, theirs: Float64Array, negligible: number): Statistic {
  const comparison = compareSamples(ours, theirs, negligible, false);
  return { ours: mean(ours), theirs: mean(theirs), comparison };
}

const PIXEL_CASES: readonly (readonly [TechniqueName, DrawnParameters])[] = [
  ["crop", { top: 0, right: 0, bottom: 0, left: 1 }],
  ["crop", { top: 3, right: 4, bottom: 5, left: 6 }],
  ["crop", { top: 10, right: 10, bottom: 21, left: 0 }],
  ["gaussian-blur", { sigma: 0.5 }],
  ["gaussian-blur", { sigma: 3.2 }],
  ["gaussian-blur", { sigma: 6 }],
  ["gaussian-blur", { sigma: 25 }],
  ["rotate", { degrees: 10 }],
  ["rotate", { degrees: 90 }],
  ["rotate", { degrees: 179 }],
  ["shear", { degrees: -33 }],
  ["shear", { degrees: 85 }],
  ["translate-x", { share: 0.1 }],
  ["translate-x", { share: 0.75 }],
  ["translate-y", { share: -0.4 }],
  ["sharpen", { alpha: 0.3, lightness: 1.2 }],
  ["sharpen", { alpha: 0.8, lightness: 4 }],
  ["emboss", { alpha: 0.15, strength: 0.5 }],
  ["emboss", { alpha: 0.6, strength: 3 }],
  ["gamma-contrast", { gamma: 0.175 }],
  ["gamma-contrast", { gamma: 1.75 }],
  ["brighten", { added: [10, -20, 30] }],
  ["invert", {}],
  ["add-to-hue-and-saturation", { added: -20 }],
  ["add-to-hue-and-saturation", { added: 45 }],
  ["horizontal-flip", { flipped: true }],
  ["vertical-flip", { flipped: true }],
];

function magnitudesOf(technique: TechniqueName): readonly (number | undefined)[] {
  return usesMagnitude(technique) ? MAGNITUDES : [undefined];
}

/** `count` copies of a white disc on black, right of and above the centre. */
function markerImages(side: number, count: number): ImageBatch {
  const images = createBatch(count, side, side);
  const [centreX, centreY, radius] = [0.65 * side, 0.3 * side, 0.08 * side];
  for (let i = 0; i < images.data.length; i++) {
    const x = Math.floor(i / 3) % side;
    const y = Math.floor(i / 3 / side) % side;
    if (Math.hypot(x - centreX, y - centreY) <= radius) images.data[i] = 255;
  }
  return images;
}

function join(parts: readonly Float64Array[]): Float64Array {
  return Float64Array.from(parts.flatMap((part) => [...part]));
}
