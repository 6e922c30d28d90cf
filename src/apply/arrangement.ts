// The pictures of a run in the order in which they are written: those of each split together, training pictures first, each
// with its rank for the policies' portions. Without a validation split of its own, data can be given one here.

import { count } from "../common/count.ts";
import { UsageError } from "../common/errors.ts";
import { Random } from "../common/random.ts";
import { takeWhole } from "../dataset/identical.ts";
import type { SplitName } from "../dataset/reader.ts";
import { portionRanks } from "./draws.ts";
import type { Picture, PictureSource } from "./source.ts";

/** A picture with its place in the run. */
export interface ArrangedPicture extends Picture {
  /** Place in the run's order, from 0. */
  readonly position: number;
  /** Rank of a training picture, see TrainingImage; -1 in other splits. */
  readonly rank: number;
}

export interface ArrangedSource extends PictureSource {
  /** Number of training pictures. */
  readonly training: number;
  pictures(): Iterable<ArrangedPicture>;
}

/** The folder of validation pictures, among those that the reader recognises. */
const VALIDATION_FOLDER = "val";

/**
 * Arranges the pictures.
 * @param split the share of each class's training pictures that stays in training, in (0, 1); the others become validation
 *   pictures. Identical pictures stay together. Null to keep the data's splits.
 * @param data names the data in errors.
 * @throws UsageError if the data already has validation pictures and `split` is given.
 */
export async function arrangePictures(
  source: PictureSource,
  split: number | null,
  seed: number,
  data: string,
): Promise<ArrangedSource> {
  const { moved, notes } =
    split === null
      ? { moved: new Set<number>(), notes: [] }
      : await drawValidation(source, split, seed, data);
  let training = -moved.size;
  for (const picture of source.pictures()) if (picture.split === "train") training++;
  const ranks = portionRanks(training, seed);
  return {
    ...source,
    notes: [...source.notes, ...notes],
    training,
    *pictures() {
      let position = 0;
      for (const picture of inOrder(source, moved)) {
        const rank = picture.split === "train" ? ranks[position] : -1;
        const placed = split === null ? picture : inSplitFolder(picture, source.hasSplitFolders);
        yield { ...placed, position: position++, rank };
      }
    },
  };
}

interface DrawnValidation {
  /** The indices of the training pictures that become validation pictures. */
  readonly moved: Set<number>;
  readonly notes: readonly string[];
}

/** Draws at least one picture of each class that has two or more different ones. */
async function drawValidation(
  source: PictureSource,
  split: number,
  seed: number,
  data: string,
): Promise<DrawnValidation> {
  const classes = new Map<number, number[]>();
  const labels: number[] = [];
  for (const { split: own, label, index } of source.pictures()) {
    if (own === "validation")
      throw new UsageError(`${data} already has a validation split; leave out --split`);
    if (own !== "train") continue;
    labels[index] = label;
    const indices = classes.get(label);
    if (indices) indices.push(index);
    else classes.set(label, [index]);
  }
  const allKeys = await source.keys();
  const wanted = source.classNames.map(() => 0);
  const order: number[] = [];
  for (const [label, indices] of classes) {
    const all = indices.length;
    const kept = all === 1 ? 1 : Math.min(all - 1, Math.max(1, Math.round(split * all)));
    const shuffled = new Random(seed, "apply", "split", label).shuffle(indices);
    wanted[label] = all - kept;
    order.push(...shuffled.slice(kept), ...shuffled.slice(0, kept));
  }
  // Training pictures come first.
  const keys = allKeys.slice(0, labels.length);
  const tested = new Set(allKeys.slice(labels.length));
  const both = keys.filter((key) => tested.has(key)).length;
  const notes =
    both === 0
      ? []
      : [
          `${count(both, "training picture is", "training pictures are")} identical to test pictures; remove them from one of the two`,
        ];
  return { moved: takeWhole({ order, keys, labels, wanted }), notes };
}

/** The source's pictures, training pictures that become validation pictures after the other training pictures. */
function* inOrder(source: PictureSource, moved: ReadonlySet<number>): Generator<Picture> {
  if (moved.size === 0) return yield* source.pictures();
  for (const picture of source.pictures()) {
    if (picture.split === "train" && !moved.has(picture.index)) yield picture;
  }
  const split: SplitName = "validation";
  for (const picture of source.pictures()) {
    if (picture.split === "train" && moved.has(picture.index)) yield { ...picture, split };
  }
  for (const picture of source.pictures()) if (picture.split !== "train") yield picture;
}

/** The picture with output paths below its split's folder. */
function inSplitFolder(picture: Picture, hasSplitFolders: boolean): Picture {
  const { split, original, stem } = picture;
  if (hasSplitFolders && split !== "validation") return picture;
  const folder = split === "validation" ? VALIDATION_FOLDER : split;
  const place = (path: string) => `${folder}/${hasSplitFolders ? path.slice(path.indexOf("/") + 1) : path}`;
  return { ...picture, original: place(original), stem: place(stem) };
}
