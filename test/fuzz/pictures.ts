// The readers of pictures, one class per format.

import { readFileSync } from "node:fs";
import { type DecodedImage, decodeImage, LargePictureError } from "../../src/image/codec.ts";
import { pictureSizeIn } from "../../src/image/size.ts";
import { readConformanceSet } from "../image/conformance-set.ts";
import type { FuzzClass, Seed } from "./input.ts";
import { once } from "./seeds.ts";

/** Bytes of the largest pictures that are damaged: larger ones take time, and have nothing else in them. */
const LARGEST = 20_000;

/** Those that are decoded in any number at a time. */
const MOST_PIXELS = 2 ** 24;

const all = once(async () => {
  const seeds = new Map<string, Seed[]>();
  for (const { format, feature, bytes } of await readConformanceSet()) {
    if (bytes.length === 0 || bytes.length > LARGEST) continue;
    const seed = { name: `${format}: ${feature}`, files: { picture: bytes }, path: "picture" };
    seeds.set(format, [...(seeds.get(format) ?? []), seed]);
  }
  return seeds;
});

async function read(path: string): Promise<string> {
  const bytes = readFileSync(path);
  const size = pictureSizeIn(bytes);
  let decoded: DecodedImage;
  try {
    decoded = await decodeImage(bytes, "picture.png", MOST_PIXELS);
  } catch (error) {
    if (error instanceof LargePictureError) return "a large picture";
    throw error;
  }
  const { data, height, width } = decoded;
  if (data.length !== height * width * 3) throw new Error(`${data.length} bytes for ${height} x ${width}`);
  if (!size || size.height !== height || size.width !== width)
    throw new Error(`the header says ${JSON.stringify(size)}, the pixels are ${height} x ${width}`);
  return `${height} x ${width}`;
}

function pictures(format: string, turns: number): FuzzClass {
  return { name: `${format} pictures`, turns, seeds: async () => (await all()).get(format) ?? [], read };
}

export const PICTURE_CLASSES: readonly FuzzClass[] = [
  ...[pictures("PNG", 12), pictures("JPEG", 12), pictures("WebP", 8), pictures("AVIF", 4)],
  ...[
    pictures("GIF", 8),
    pictures("BMP", 8),
    pictures("TIFF", 12),
    pictures("JPEG XL", 4),
    pictures("other", 1),
  ],
];
