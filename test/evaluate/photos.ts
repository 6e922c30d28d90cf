// A folder of real pictures of three classes, without a test split.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { imageAt } from "../../src/image/batch.ts";
import { encodePng } from "../../src/image/codec.ts";
import { loadSample } from "../fixtures/sample.ts";

/** Writes 20 pictures of each class of the sample with a label below 3, 32 × 32, and of each class a copy of the first one. */
export async function writePhotos(folder: string): Promise<string> {
  const { train, classNames } = await loadSample();
  const { height, width } = train.images;
  const copied = new Set<number>();
  for (const [index, label] of train.labels.entries()) {
    if (label > 2) continue;
    const classFolder = join(folder, classNames[label]);
    mkdirSync(classFolder, { recursive: true });
    const file = await encodePng(imageAt(train.images, index), height, width);
    writeFileSync(join(classFolder, `${String(index).padStart(3, "0")}.png`), file);
    if (!copied.has(label)) writeFileSync(join(classFolder, "copy.png"), file);
    copied.add(label);
  }
  return folder;
}
