// What both previews have in common: where the pictures come from, how large they are shown, what is told afterwards.

import { setImmediate } from "node:timers/promises";
import { InterruptedError } from "../common/errors.ts";
import type { SkippedFile } from "../dataset/dataset.ts";
import type { Progress } from "../dataset/reader.ts";
import type { Pixels } from "../image/batch.ts";

export interface PreviewOptions {
  /** The PNG file to write: a new one, or a sheet that was made before. */
  readonly out: string;
  readonly seed: number;
  /** About how many pixels the longer side of a picture has on the sheet; see fitPicture. */
  readonly size: number;
  /** Height and width that pictures are resized to before they are augmented; where it is missing they keep their size. */
  readonly imageSize?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** What was written: plain data. */
export interface PreviewOutcome {
  readonly out: string;
  /** The sheet's, in pixels. */
  readonly height: number;
  readonly width: number;
  /** The pictures on it. */
  readonly pictures: readonly PreviewedPicture[];
  /** What could not be decoded. */
  readonly skipped: readonly SkippedFile[];
  /** What a user should know of the data. */
  readonly notes: readonly string[];
}

export interface PreviewedPicture {
  /** The file, or the image's split and number. */
  readonly source: string;
  readonly className?: string;
  /** As it was augmented, in pixels. */
  readonly height: number;
  readonly width: number;
}

/**
 * Lets an interrupt come through between two pieces of work.
 * @throws InterruptedError where it did.
 */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted) throw new InterruptedError("interrupted: no sheet was written");
}

/** Text for pictures of this size: `share` of it, but legible, and no poster. */
export function textSizeFor(size: number, share: number): number {
  return Math.min(32, Math.max(13, Math.round(size * share)));
}

/** `32 × 48 pixels`, height first. */
export function formatSize({ height, width }: Omit<Pixels, "data">): string {
  return `${height} × ${width} pixels`;
}
