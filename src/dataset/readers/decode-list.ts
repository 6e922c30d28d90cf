// Decodes the pictures of a list, whether they are files of their own or inside larger ones.

import type { ReadOptions } from "../reader.ts";
import { BATCH, type DecodeSettings, decodeAll, decodeBatches, type PictureBatch } from "./decode.ts";
import type { DecodedFile } from "./decode-task.ts";
import { type PackedPictures, type PictureList, picturesOf } from "./picture-list.ts";

/**
 * Decodes all pictures of a list, as decodeAll does.
 * @param take is called with the index of the picture among picturesOf(list), in any order.
 * @throws like decodeAll; UsageError if a larger file is damaged.
 */
export async function decodeList(
  list: PictureList,
  settings: DecodeSettings,
  options: ReadOptions,
  take: (file: DecodedFile, index: number) => void,
): Promise<void> {
  const pictures = picturesOf(list);
  const names = pictures.map(({ path }) => path);
  if (!list.packed) return decodeAll(names, settings, options, take);
  const places = pictures.map(({ place }) => place!);
  await decodeBatches(batchesOf(list.packed, places, names), names.length, settings, options, take);
}

/** The pictures in the order of their places, so that each larger file is read once. */
async function* batchesOf(
  packed: PackedPictures,
  places: readonly number[],
  names: readonly string[],
): AsyncGenerator<PictureBatch, void, void> {
  const order = [...places.keys()].sort((a, b) => places[a] - places[b]);
  const sorted = order.map((index) => places[index]);
  let next = 0;
  for await (const batch of packed.batches(sorted, BATCH)) {
    const { length } = batch.places ? batch.places.items : batch.contents;
    const indices = order.slice(next, next + length);
    next += length;
    yield { ...batch, indices, paths: indices.map((index) => names[index]) };
  }
}
