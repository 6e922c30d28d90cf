// Shared parts of both previews: the source of the pictures, their size on the sheet, and the report.

import { setImmediate } from "node:timers/promises";
import { InterruptedError } from "../common/errors.ts";
import type { SkippedFile } from "../dataset/dataset.ts";
import type { DataSettings, Progress } from "../dataset/reader.ts";
import type { Pixels } from "../image/batch.ts";

export interface PreviewOptions extends DataSettings {
  /** The PNG file to write: a new one, or an earlier preview sheet. */
  readonly out: string;
  readonly seed: number;
  /** Approximate length of a picture's longer side on the sheet, in pixels; see fitPicture. */
  readonly size: number;
  /** Height and width that pictures are resized to before they are augmented; if missing, they keep their size. */
  readonly imageSize?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** A description of the written sheet, as plain data. */
export interface PreviewOutcome {
  readonly out: string;
  /** The sheet's size, in pixels. */
  readonly height: number;
  readonly width: number;
  /** The pictures on it. */
  readonly pictures: readonly PreviewedPicture[];
  /** Pictures that could not be decoded. */
  readonly skipped: readonly SkippedFile[];
  /** Notes on the data for the user. */
  readonly notes: readonly string[];
}

interface PreviewedPicture {
  /** The file, or the image's split and number. */
  readonly source: string;
  readonly className?: string;
  /** Size when augmented, in pixels. */
  readonly height: number;
  readonly width: number;
}

/** Lets a signal arrive between two pieces of work. @throws InterruptedError if it did. */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted) throw new InterruptedError("interrupted: no sheet was written");
}

/** Text size for pictures of this size: `share` of it, but within legible and reasonable limits. */
export function textSizeFor(size: number, share: number): number {
  return Math.min(32, Math.max(13, Math.round(size * share)));
}

/** `32 × 48 pixels`, height first. */
export function formatSize({ height, width }: Omit<Pixels, "data">): string {
  return `${height} × ${width} pixels`;
}
