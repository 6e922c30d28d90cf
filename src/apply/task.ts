// What a worker process of the kind "augment" does: pictures in, files of the output folder and their manifest rows
// out.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { renderChain } from "../augment/chain.ts";
import { systemReason } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import { decodeImage, encodePng, ImageError } from "../image/codec.ts";
import { type AugmentSettings, drawCopies, isAugmented } from "./draws.ts";
import type { ManifestRow } from "./manifest.ts";
import { augmentedPath } from "./names.ts";
import type { Picture } from "./source.ts";

/** A few pictures, and what is to become of them: plain data. */
export interface ApplyTask {
  /** The output folder. */
  readonly out: string;
  readonly pictures: readonly Picture[];
  readonly settings: ApplySettings;
}

export interface ApplySettings extends AugmentSettings {
  /** Whether the originals are written too. */
  readonly originals: boolean;
}

/** What became of a picture: a row per file written, or the reason why there is none. */
export type PictureResult = { readonly rows: readonly ManifestRow[] } | { readonly reason: string };

/**
 * Writes the outputs of every picture of the task.
 * @throws RunError where one cannot be written.
 */
export async function augmentPictures({ out, pictures, settings }: ApplyTask): Promise<PictureResult[]> {
  const results: PictureResult[] = [];
  for (const picture of pictures) {
    results.push(await augmentPicture(out, picture, settings));
    // Lets the process see that its parent has gone.
    await setImmediate();
  }
  return results;
}

/** Removes what a process may have written of a picture before it died. */
export function removeOutputs({ out, settings }: ApplyTask, picture: Picture): void {
  const paths = [picture.original];
  for (const draw of drawCopies(settings, picture.index, { height: 1, width: 1 })) {
    paths.push(augmentedPath(picture.stem, draw.copy, draw.chains > 1 ? draw.chain : undefined));
  }
  for (const path of paths) rmSync(join(out, path), { force: true });
}

async function augmentPicture(
  out: string,
  picture: Picture,
  settings: ApplySettings,
): Promise<PictureResult> {
  const { index: imageIndex, source, split, className } = picture;
  const decoded = await read(picture);
  if ("reason" in decoded) return decoded;
  const { data, height, width } = decoded;
  const rows: ManifestRow[] = [];
  const write = (output: string, bytes: Uint8Array, augmentation?: ManifestRow["augmentation"]) => {
    writeFileWhole(join(out, output), bytes, { flush: false });
    rows.push({ output, source, split, className, imageIndex, ...(augmentation && { augmentation }) });
  };
  if (settings.originals) {
    write(picture.original, decoded.file ?? (await encodePng(data, height, width)));
  }
  // Only what a model trains on is augmented.
  if (split === "train" && isAugmented(settings, imageIndex)) {
    for (const { copy, trial, chain, chains, seed, drawn } of drawCopies(settings, imageIndex, decoded)) {
      const pixels = renderChain(data, decoded, drawn);
      const output = augmentedPath(picture.stem, copy, chains > 1 ? chain : undefined);
      write(output, await encodePng(pixels, height, width), { copy, trial, chain, parameters: drawn, seed });
    }
  }
  return { rows };
}

/** A picture's pixels [height, width, 3], and its file's bytes where it is one. */
interface ReadPicture {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
  readonly file?: Uint8Array;
}

async function read({ content }: Picture): Promise<ReadPicture | { readonly reason: string }> {
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
