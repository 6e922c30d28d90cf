// Parquet files whose parts contradict each other, or have values of unusual types: what is read is right, or refused with one line.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { loadDataset } from "../../src/dataset/load.ts";
import type { ReadOptions } from "../../src/dataset/reader.ts";
import { picture, temporaryFolder, writeFiles } from "./fixtures/files.ts";
import { byteArrays, int64s, parquetFile, type TestColumn, TYPES } from "./fixtures/parquet-file.ts";

const ROWS = 4;

/** Without pages of version 2 and without a dictionary, and none is missing. */
let image: TestColumn;
const label: TestColumn = {
  name: "label",
  type: TYPES.INT64,
  pages: [{ values: ROWS, body: int64s(0, 1, 0, 2) }],
};

before(async () => {
  const pictures = await Promise.all([0, 50, 100, 150].map((value) => picture(8, 8, value)));
  image = {
    name: "image",
    type: TYPES.BYTE_ARRAY,
    pages: [{ values: ROWS, body: byteArrays(...pictures) }],
  };
});

/** The class of each picture, darkest first; undefined if it is left out; and the notes. */
async function read(columns: readonly TestColumn[], rows?: number, options: ReadOptions = {}) {
  return readFiles({ "data.parquet": parquetFile(columns, rows) }, options);
}

async function readFiles(files: Record<string, Uint8Array>, options: ReadOptions = {}) {
  const folder = writeFiles(files);
  const { train, classNames, notes } = await loadDataset(folder, { home: temporaryFolder(), ...options });
  const { data, count, height, width } = train.images;
  const labels: (string | undefined)[] = Array(ROWS).fill(undefined);
  for (let i = 0; i < count; i++) labels[data[i * height * width * 3] / 50] = classNames[train.labels[i]];
  return { labels, notes: (notes ?? []).map((note) => note.replaceAll(folder, "set")) };
}

/** @param reason what the line says of the damage. */
async function damaged(columns: readonly TestColumn[], reason: string, rows?: number): Promise<void> {
  await refused(columns, `is damaged (${reason}): fetch or write it again`, rows);
}

async function refused(
  columns: readonly TestColumn[],
  expected: string,
  rows?: number,
  options: ReadOptions = {},
): Promise<void> {
  await assert.rejects(read(columns, rows, options), ({ name, message }: Error) => {
    assert.equal(name, "UsageError");
    assert.equal(message.replace(/^.*data\.parquet[:,]? /, ""), expected);
    return true;
  });
}

describe("Parquet files", () => {
  it("by hand are read", async () => {
    assert.deepEqual(await read([image, label]), { labels: ["0", "1", "0", "2"], notes: [] });
  });

  it("whose row groups have another type than their schema are damaged", async () => {
    const reason = 'the types of the column "label" contradict each other';
    const { INT32, DOUBLE } = TYPES;
    for (const type of [INT32, DOUBLE, 9]) await damaged([image, { ...label, declared: { type } }], reason);
    await damaged([{ ...image, declared: { type: TYPES.FIXED } }, label], reason.replace("label", "image"));
  });
});
