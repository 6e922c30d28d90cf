// Picks the pictures that a sheet shows: a few training pictures of as many classes as possible, drawn by seed. Only
// these are decoded.

import type { Picture, PictureSource } from "../apply/source.ts";
import { UsageError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import type { SkippedFile } from "../dataset/dataset.ts";
import { decodePicture } from "../dataset/readers/decode.ts";
import type { Pixels } from "../image/batch.ts";
import { toSquare } from "../image/resize.ts";

/** A picture to show, at its own size or resized. */
export interface ShownPicture extends Pixels {
  /** Its index in the dataset; with the seed, it determines the picture's draws. */
  readonly index: number;
  readonly className: string;
  /** The file, or the image's split and number. */
  readonly source: string;
}

export interface PickOptions {
  readonly count: number;
  readonly seed: number;
  /** Height and width that pictures are resized to; if missing, they keep their size. */
  readonly imageSize?: number;
  readonly signal?: AbortSignal;
}

export interface PickedPictures {
  /** Class by class, by name. */
  readonly shown: readonly ShownPicture[];
  /** Pictures that could not be decoded; others of the class were taken instead. */
  readonly skipped: readonly SkippedFile[];
}

/** The order of classes on the sheet: 2 before 10. */
const BY_NAME = new Intl.Collator("en", { numeric: true });

/** The pictures of one class in the order in which they are tried, and those taken. */
interface ClassQueue {
  readonly pictures: Picture[];
  next: number;
  readonly taken: ShownPicture[];
}

/**
 * Picks `count` pictures: one of each class, then a second one of each, and so on. If there are more classes than
 * pictures, the classes are drawn too.
 * @param data names the dataset in errors.
 * @throws UsageError if no picture can be decoded.
 */
export async function pickPictures(
  source: PictureSource,
  data: string,
  options: PickOptions,
): Promise<PickedPictures> {
  const { count, seed } = options;
  const queues = queuesOf(source, seed);
  const turns = new Random(seed, "preview", "classes").shuffle([...queues]);
  const skipped: SkippedFile[] = [];
  let missing = count;
  while (missing > 0 && turns.some(({ pictures, next }) => next < pictures.length)) {
    for (const queue of turns) {
      if (missing > 0 && (await takeNext(source, queue, options, skipped))) missing--;
    }
  }
  const shown = queues.flatMap(({ taken }) => taken);
  if (shown.length > 0) return { shown, skipped };
  const [{ path, reason }] = skipped;
  throw new UsageError(
    `none of the ${skipped.length} training pictures in ${data} can be decoded (${path}: ${reason})`,
  );
}

function queuesOf(source: PictureSource, seed: number): ClassQueue[] {
  const classes = new Map<string, Picture[]>();
  for (const picture of source.pictures()) {
    // Only training pictures are augmented.
    if (picture.split !== "train") continue;
    const pictures = classes.get(picture.className);
    if (pictures) pictures.push(picture);
    else classes.set(picture.className, [picture]);
  }
  const byName = [...classes].sort(([a], [b]) => BY_NAME.compare(a, b));
  return byName.map(([, pictures], place) => {
    return { pictures: new Random(seed, "preview", place).shuffle(pictures), next: 0, taken: [] };
  });
}

/** Takes the class's next picture that can be decoded; returns false if there is none left. */
async function takeNext(
  pictures: PictureSource,
  queue: ClassQueue,
  { imageSize, signal }: PickOptions,
  skipped: SkippedFile[],
): Promise<boolean> {
  while (queue.next < queue.pictures.length) {
    const picture = await loadOne(pictures, queue.pictures[queue.next++]);
    const { index, className, content, source } = picture;
    if ("data" in content) {
      queue.taken.push({ ...toSquare(content, imageSize), index, className, source });
      return true;
    }
    const decoded = await readContent(content, { imageSize, signal });
    if ("reason" in decoded) {
      skipped.push({ path: pictures.nameOf(picture), reason: decoded.reason });
      continue;
    }
    queue.taken.push({ ...decoded, index, className, source });
    return true;
  }
  return false;
}

async function loadOne(pictures: PictureSource, picture: Picture): Promise<Picture> {
  for await (const loaded of pictures.load([picture])) return loaded;
  throw new Error(`${picture.source} has not been loaded`);
}

async function readContent(
  content: Exclude<Picture["content"], Pixels>,
  { imageSize, signal }: Pick<PickOptions, "imageSize" | "signal">,
): Promise<Pixels | { readonly reason: string }> {
  if ("path" in content) return decodePicture(content.path, { imageSize }, { signal });
  if ("place" in content) throw new Error("a picture has not been loaded");
  const { name, file } = content;
  return "reason" in file ? file : decodePicture(name, { contents: [file], imageSize }, { signal });
}
