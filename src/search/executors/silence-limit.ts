// For how long a training may be silent before it is taken to hang: learnt from the epochs that were reported.

import { momentBatches } from "../../child/final-trainer.ts";
import { chainsPerImage, type Policy } from "../../policy/policy.ts";

/**
 * Until any training of the run has reported an epoch, one may be silent for `first`: nothing is known yet of how long an
 * epoch takes. From then on, in a training's first epoch as in its last, the limit is the larger of `least` and `epochs`
 * times the longest epoch so far. If the training has more images than that epoch had, the epoch counts as longer in the
 * same ratio. The first epoch of a training includes its start: a process, an engine, the images.
 */
export interface SilenceLimits {
  /** In milliseconds. */
  readonly first: number;
  /** In milliseconds. */
  readonly least: number;
  /** As a multiple of the longest epoch. */
  readonly epochs: number;
}

/** An hour, then at least a minute. */
export const SILENCE_LIMITS: SilenceLimits = { first: 3_600_000, least: 60_000, epochs: 10 };

/** Work of a training that it does not report. */
export interface QuietWork {
  readonly trainImages: number;
  readonly batchSize: number;
  /** Images that are classified. */
  readonly judgedImages: number;
  /** Training images from one report to the next. */
  readonly reportedImages: number;
}

/**
 * How many times as long as from one report to the next a training may be silent because it measures the moments of batch
 * normalisation and classifies images: with few training images and many others, far more than ten times. At most: an image is
 * classified faster than it is trained on.
 */
export function quietTimes({ trainImages, batchSize, judgedImages, reportedImages }: QuietWork): number {
  const moments = momentBatches(Math.ceil(trainImages / batchSize)) * batchSize;
  return (moments + judgedImages) / reportedImages;
}

/** The limit of a run, as it learns. */
export class SilenceLimit {
  readonly #limits: SilenceLimits;
  readonly #quiet: number;
  /** Of an epoch so far, in milliseconds. */
  #longest: number | undefined;
  /** Of an epoch so far, in milliseconds, divided by its relative number of images. */
  #longestRelative = 0;

  /** @param quiet by how much `epochs` is greater, for work that is not reported. */
  constructor(limits: SilenceLimits, quiet = 0) {
    this.#limits = limits;
    this.#quiet = quiet;
  }

  /** An epoch of a training with this relative number of images took this long, in milliseconds. */
  learn(images: number, milliseconds: number): void {
    this.#longest = Math.max(this.#longest ?? 0, milliseconds);
    this.#longestRelative = Math.max(this.#longestRelative, milliseconds / images);
  }

  /** For a training with this relative number of images, in milliseconds. */
  of(images: number): number {
    const { first, least, epochs } = this.#limits;
    if (this.#longest === undefined) return first;
    // The largest, over all epochs so far, of an epoch's time times max(1, images of this training / images of that epoch).
    const longest = Math.max(this.#longest, this.#longestRelative * images);
    return Math.max(least, (epochs + this.#quiet) * longest);
  }
}

/** Training images under a policy, divided by those without augmentation. */
export function relativeImages(policy: Policy): number {
  return policy.redrawn ? 1 : 1 + policy.portion * chainsPerImage(policy);
}
