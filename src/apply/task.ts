// The work of an "augment" worker process: takes pictures, writes files to the output folder or records, and reports on
// them.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { renderChain } from "../augment/chain.ts";
import { systemReason } from "../common/errors.ts";
import type { Pixels } from "../image/batch.ts";
import { decodeImage, ImageError } from "../image/codec.ts";
import { isGrey, lumaOf } from "../image/grey.ts";
import { type AugmentSettings, drawCopies, isAugmented } from "./draws.ts";
import { extensionOf, type FormSettings } from "./forms.ts";
import type { RowAugmentation } from "./manifest.ts";
import { augmentedPath } from "./names.ts";
import type { Picture } from "./source.ts";
import { type OutputPixels, type OutputWriter, openWriter } from "./writers.ts";

/** A few pictures of one split and their settings, as plain data. */
export interface ApplyTask {
  /** The output folder. */
  readonly out: string;
  readonly pictures: readonly Picture[];
  readonly settings: ApplySettings;
  /** The file for the task's records, one after another, for formats with records. */
  readonly records: string;
}

export interface ApplySettings extends AugmentSettings {
  /** Whether the originals are written too. */
  readonly originals: boolean;
  readonly form: FormSettings;
}

/** A written file or record. */
export interface TaskOutput {
  /** The file's path; empty for a record, which has no position yet. */
  readonly output: string;
  readonly bytes: number;
  /** Missing for originals. */
  readonly augmentation?: RowAugmentation;
}

/** The outputs of a picture. */
export interface WrittenPicture {
  readonly height: number;
  readonly width: number;
  /** It was written in one channel. */
  readonly grey?: true;
  /** Its file contains several pictures, of which the first was used. */
  readonly animated?: true;
  readonly outputs: readonly TaskOutput[];
}

/** The outputs of a picture, or the reason why there are none. */
export type PictureResult = WrittenPicture | { readonly reason: string };

/** Writes the outputs of every picture of the task. @throws RunError if one cannot be written. */
export async function augmentPictures(task: ApplyTask): Promise<PictureResult[]> {
  const writer = openWriter(task);
  try {
    const results: PictureResult[] = [];
    for (const picture of task.pictures) {
      results.push(await augmentPicture(picture, task.settings, writer));
      // Lets the process notice that its parent has exited.
      await setImmediate();
    }
    return results;
  } finally {
    writer.close();
  }
}

/** Removes what a process may have written for a picture before it died. */
export function removeOutputs({ out, settings, records }: ApplyTask, picture: Picture): void {
  rmSync(records, { force: true });
  if (settings.form.as !== "folders") return;
  const paths = [picture.original];
  for (const { copy, chain, chains } of drawCopies(settings, picture.index, { height: 1, width: 1 })) {
    const counted = chains > 1 ? chain : undefined;
    paths.push(augmentedPath(picture.stem, copy, counted, extensionOf(settings.form)));
  }
  for (const path of paths) rmSync(join(out, path), { force: true });
}

async function augmentPicture(
  picture: Picture,
  settings: ApplySettings,
  writer: OutputWriter,
): Promise<PictureResult> {
  const read = await readPicture(picture);
  if ("reason" in read) return read;
  const { data, height, width } = read;
  const grey = settings.form.grey && isGrey(data);
  const toWrite = (pixels: Uint8Array): OutputPixels =>
    grey
      ? { data: lumaOf(pixels), height, width, channels: 1 }
      : { data: pixels, height, width, channels: 3 };
  const outputs: TaskOutput[] = [];
  if (settings.originals) outputs.push(await writer.writeOriginal(picture, toWrite(data), read.file));
  // Only training pictures are augmented.
  if (picture.split === "train" && isAugmented(settings, picture.index)) {
    for (const { copy, trial, chain, chains, seed, drawn } of drawCopies(settings, picture.index, read)) {
      const pixels = toWrite(renderChain(data, read, drawn));
      const written = await writer.writeCopy(picture, pixels, copy, chains > 1 ? chain : undefined);
      outputs.push({ ...written, augmentation: { copy, trial, chain, parameters: drawn, seed } });
    }
  }
  return { height, width, ...(grey && { grey }), ...(read.animated && { animated: true }), outputs };
}

/** A picture's pixels, and the bytes of its file if it has one. */
interface ReadPicture extends Pixels {
  readonly animated?: boolean;
  readonly file?: Uint8Array;
}

async function readPicture({ content }: Picture): Promise<ReadPicture | { readonly reason: string }> {
  if ("data" in content) return content;
  let file: Buffer;
  try {
    file = readFileSync(content.path);
  } catch (error) {
    return { reason: systemReason(error) };
  }
  try {
    return { ...(await decodeImage(file, content.path)), file };
  } catch (error) {
    if (error instanceof ImageError) return { reason: error.reason };
    throw error;
  }
}
