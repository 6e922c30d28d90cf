// The binary version of CIFAR-10 (Krizhevsky 2009): records of a label and the red, green and blue planes of 32 x 32
// pixels, 10,000 per file. There are as many files of training images as needed; a validation split, which the original
// lacks, has separate files.

import { join } from "node:path";
import { UsageError } from "../common/errors.ts";
import { writeFileWhole } from "../common/files.ts";
import type { RecordLayout, RecordShape } from "./record-files.ts";

const SIDE = 32;

const BATCH = 10_000;

/** Labels are bytes. */
const MOST_CLASSES = 256;

export const cifarLayout: RecordLayout = {
  start: 0,
  most: BATCH,
  fileName: (split, part) => {
    if (split === "train") return `data_batch_${part + 1}.bin`;
    return `${split}_batch${part === 0 ? "" : `_${part + 1}`}.bin`;
  },
  recordSize: ({ height, width }: RecordShape, path) => {
    if (height === SIDE && width === SIDE) return 1 + 3 * SIDE * SIDE;
    throw new UsageError(
      `${path} is ${height} x ${width}, but images of CIFAR-10 are 32 x 32: resize the data, or use --as npz`,
    );
  },
  complete: () => {},
};

/** @throws UsageError if there are more classes than labels. */
export function checkCifarClasses(classNames: readonly string[], data: string): void {
  if (classNames.length <= MOST_CLASSES) return;
  throw new UsageError(
    `${data} has ${classNames.length} classes, but CIFAR-10's files can hold only ${MOST_CLASSES}: use --as npz`,
  );
}

/** Writes the class names, one per line. @throws RunError */
export function writeCifarNames(out: string, classNames: readonly string[]): void {
  const lines = classNames.map((name) => `${name.replace(/\s*[\r\n]+\s*/g, " ")}\n`);
  writeFileWhole(join(out, "batches.meta.txt"), lines.join(""));
}
