// Parquet files whose parts contradict each other, or have values of unusual types: what is read is right, or refused with one line.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { loadDataset } from "../../src/dataset/load.ts";
import type { ReadOptions } from "../../src/dataset/reader.ts";
import { picture, temporaryFolder, writeFiles } from "./fixtures/files.ts";
import {
  byteArrays,
  ENCODINGS,
  int64s,
  parquetFile,
  runs,
  type TestColumn,
  TYPES,
  withLength,
} from "./fixtures/parquet-file.ts";

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

  it("whose pages have other bytes than their values are damaged", async () => {
    const reason = "a page of another size than its values";
    const four = int64s(0, 1, 0, 2);
    const levels = withLength(runs(1, 1, 1, 1));
    const of = (form: Partial<TestColumn>, body: Uint8Array, encoding = 0): TestColumn => {
      return { ...label, ...form, pages: [{ values: ROWS, encoding, body }] };
    };
    await damaged([image, of({}, Buffer.concat([four, Buffer.alloc(8)]))], reason);
    // Its values may be missing, and its schema says that they are not.
    await damaged([image, of({}, Buffer.concat([levels, four]))], reason);
    assert.deepEqual(
      (await read([image, of({ repetition: "optional" }, Buffer.concat([levels, four]))])).labels,
      ["0", "1", "0", "2"],
    );
    const { BYTE_ARRAY, BOOLEAN, FIXED, INT32 } = TYPES;
    await damaged(
      [image, of({ type: BYTE_ARRAY, converted: 0 }, byteArrays("a", "b", "c", "d", ""))],
      reason,
    );
    await damaged([image, of({ type: FIXED, length: 2 }, Buffer.from("aabbaabbaa"))], reason);
    await damaged([image, of({ type: INT32 }, four, ENCODINGS.SPLIT)], reason);
    const bits = withLength(runs(1, 0, 1, 0));
    await damaged([image, of({ type: BOOLEAN }, Buffer.concat([levels, bits]), ENCODINGS.RLE)], reason);
    assert.deepEqual((await read([image, of({ type: BOOLEAN }, bits, ENCODINGS.RLE)])).labels, [
      ...["true", "false", "true", "false"],
    ]);
    // Blocks of 128 values in 4 parts, the number of values, and the first one.
    await damaged([image, of({}, Buffer.from([128, 1, 4, 5, 0]), ENCODINGS.DELTA)], reason);
    const dictionary = { kind: "dictionary" as const, values: 2, body: four };
    const coded = { values: ROWS, encoding: ENCODINGS.DICTIONARY, body: Buffer.from([1, 3, 0b0101]) };
    await damaged([image, { ...label, pages: [dictionary, coded] }], reason);
    const runsOfNone = { ...coded, body: Buffer.from([1, 0, 0, 3, 0b0101]) };
    await damaged(
      [image, { ...label, pages: [{ ...dictionary, values: 4 }, runsOfNone] }],
      "a run of impossible length",
    );
    const columns = [image, { ...label, declared: { placeOf: 0 } }];
    await damaged(columns, "columns that share their bytes");
  });

  it("with padding that some programs write are read", async () => {
    const dictionary = { kind: "dictionary" as const, values: 4, body: int64s(5, 6, 7, 8) };
    const read4 = async (body: number[]) => {
      const page = { values: ROWS, encoding: ENCODINGS.DICTIONARY, body: Buffer.from(body) };
      return (await read([image, { ...label, pages: [dictionary, page] }])).labels;
    };
    const labels = ["5", "6", "7", "8"];
    // A group of eight; of 256, the end of which may be missing; another one after the last value; and places of 32 bits.
    assert.deepEqual(await read4([2, 3, 0b11100100, 0]), labels);
    assert.deepEqual(await read4([2, 65, 0b11100100]), labels);
    assert.deepEqual(await read4([2, 3, 0b11100100, 0, 3, 0, 0]), labels);
    assert.deepEqual(await read4([32, 3, ...[0, 1, 2, 3].flatMap((place) => [place, 0, 0, 0])]), labels);
    const pages = [{ values: ROWS, body: Buffer.concat([int64s(0, 1, 0, 2), Buffer.alloc(8)]) }];
    const fastparquet = parquetFile(
      [image, { ...label, pages }],
      ROWS,
      "fastparquet-python version 2026.5.0",
    );
    assert.deepEqual((await readFiles({ "data.parquet": fastparquet })).labels, ["0", "1", "0", "2"]);
  });

  it("with encodings that are not for their types are damaged", async () => {
    const of = (type: number, encoding: number): TestColumn => {
      return {
        ...label,
        type,
        converted: type === 6 ? 0 : undefined,
        pages: [{ values: ROWS, encoding, body: int64s(0, 1, 0, 2) }],
      };
    };
    const { INT64, DOUBLE, BYTE_ARRAY } = TYPES;
    const { RLE, DELTA, DELTA_BYTE_ARRAY, SPLIT } = ENCODINGS;
    const reason = (encoding: string, type: string) =>
      `the encoding ${encoding} of values of the type ${type}`;
    await damaged([image, of(INT64, RLE)], reason("RLE", "INT64"));
    await damaged([image, of(DOUBLE, DELTA)], reason("DELTA_BINARY_PACKED", "DOUBLE"));
    await damaged([image, of(INT64, DELTA_BYTE_ARRAY)], reason("DELTA_BYTE_ARRAY", "INT64"));
    await damaged([image, of(BYTE_ARRAY, SPLIT)], reason("BYTE_STREAM_SPLIT", "BYTE_ARRAY"));
    const tall = Buffer.from([128, 1, 4, 4, 8, 0, 0, 0, 0, 0, 128, 1, 4, 4, 0, 0, 0, 0, 0, 0]);
    const prefixed = {
      ...of(BYTE_ARRAY, DELTA_BYTE_ARRAY),
      pages: [{ values: ROWS, encoding: DELTA_BYTE_ARRAY, body: tall }],
    };
    await damaged([image, prefixed], "values of impossible size");
  });

  it("with values that their dictionary does not have are damaged", async () => {
    const coded = (entries: Uint8Array, places: number[], kind?: "version 2"): TestColumn => {
      const dictionary = { kind: "dictionary" as const, values: entries.length / 8, body: entries };
      const page = { kind, values: ROWS, encoding: ENCODINGS.DICTIONARY, body: Buffer.from(places) };
      return { ...label, pages: [dictionary, page] };
    };
    const reason = "a value that its dictionary does not have";
    // The places 0, 1, 0 and 2; and four times 0, in no bits.
    for (const kind of [undefined, "version 2"] as const) {
      const places = [2, 3, 0b10000100, 0];
      assert.deepEqual((await read([image, coded(int64s(5, 6, 7), places, kind)])).labels, [
        "5",
        "6",
        "5",
        "7",
      ]);
      await damaged([image, coded(int64s(5, 6), places, kind)], reason);
      await damaged([image, coded(int64s(), places, kind)], reason);
      await damaged([image, coded(int64s(), [0, 8], kind)], reason);
      await damaged(
        [image, coded(int64s(5, 6, 7), [2, 6, 1], kind)],
        "fewer values than its header declares",
      );
    }
    const [dictionary, page] = coded(int64s(5, 6, 7), [2, 3, 0b10000100, 0]).pages;
    await damaged([image, { ...label, pages: [page] }], "a page without its dictionary");
    await damaged(
      [image, { ...label, pages: [dictionary, dictionary, page] }],
      "a column with two dictionaries",
    );
  });

  it("whose levels are impossible, or contradict the number of missing values, are damaged", async () => {
    const of = (
      levels: number[],
      nulls: number,
      repetition: "optional" | "required" = "optional",
    ): TestColumn => {
      const body = int64s(0, 1, 2).subarray(0, 8 * levels.filter((level) => level === 1).length);
      const page = { kind: "version 2" as const, values: ROWS, nulls, levels: runs(...levels), body };
      return { ...label, repetition, pages: [page] };
    };
    assert.deepEqual((await read([image, of([1, 1, 0, 1], 1)])).labels, ["0", "1", undefined, "2"]);
    const reason = "a page with another number of missing values than its header declares";
    await damaged([image, of([1, 1, 0, 1], 0)], reason);
    await damaged([image, of([1, 1, 0, 1], 2)], reason);
    await damaged([image, of([1, 1, 0, 1], 1, "required")], reason);
    await damaged([image, of([1, 1, 3, 1], 1)], "a value with an impossible level");
    await damaged([image, of([1, 1, 1], 0)], "fewer values than its header declares");
  });

  it("whose columns have other numbers of values than their row groups are damaged", async () => {
    const two = (...numbers: number[]) => ({ values: 2, body: int64s(...numbers) });
    const parts = { ...label, pages: [two(0, 1), two(0, 2)] };
    assert.deepEqual((await read([image, parts])).labels, ["0", "1", "0", "2"]);
    const reason = "a column with another number of values than its row group";
    for (const values of [2, 3, 5, -3]) await damaged([image, { ...parts, declared: { values } }], reason);
    await damaged([image, parts], reason, 2);
    const more = { ...parts, pages: [...parts.pages, two(1, 1)] };
    await damaged([image, more], reason);
    await damaged(
      [image, { ...more, declared: { values: ROWS } }],
      "a column with more rows than its row group",
    );
    const fewer = { ...parts, pages: [two(0, 1)], declared: { values: ROWS } };
    await damaged([image, fewer], "a column that ends before its rows");
  });

  it("in which the labels are lists are not those of other files", async () => {
    const levels = withLength(runs(0, 0, 0, 0));
    const body = Buffer.concat([levels, withLength(runs(1, 1, 1, 1)), int64s(0, 1, 0, 2)]);
    const lists: TestColumn = { ...label, repetition: "repeated", pages: [{ values: ROWS, body }] };
    const files = {
      "train.parquet": parquetFile([image, label]),
      "test.parquet": parquetFile([image, lists]),
    };
    const { labels } = await readFiles(files);
    assert.deepEqual(labels, ["0", "1", "0", "2"]);
  });

  it("with decimals and numbers of 16 bits are read exactly, or refused if these have fractions", async () => {
    const { FIXED, INT32, INT64 } = TYPES;
    const of = (type: number, scale: number, body: Uint8Array): TestColumn => {
      return {
        ...label,
        type,
        length: body.length / ROWS,
        converted: 5,
        scale,
        pages: [{ values: ROWS, body }],
      };
    };
    // In two's complement, the highest byte first.
    const large = Buffer.from(
      "0020000000000000 0020000000000001 ffdfffffffffffff 0020000000000000".replaceAll(" ", ""),
      "hex",
    );
    const labels = ["9007199254740992", "9007199254740993", "-9007199254740993", "9007199254740992"];
    assert.deepEqual((await read([image, of(FIXED, 0, large)])).labels, labels);
    assert.deepEqual((await read([image, of(INT64, 2, int64s(100, -200, 300, 100))])).labels, [
      "1",
      "-2",
      "3",
      "1",
    ]);
    const whole = Buffer.from(Int32Array.of(10, 20, 20, 10).buffer);
    assert.deepEqual((await read([image, of(INT32, 1, whole)])).labels, ["1", "2", "2", "1"]);
    const but = (value: string) =>
      `row 1: the label is ${value}, but a class is a whole number or text; set label_column to another column`;
    await refused([image, of(INT64, 2, int64s(100, -5, 300, 100))], but("-0.05"));
    await refused([image, of(INT64, 1, int64s(10, 2n ** 60n + 1n, 30, 10))], but("115292150460684697.7"));
    await damaged([image, of(INT64, 2 ** 30, int64s(1, 2, 1, 2))], "a DECIMAL column of impossible digits");
    const halves = (...numbers: number[]): TestColumn => {
      const body = Buffer.from(Uint16Array.from(numbers).buffer);
      return { ...label, type: FIXED, length: 2, isFloat16: true, pages: [{ values: ROWS, body }] };
    };
    // 1 and 2, and 1.5.
    assert.deepEqual((await read([image, halves(0x3c00, 0x4000, 0x4000, 0x3c00)])).labels, [
      "1",
      "2",
      "2",
      "1",
    ]);
    await refused([image, halves(0x3c00, 0x3e00, 0x4000, 0x3c00)], but("1.5"));
  });

  it("with two columns of the same name are refused, whichever is meant", async () => {
    const twice = (name: string) =>
      `has two columns of the name "${name}": write it again with a name for each`;
    const kind = { ...label, name: "kind" };
    await refused([image, label, label], twice("label"));
    await refused([image, image, label], twice("image"));
    await refused([image, kind, kind], twice("kind"), ROWS, { columns: { label: "kind" } });
  });

  it("have no label if it is -1, unless that is a class", async () => {
    const of = (...numbers: number[]) => [
      image,
      { ...label, pages: [{ values: ROWS, body: int64s(...numbers) }] },
    ];
    const note = (row: number, count = "1 training picture has no label and is left out") =>
      `${count}, such as set/data.parquet, row ${row}`;
    assert.deepEqual(await read(of(5, -1, 0, 5)), { labels: ["5", undefined, "0", "5"], notes: [note(1)] });
    assert.deepEqual(await read(of(1, -1, -1, 1)), {
      labels: ["1", "-1", "-1", "1"],
      notes: ["the labels -1 and 1 are read as two classes, since there are no others"],
    });
    assert.deepEqual((await read(of(1, -1, -2, 1))).labels, ["1", "-1", "-2", "1"]);
    const body = byteArrays("1", "-1", "0", "1");
    const texts = { ...label, type: TYPES.BYTE_ARRAY, converted: 0, pages: [{ values: ROWS, body }] };
    assert.deepEqual((await read([image, texts])).labels, ["1", "-1", "0", "1"]);
    const files = {
      "train.parquet": parquetFile(of(0, 1, 1, 0)),
      "test.parquet": parquetFile(of(-1, -1, -1, -1)),
    };
    assert.deepEqual(await readFiles(files), {
      labels: ["0", "1", "1", "0"],
      notes: ["the test pictures are set aside: none of the 4 has a label"],
    });
    await assert.rejects(read(of(0, -1, -1, 0)), /only one class \("0"\) among the labels of 2 pictures/);
  });

  it("with encodings or a compression that are not supported, or not known, are refused with these", async () => {
    const not = (what: string) => `the ${what} is not supported: write the file again with pyarrow`;
    for (const [encoding, shown] of [
      [4, "BIT_PACKED"],
      [10, "ALP"],
      [11, "11"],
    ] as const) {
      const page = { values: ROWS, encoding, body: int64s(0, 1, 0, 2) };
      await refused([image, { ...label, pages: [page] }], not(`encoding ${shown}`));
      await refused([image, { ...label, pages: [{ ...page, kind: "version 2" }] }], not(`encoding ${shown}`));
    }
    await refused([image, { ...label, declared: { codec: 3 } }], not("compression LZO"));
    await refused([image, { ...label, declared: { codec: 9 } }], not("compression 9"));
  });
});
