// Totals of a run, counted from the results of pictures, including those of earlier runs.

import type { SkippedFile } from "../dataset/dataset.ts";
import type { SplitName } from "../dataset/reader.ts";
import type { RunResult } from "./run-file.ts";
import type { Picture, PictureSource } from "./source.ts";
import type { ApplySettings, PictureResult } from "./task.ts";

export class Tally {
  readonly #source: PictureSource;
  readonly #settings: ApplySettings;
  readonly #undecoded: SkippedFile[] = [];
  #done = 0;
  #originals = 0;
  #augmented = 0;
  #unchanged = 0;
  #augmentedImages = 0;
  readonly #splits = new Map<SplitName, number>();
  #animated = 0;

  constructor(source: PictureSource, settings: ApplySettings) {
    this.#source = source;
    this.#settings = settings;
  }

  /** Pictures, including skipped ones. */
  get done(): number {
    return this.#done;
  }

  /** Pictures that could not be decoded. */
  get undecoded(): readonly SkippedFile[] {
    return this.#undecoded;
  }

  add(picture: Picture, result: PictureResult): void {
    this.#done++;
    if ("reason" in result) {
      this.#undecoded.push({ path: this.#source.nameOf(picture), reason: result.reason });
      return;
    }
    const augmented = result.outputs.filter(({ augmentation }) => augmentation).length;
    this.#augmented += augmented;
    this.#originals += result.outputs.length - augmented;
    this.#unchanged += result.unchanged ?? 0;
    if (augmented + (result.unchanged ?? 0) > 0) this.#augmentedImages++;
    this.#splits.set(picture.split, (this.#splits.get(picture.split) ?? 0) + 1);
    if (result.animated) this.#animated++;
  }

  result(): RunResult {
    return {
      originals: this.#originals,
      augmented: this.#augmented,
      unchanged: this.#unchanged,
      augmentedImages: this.#augmentedImages,
      splits: Object.fromEntries(this.#splits),
      skipped: [...this.#source.skipped, ...this.#undecoded],
      notes: [...this.#source.notes, ...this.#animatedNote(), ...this.#leakNote()],
    };
  }

  /** Copies beside their originals would leak into a validation split that is drawn from the output later. */
  #leakNote(): string[] {
    if (!this.#settings.originals || this.#augmented === 0 || this.#splits.has("validation")) return [];
    return [
      "copies are beside their originals: a random split of the output would put copies of training pictures into " +
        "validation; --split 0.8 writes a split in which no copy leaks",
    ];
  }

  #animatedNote(): string[] {
    if (this.#animated === 0) return [];
    const { originals, form } = this.#settings;
    const files = this.#animated === 1 ? "1 animated picture" : `${this.#animated} animated pictures`;
    const whole = originals && form.as === "folders" ? "; originals are copied with all frames" : "";
    return [`${files}: the first frame was used${whole}`];
  }
}
