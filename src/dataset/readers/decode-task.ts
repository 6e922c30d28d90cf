// The work of a "decode" worker process: decodes the pictures of a task.

import { systemReason } from "../../common/errors.ts";
import { readOrdinaryFile } from "../../common/ordinary-files.ts";
import { systemPath } from "../../common/path-bytes.ts";
import { type DecodedImage, decodeImage, ImageError, LargePictureError } from "../../image/codec.ts";
import { toSquare } from "../../image/resize.ts";
import { pixelDigest } from "../identical.ts";
import { whyNoSheet } from "./own-output.ts";
import { type PackedPlaces, PlaceReader } from "./packed/places.ts";
import type { PackedContent } from "./picture-list.ts";

export interface DecodeTask {
  readonly paths: readonly string[];
  /** The pictures if they are not files of their own, or their places; the paths are then their names. */
  readonly contents?: readonly PackedContent[];
  readonly places?: PackedPlaces;
  /** Resizes every picture to this height and width. */
  readonly imageSize?: number;
  /** Returns only sizes, no pixels. */
  readonly sizesOnly?: boolean;
  /** Returns digests of the pixels instead of the pixels; pictures may differ in size. */
  readonly digestsOnly?: boolean;
  /** Decodes large pictures, too. */
  readonly withLarge?: boolean;
}

/** Pictures of more pixels than this take much memory while they are decoded: about 15 bytes for each. */
export const LARGE_PICTURE = 2 ** 24;

/** In place of a large picture that a task does not decode. */
export interface LargeFile {
  readonly isLarge: true;
}

/** The result for one file: a picture, [height, width, 3], or the reason why there is none. */
export type DecodedFile =
  | {
      readonly height: number;
      readonly width: number;
      readonly data?: Uint8Array;
      /** See `pixelDigest`. */
      readonly digest?: string;
    }
  | { readonly reason: string };

/** What the process keeps from one task to the next. */
const ofProcess = new PlaceReader();

/**
 * Decodes the files of one task, in order, by default without the large ones. If pictures of a task differ in size and are not resized, no pixels are
 * returned, since the dataset will be rejected.
 * @param onBegin is called with the index of each file before it is read.
 * @throws UsageError if a larger file with packed pictures is damaged.
 */
export async function decodeInWorker(
  task: DecodeTask,
  onBegin: (index: number) => void,
): Promise<(DecodedFile | LargeFile)[]> {
  const { paths, contents, places, imageSize, sizesOnly, digestsOnly } = task;
  const most = task.withLarge ? undefined : LARGE_PICTURE;
  const files: (DecodedFile | LargeFile)[] = [];
  let first: DecodedImage | undefined;
  let isMixed = false;
  for (const [i, path] of paths.entries()) {
    onBegin(i);
    const content = places ? await ofProcess.read(places, i) : contents?.[i];
    if (content && "reason" in content) {
      files.push(content);
      continue;
    }
    try {
      const bytes = content?.bytes ?? readOrdinaryFile(systemPath(path));
      const sheet = whyNoSheet(bytes);
      if (sheet !== undefined) {
        files.push({ reason: sheet });
        continue;
      }
      const image = await decodeImage(bytes, path, most);
      if (digestsOnly) {
        files.push({ height: image.height, width: image.width, digest: pixelDigest(image.data) });
        continue;
      }
      first ??= image;
      isMixed ||= !imageSize && (image.height !== first.height || image.width !== first.width);
      files.push(
        sizesOnly || isMixed ? { height: image.height, width: image.width } : toSquare(image, imageSize),
      );
    } catch (error) {
      if (error instanceof LargePictureError) files.push({ isLarge: true });
      else files.push({ reason: error instanceof ImageError ? error.reason : systemReason(error) });
    }
  }
  return files;
}
