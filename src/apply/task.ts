// The work of an "augment" worker process: takes pictures, writes files to the output folder or records, and reports on
// them.

import { rmSync } from "node:fs";
import { extname, join } from "node:path";
import { renderChain } from "../augment/chain.ts";
import { systemReason } from "../common/errors.ts";
import { readOrdinaryFile } from "../common/ordinary-files.ts";
import { systemPath } from "../common/path-bytes.ts";
import { whyNoSheet } from "../dataset/readers/own-output.ts";
import { MAX_SIDE, type Pixels } from "../image/batch.ts";
import { decodeImage, ImageError } from "../image/codec.ts";
import { isGrey, lumaOf } from "../image/grey.ts";
import { toSquare } from "../image/resize.ts";
import { isNamedAs } from "../image/sniff.ts";
import type { ArrangedPicture } from "./arrangement.ts";
import { type AugmentSettings, drawCopies } from "./draws.ts";
import type { FormSettings } from "./forms.ts";
import type { RowAugmentation } from "./manifest.ts";
import { augmentedPath } from "./names.ts";
import type { Picture } from "./source.ts";
import { type OutputPixels, type OutputWriter, openWriter } from "./writers.ts";

/** A few pictures of one split and their settings, as plain data. */
export interface ApplyTask {
  /** The output folder. */
  readonly out: string;
  readonly pictures: readonly ArrangedPicture[];
  readonly settings: ApplySettings;
  /** Number of training pictures of the run. */
  readonly training: number;
  /** The file for the task's records, one after another, for formats with records. */
  readonly records: string;
}

export interface ApplySettings extends AugmentSettings {
  /** Whether the originals are written too. */
  readonly originals: boolean;
  readonly form: FormSettings;
  /** Height and width that every picture is resized to before anything else; null if pictures keep their size. */
  readonly imageSize: number | null;
  /** The share of the training pictures that stays in training, see `arrangePictures`; null if there is no new split. */
  readonly split: number | null;
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
  /** Number of copies that equal the written original and were not written; missing if there are none. */
  readonly unchanged?: number;
  readonly outputs: readonly TaskOutput[];
}

/** The outputs of a picture, or the reason why there are none. */
export type PictureResult = WrittenPicture | { readonly reason: string };

/**
 * Writes the outputs of every picture of the task.
 * @param onWork is called with the index of a picture before it is read, and before each of its copies is made.
 * @throws RunError if an output cannot be written.
 */
export async function augmentPictures(
  task: ApplyTask,
  onWork: (index: number) => void,
): Promise<PictureResult[]> {
  const writer = openWriter(task);
  try {
    const results: PictureResult[] = [];
    for (const [i, picture] of task.pictures.entries())
      results.push(await augmentPicture(picture, task, writer, () => onWork(i)));
    return results;
  } finally {
    writer.close();
  }
}

/** Removes what a process may have written for a picture before it died. */
export function removeOutputs(
  { out, settings, training, records }: ApplyTask,
  picture: ArrangedPicture,
): void {
  rmSync(records, { force: true });
  if (settings.form.as !== "folders") return;
  const paths = [picture.original];
  const image = { ...picture, training };
  for (const { copy, chain, chains } of drawCopies(settings, image, { height: 1, width: 1 })) {
    paths.push(augmentedPath(picture.stem, copy, numberOf(chain, chains), picture.extension));
  }
  for (const path of paths) rmSync(join(out, path), { force: true });
}

/** The chain's number in names; none if there is only one. */
function numberOf(chain: number | null, chains: number): number | undefined {
  return chains > 1 && chain !== null ? chain : undefined;
}

async function augmentPicture(
  picture: ArrangedPicture,
  { settings, training }: ApplyTask,
  writer: OutputWriter,
  onWork: () => void,
): Promise<PictureResult> {
  onWork();
  const read = await readPicture(picture, settings.imageSize);
  if ("reason" in read) return read;
  const { data, height, width } = read;
  const grey = settings.form.grey && isGrey(data);
  const toWrite = (pixels: Uint8Array): OutputPixels =>
    grey
      ? { data: lumaOf(pixels), height, width, channels: 1 }
      : { data: pixels, height, width, channels: 3 };
  const original = toWrite(data);
  const outputs: TaskOutput[] = [];
  let unchanged = 0;
  if (settings.originals) outputs.push(await writer.writeOriginal(picture, original, read.file));
  // Only training pictures are augmented.
  const draws = picture.split === "train" ? drawCopies(settings, { ...picture, training }, read) : [];
  for (const { copy, trial, chain, chains, seed, drawn } of draws) {
    onWork();
    const pixels = toWrite(renderChain(data, read, drawn));
    // Without originals, such a copy is not a second picture of the same pixels.
    if (settings.originals && Buffer.compare(pixels.data, original.data) === 0) {
      unchanged++;
      continue;
    }
    const written = await writer.writeCopy(picture, pixels, copy, numberOf(chain, chains));
    outputs.push({ ...written, augmentation: { copy, trial, chain, parameters: drawn, seed } });
  }
  return {
    height,
    width,
    ...(grey && { grey }),
    ...(read.animated && { animated: true }),
    ...(unchanged > 0 && { unchanged }),
    outputs,
  };
}

/** A picture's pixels, resized if requested, and the bytes of its file if that can be copied as the original. */
interface ReadPicture extends Pixels {
  readonly animated?: boolean;
  readonly file?: Uint8Array;
}

function readContent(
  content: Exclude<Picture["content"], Pixels>,
  source: string,
): { readonly bytes: Uint8Array; readonly name: string } | { readonly reason: string } {
  if ("place" in content) throw new Error(`${source} has not been loaded`);
  if ("name" in content)
    return "reason" in content.file ? content.file : { bytes: content.file.bytes, name: content.name };
  try {
    return { bytes: readOrdinaryFile(systemPath(content.path)), name: content.path };
  } catch (error) {
    return { reason: systemReason(error) };
  }
}

async function readPicture(
  { content, source, original }: Picture,
  imageSize: number | null,
): Promise<ReadPicture | { readonly reason: string }> {
  const side = imageSize ?? undefined;
  if ("data" in content) {
    const pixels = toSquare(content, side);
    const { height, width } = pixels;
    if (Math.max(height, width) <= MAX_SIDE) return pixels;
    return {
      reason: `it has ${width} x ${height} pixels, but at most ${MAX_SIDE} along a side are supported`,
    };
  }
  const read = readContent(content, source);
  if ("reason" in read) return read;
  const { bytes: file, name } = read;
  const sheet = whyNoSheet(file);
  if (sheet !== undefined) return { reason: sheet };
  try {
    const decoded = await decodeImage(file, name);
    const pixels = toSquare(decoded, side);
    // The name of a packed picture is ours; it may be of another format.
    const isOfFormat = "path" in content ? extname(original) === extname(source) : isNamedAs(original, file);
    const isSame = pixels.data === decoded.data && isOfFormat;
    return { ...pixels, animated: decoded.animated, ...(isSame && { file }) };
  } catch (error) {
    if (error instanceof ImageError) return { reason: error.reason };
    throw error;
  }
}
