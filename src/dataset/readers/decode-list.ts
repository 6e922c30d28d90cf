// Decodes the pictures of a list, whether they are files of their own or inside larger ones.

import type { ReadOptions } from "../reader.ts";
import {
  BATCH,
  type DecodedFile,
  type DecodeTask,
  decodeAll,
  decodeBatches,
  type PictureBatch,
} from "./decode.ts";
import { type PackedPictures, type PictureList, picturesOf } from "./picture-list.ts";

/** Bytes of pictures per task: large ones make smaller tasks, since several tasks are in memory. */
const BATCH_BYTES = 2 ** 22;

/**
 * Decodes all pictures of a list, as decodeAll does.
 * @param take is called with the index of the picture among picturesOf(list), in any order.
 * @throws like decodeAll; UsageError if a larger file is damaged.
 */
export async function decodeList(
  list: PictureList,
  task: Omit<DecodeTask, "paths" | "contents">,
  options: ReadOptions,
  take: (file: DecodedFile, index: number) => void,
): Promise<void> {
  const pictures = picturesOf(list);
  const names = pictures.map(({ path }) => path);
  if (!list.packed) return decodeAll(names, task, options, take);
  const places = pictures.map(({ place }) => place!);
  await decodeBatches(batchesOf(list.packed, places, names, take), names.length, task, options, take);
}

/** The pictures in the order of their places, so that each larger file is read once. */
async function* batchesOf(
  packed: PackedPictures,
  places: readonly number[],
  names: readonly string[],
  take: (file: DecodedFile, index: number) => void,
): AsyncGenerator<PictureBatch, void, void> {
  const order = [...places.keys()].sort((a, b) => places[a] - places[b]);
  let indices: number[] = [];
  let contents: Uint8Array[] = [];
  let bytes = 0;
  let next = 0;
  for await (const content of packed.read(order.map((index) => places[index]))) {
    const index = order[next++];
    if ("reason" in content) {
      take(content, index);
      continue;
    }
    indices.push(index);
    contents.push(content.bytes);
    bytes += content.bytes.length;
    if (indices.length < BATCH && bytes < BATCH_BYTES) continue;
    yield { indices, contents, paths: indices.map((each) => names[each]) };
    [indices, contents, bytes] = [[], [], 0];
  }
  if (indices.length > 0) yield { indices, contents, paths: indices.map((each) => names[each]) };
}
