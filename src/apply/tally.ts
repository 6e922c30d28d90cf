// Totals of a run, counted from the results of pictures, including those of earlier runs.

import type { SkippedFile } from "../dataset/dataset.ts";
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
    if (result.animated) this.#animated++;
  }

  result(): RunResult {
    return {
      originals: this.#originals,
      augmented: this.#augmented,
      skipped: [...this.#source.skipped, ...this.#undecoded],
      notes: [...this.#source.notes, ...this.#animatedNote()],
    };
  }

  #animatedNote(): string[] {
    if (this.#animated === 0) return [];
    const { originals, form } = this.#settings;
    const files = this.#animated === 1 ? "1 animated GIF" : `${this.#animated} animated GIFs`;
    const whole = originals && form.as === "folders" ? "; originals are copied with all frames" : "";
    return [`${files}: the first frame was used${whole}`];
  }
}
