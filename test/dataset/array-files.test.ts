// Files of arrays as few programs write them: what numpy, SciPy or Python read in them is read, and what they refuse or leave
// open is refused with one line.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import type { ArraySettings } from "../../src/dataset/reader.ts";
import { npy, npz, temporaryFolder, writeFiles } from "./fixtures/files.ts";
import {
  bytesVariable,
  cellVariable,
  charVariable,
  element,
  matlab,
  matrix,
  packed,
  STORED,
} from "./fixtures/matlab.ts";
import {
  array,
  bytes,
  code,
  dict,
  FALSE,
  list,
  NONE,
  pickle,
  recalled,
  stored,
  TRUE,
  text,
  whole,
} from "./fixtures/pickles.ts";

const home = temporaryFolder();

function load(name: string, content: Uint8Array) {
  return loadDataset(join(writeFiles({ [name]: content }), name), { home });
}

/** Asserts that a file is refused with this line, in which `data` stands for its folder. */
async function refused(name: string, content: Uint8Array, expected: string | RegExp): Promise<void> {
  const folder = writeFiles({ [name]: content });
  await assert.rejects(loadDataset(join(folder, name), { home }), (error: Error) => {
    assert.ok(error instanceof UsageError, error.stack);
    const message = error.message.replaceAll(folder, "data");
    if (typeof expected === "string") assert.equal(message, expected);
    else assert.match(message, expected);
    assert.ok(!message.includes("\n"));
    return true;
  });
}

/** The class of each training image. */
async function classesIn(name: string, content: Uint8Array): Promise<string[]> {
  const { classNames, train } = await load(name, content);
  return Array.from(train.labels, (label) => classNames[label]);
}

describe("booleans whose bytes are not 0 or 1", () => {
  // Two images of 2 x 2 pixels, and labels 0 and 1.
  const stored = Uint8Array.of(0, 1, 255, 2, 128, 0, 0, 77);
  const pixels = [0, 255, 255, 255, 255, 0, 0, 255];
  const grey = async (name: string, content: Uint8Array) => {
    const { train } = await load(name, content);
    assert.deepEqual([...train.labels], [0, 1]);
    return [...train.images.data].filter((_, i) => i % 3 === 0);
  };

  it("are true, also as labels and as a column for each class", async () => {
    const images = npy([2, 2, 2], stored, "|b1");
    for (const labels of [
      npy([2], Uint8Array.of(0, 255), "|b1"),
      npy([2, 2], Uint8Array.of(7, 0, 0, 255), "|b1"),
    ])
      assert.deepEqual(await grey("a.npz", npz({ images, labels })), pixels);
    const labels = array("u1", [2], Uint8Array.of(0, 1));
    const pickled = dict([
      [text("images"), array("b1", [2, 2, 2], stored)],
      [text("labels"), labels],
    ]);
    assert.deepEqual(await grey("a.pkl", pickle(pickled)), pixels);
  });

  it("are true in MATLAB's logical arrays, of any stored type", async () => {
    // Images along the first axis, in column-major order.
    const byColumns = Uint8Array.from([0, 4, 2, 6, 1, 5, 3, 7], (i) => stored[i]);
    const y = bytesVariable("y", [2, 1], Uint8Array.of(0, 255), true);
    const wide = new Uint8Array(Uint16Array.from(byColumns, (value) => value * 256).buffer);
    const asWide = { name: "X", shape: [2, 2, 2], isLogical: true, class: "double" } as const;
    for (const x of [
      bytesVariable("X", [2, 2, 2], byColumns, true),
      matrix({ ...asWide, content: [element(STORED.uint16, wide)] }),
    ])
      assert.deepEqual(await grey("a.mat", matlab(x, y)), pixels);
  });
});

describe("labels whose texts are not UTF-8", () => {
  const images = npy([3, 2, 2], new Uint8Array(12), "|u1");
  const S = (texts: readonly string[]) => {
    const size = Math.max(...texts.map(({ length }) => length));
    const padded = texts.map((each) => each.padEnd(size, "\0")).join("");
    return npy([texts.length], Uint8Array.from(Buffer.from(padded, "latin1")), `|S${size}`);
  };
  const read = (labels: Uint8Array) => classesIn("a.npz", npz({ images, labels }));

  it("are Latin-1 in numpy's type S, all of them, unless all are UTF-8", async () => {
    assert.deepEqual(await read(S(["caf\xe9", "caf\xff", "dog"])), ["café", "cafÿ", "dog"]);
    assert.deepEqual(await read(S(["caf\xc3\xa9", "caf\xc3\xbf", "dog"])), ["café", "cafÿ", "dog"]);
    assert.deepEqual(await read(S(["\xc3\xa9", "\xe9", "e"])), ["Ã©", "é", "e"]);
    // Not UTF-8 each, but joined.
    assert.deepEqual(await read(S(["a\xc3", "\xa9b", "ab"])), ["aÃ", "©b", "ab"]);
  });

  it("are refused in numpy's type U if a character does not exist", async () => {
    const labels = npy([3], Int32Array.of(0x110000, 0x110001, 65), "<U1");
    await refused(
      "a.npz",
      npz({ images, labels }),
      "data/a.npz: labels: it is damaged (a character that does not exist)",
    );
  });

  it("stay different in pickles: numpy's bytes, and texts with surrogates", async () => {
    const scalar = (value: string) =>
      code(
        "cnumpy.core.multiarray\nscalar\n",
        code("cnumpy\ndtype\n", text(`S${value.length}`), code("\x85R"), bytes(value), code("\x86R")),
      );
    const surrogate = (byte: number) => code("X\x03\x00\x00\x00", Uint8Array.of(0xed, 0xb3, byte));
    for (const [labels, expected] of [
      [
        [scalar("caf\xe9"), scalar("caf\xff"), scalar("dog")],
        ["café", "cafÿ", "dog"],
      ],
      [
        [surrogate(0xa9), surrogate(0xaa), text("é")],
        ["í³©", "í³ª", "é"],
      ],
    ] as const) {
      const pair = dict([
        [text("images"), array("u1", [3, 2, 2], new Uint8Array(12))],
        [text("labels"), list(labels)],
      ]);
      assert.deepEqual(await classesIn("a.pkl", pickle(pair)), expected);
    }
  });
});

describe("two arrays with the same name", () => {
  const x = bytesVariable("X", [2, 2, 2], new Uint8Array(8));
  const y = bytesVariable("y", [2, 1], Uint8Array.of(0, 1));

  it("are refused, in MATLAB's files as in npz", async () => {
    const other = bytesVariable("y", [2, 1], Uint8Array.of(1, 0));
    await refused(
      "a.mat",
      matlab(x, y, other),
      "data/a.mat: two arrays are named y: save it again with one of them",
    );
  });

  it("are refused in a pickle: a text and bytes, or a number and a text", async () => {
    const images = [text("data"), array("u1", [2, 2, 2], new Uint8Array(8))] as const;
    const labels = (...values: number[]) => array("u1", [2], Uint8Array.from(values));
    for (const [first, second, name] of [
      [text("labels"), bytes("labels"), "labels"],
      [whole(1), text("1"), "1"],
    ] as const)
      await refused(
        "a.pkl",
        pickle(dict([images, [first, labels(0, 1)], [second, labels(1, 0)]])),
        `data/a.pkl: a dictionary has two keys named "${name}", such as a text and bytes: save it again with one of them`,
      );
  });

  it("but for capitals are an error unless the user names them", async () => {
    const other = bytesVariable("Y", [2, 1], Uint8Array.of(1, 0));
    const content = matlab(x, y, other);
    await refused(
      "a.mat",
      content,
      "data/a.mat: it is not clear which arrays are the train images and labels: X [2, 2, 2], y [2, 1], Y [2, 1]; name them, " +
        "such as --set arrays='[X,y]'",
    );
    const path = join(writeFiles({ "a.mat": content }), "a.mat");
    const arrays: ArraySettings = { names: { train: ["X", "Y"] }, channels: "auto" };
    assert.deepEqual([...(await loadDataset(path, { home, arrays })).train.labels], [1, 0]);
  });
});

describe("images of a cube, with as many labels as rows", () => {
  const side = 4;
  // The value says the place: along the first, second and last axis.
  const values = Uint8Array.from(
    { length: side ** 3 },
    (_, i) => 100 * (i % side) + 10 * (Math.floor(i / side) % side) + Math.floor(i / side ** 2),
  );
  const labels = Uint8Array.of(0, 1, 0, 1);
  const firstPixels = async (name: string, content: Uint8Array) => {
    const { train, notes = [] } = await load(name, content);
    return { pixels: [0, 3, 6, 12].map((i) => train.images.data[i]), notes: notes.length };
  };

  it("are along the last axis in MATLAB's files, with a note", async () => {
    const x = bytesVariable("X", [side, side, side], values);
    const content = matlab(x, bytesVariable("y", [side, 1], labels));
    assert.deepEqual(await firstPixels("a.mat", content), { pixels: [0, 10, 20, 100], notes: 1 });
    const { notes, train } = await load("a.mat", content);
    assert.match(
      notes![0],
      /: X: its first and last axes are both as long as the labels; .*: permute the array/,
    );
    assert.equal(train.images.data[3 * side * side], 1);
  });

  it("are along the first axis in numpy's", async () => {
    const images = npy([side, side, side], values, "|u1", true);
    const content = npz({ images, labels: npy([side], labels, "|u1") });
    assert.deepEqual(await firstPixels("a.npz", content), { pixels: [0, 1, 2, 10], notes: 0 });
  });

  it("are along the axis that leaves channels, without a note", async () => {
    const x = bytesVariable("X", [side, side, 3, side], new Uint8Array(3 * side ** 3).fill(200));
    const { notes, train } = await load("a.mat", matlab(x, bytesVariable("y", [side, 1], labels)));
    assert.deepEqual([train.images.count, notes], [side, []]);
  });
});

describe("texts in MATLAB's files", () => {
  const images = (count: number) => bytesVariable("X", [4, 5, count], new Uint8Array(20 * count).fill(200));
  const cells = (texts: readonly string[], stored: "utf8" | "utf16" | "utf32" = "utf8") =>
    cellVariable(
      "y",
      [texts.length, 1],
      texts.map((each) => {
        const length = stored === "utf16" ? each.length : Array.from(each).length;
        return charVariable("", [1, length], each, stored);
      }),
    );
  const read = (...variables: Uint8Array[]) => classesIn("a.mat", matlab(...variables));

  it("are read in any number, also compressed, and in files with other long texts", async () => {
    const texts = Array.from({ length: 5000 }, (_, i) => ["cat", "dog"][i % 2]);
    const note = charVariable("note", [2 ** 20, 1], Buffer.alloc(2 ** 20, "a"));
    for (const y of [cells(texts), packed(cells(texts))])
      assert.deepEqual(await read(note, images(texts.length), y), texts);
  });

  it("beyond ASCII stay different, in cells and in lines", async () => {
    const texts = ["caf\u00e9", "caf\u00e8", "b\u{1f600}", "b\u{1f601}"];
    for (const stored of ["utf8", "utf16", "utf32"] as const)
      assert.deepEqual(await read(images(4), cells(texts, stored)), texts);
    // Column by column, and filled up with spaces.
    const letters = texts.map((each) => Array.from(each.padEnd(5)).slice(0, 4));
    const columns = [0, 1, 2, 3].map((column) => letters.map((line) => line[column]).join("")).join("");
    for (const stored of ["utf8", "utf32"] as const)
      assert.deepEqual(await read(images(4), charVariable("y", [4, 4], columns, stored)), texts);
  });

  it("are refused if they are too many, too long, or no texts", async () => {
    const many = charVariable("", [2 ** 20, 1], Buffer.alloc(2 ** 20, "a"));
    const long = charVariable("", [1, 2 ** 20], Buffer.alloc(2 ** 20, "a"));
    const lines = (count: number) => charVariable("y", [count, 2 ** 16], Buffer.alloc(count * 2 ** 16, "a"));
    const number = bytesVariable("", [1, 1], Uint8Array.of(1));
    const cell = charVariable("", [1, 1], "a");
    const named = Buffer.concat([
      cellVariable("class_names", [1, 2 ** 30], [cell]),
      bytesVariable("y", [60, 1], new Uint8Array(60)),
    ]);
    for (const [count, y, problem] of [
      [60, cellVariable("y", [60, 1], new Array(60).fill(many)), /several lines each, which is not read$/],
      [
        60,
        cellVariable("y", [60, 1], new Array(60).fill(long)),
        /its texts are too long \(1048576 letters\)$/,
      ],
      [60, named, /it has 1073741824 texts; expected at most 1000000$/],
      [600, lines(600), /its texts have more than 33554432 bytes; labels are short$/],
      [
        2,
        cellVariable("y", [2, 1], [cell, number]),
        /it is a cell array, which is not read: save it as an array$/,
      ],
      [
        2,
        cellVariable("y", [2, 1], [number, cell]),
        /it is a cell array, which is not read: save it as an array$/,
      ],
      [2, cellVariable("y", [2, 1], [cell]), /it is truncated$/],
      [2, charVariable("y", [2, 3], "abcde"), /its text has another length than its shape\)$/],
    ] as const)
      await refused("a.mat", matlab(images(count), y === named ? y : packed(y)), problem);
  });

  it("whose compressed bytes differ from their checksum are refused", async () => {
    const y = packed(cells(["a", "b"]));
    y[y.length - 1] ^= 1;
    await refused("a.mat", matlab(images(2), y), /is not a complete archive \(incorrect data check\)/);
  });
});

describe("a small pickle whose values would take much memory", () => {
  const data = [text("data"), array("u1", [2, 2, 2], new Uint8Array(8).fill(200))] as const;
  const long = bytes("a".repeat(60_000));

  it("converts the same value once, and only if it is needed", async () => {
    const items = list(new Array(40_000).fill(whole(0)));
    const others = Array.from({ length: 3000 }, (_, i) => [text(`k${i}`), recalled(7)] as const);
    const labels = [text("labels"), list([whole(0), whole(1)])] as const;
    const content = pickle(dict([[text("k"), stored(7, items)], ...others, data, labels]));
    const before = process.memoryUsage().rss;
    assert.deepEqual(await classesIn("a.pkl", content), ["0", "1"]);
    const longTexts = [text("files"), list([stored(7, long), ...new Array(9000).fill(recalled(7))])] as const;
    assert.deepEqual(await classesIn("a.pkl", pickle(dict([longTexts, data, labels]))), ["0", "1"]);
    assert.ok(process.memoryUsage().rss - before < 150 * 2 ** 20);
  });

  it("is refused if its labels are too long, alone or together", async () => {
    const labels = (value: Uint8Array, count: number) =>
      pickle(
        dict([
          [text("data"), array("u1", [count, 1, 2], new Uint8Array(2 * count))],
          [text("labels"), list([stored(7, value), ...new Array(count - 1).fill(recalled(7))])],
        ]),
      );
    await refused(
      "a.pkl",
      labels(bytes("a".repeat(70_000)), 2),
      /labels: its texts are too long \(70000 letters\)$/,
    );
    await refused(
      "a.pkl",
      labels(long, 600),
      /labels: its texts have more than 33554432 bytes; labels are short$/,
    );
  });

  it("is refused if calls or keys convert the same value again, or it has too many lists", async () => {
    const call = (name: string, given: Uint8Array) => code(name, given, code("R"));
    const given = stored(7, code("", text("a".repeat(60_000)), text("latin1"), code("\x86")));
    const encode = (own: Uint8Array) => call("c_codecs\nencode\n", own);
    const type = call("cnumpy\ndtype\n", code("", text("U15000"), code("\x85")));
    const scalarOf = code("", type, bytes(new Uint8Array(60_000)), code("\x86"));
    const scalar = (own: Uint8Array) => call("cnumpy.core.multiarray\nscalar\n", own);
    const key = (own: Uint8Array) => dict([[own, NONE]]);
    const many = (first: Uint8Array, next: Uint8Array) => list([first, ...new Array(4000).fill(next)]);
    for (const value of [
      many(encode(given), encode(recalled(7))),
      many(scalar(stored(7, scalarOf)), scalar(recalled(7))),
      many(key(stored(7, long)), key(recalled(7))),
      list([code("}".repeat(400_000))]),
      list([code("]".repeat(400_000))]),
      code(`N${"\x94".repeat(2_000_000)}`),
    ])
      await refused(
        "a.pkl",
        pickle(value),
        /^data\/a\.pkl: its values take more than \d+ bytes, the most that is expected of \d+: save its arrays with numpy\.savez$/,
      );
  });
});

describe("a file of many arrays", () => {
  const problem =
    /: it contains more than 4096 arrays: save all images as one array, and all labels as another$/;
  const names = Array.from({ length: 4097 }, (_, i) => `${i % 2 ? "x" : "y"}${"_".repeat(i % 64)}${i}`);

  it("is refused in every form, before they are compared with each other", async () => {
    const one = Uint8Array.of(1);
    const npyOne = npy([1], one, "|u1");
    await refused("a.npz", npz(Object.fromEntries(names.map((name) => [name, npyOne]))), problem);
    await refused("a.mat", matlab(...names.map((name) => bytesVariable(name, [1, 1], one))), problem);
    const keys = names.slice(0, 100).map((name) => [text(name), array("u1", [1], one)] as const);
    const inner = [text("first"), stored(7, dict(keys))] as const;
    const again = names.slice(0, 50).map((name) => [text(`again ${name}`), recalled(7)] as const);
    await refused("a.pkl", pickle(dict([inner, ...again])), problem);
  });
});

it("texts with many zeros before their end are read in a moment", async () => {
  const size = 2 ** 16;
  const texts = new Uint8Array(300 * size);
  for (let end = size; end <= texts.length; end += size) texts[end - 1] = 65 + ((end / size) % 2);
  const images = npy([300, 2, 2], new Uint8Array(1200), "|u1");
  const classes = await classesIn("a.npz", npz({ images, labels: npy([300], texts, `|S${size}`) }));
  assert.deepEqual(classes.slice(0, 2), ["B", "A"]);
});

describe("labels that are not read", () => {
  const images = npy([2, 2, 2], new Uint8Array(8).fill(200), "|u1");
  const labels = npy([2], Uint8Array.of(0, 1), "|u1");
  const how = "save images as uint8 or 32-bit floats, and labels as whole numbers or texts";
  /** An array with another type in its header. */
  const retyped = (file: Uint8Array, type: string) =>
    Buffer.from(Buffer.from(file).toString("latin1").replace("'|u1'", type.padEnd(5)), "latin1");

  it("are named, also if the name of the file ends like theirs, with what to do", async () => {
    for (const [type, what] of [
      ["'<c8'", "complex numbers"],
      ["'<M8[D]'", "dates"],
      ["'<f16'", 'values of the type "<f16"'],
      ["'|u1x'", 'values of the type "|u1x"'],
      ["'|?1'", 'values of the type "|?1"'],
    ])
      await refused(
        "my_labels.npz",
        npz({ images, labels: retyped(labels, type) }),
        `data/my_labels.npz: labels: it contains ${what}, which are not read: ${how}`,
      );
    await refused(
      "my_labels.npz",
      npz({ images, labels: retyped(labels, "'|O8'") }),
      /^data\/my_labels\.npz: labels: it is an array of Python objects/,
    );
    const newer = Buffer.from(labels);
    newer[6] = 9;
    await refused(
      "a.npz",
      npz({ images, labels: newer }),
      "data/a.npz: labels: its npy header is of version 9.0, which is not known",
    );
  });

  const pickled = (value: Uint8Array) =>
    pickle(
      dict([
        [text("data"), array("u1", [2, 2, 2], new Uint8Array(8).fill(200))],
        [text("labels"), value],
      ]),
    );

  it("are named in a pickle, but truth values are read", async () => {
    assert.deepEqual(await classesIn("a.pkl", pickled(list([TRUE, FALSE]))), ["1", "0"]);
    const problem = (what: string) =>
      `data/a.pkl: labels: it is a list with ${what}, which is not read: save it as an array of numbers or texts`;
    await refused("a.pkl", pickled(list([NONE, whole(1)])), problem("None"));
    await refused("a.pkl", pickled(list([text("a"), whole(1)])), problem("numbers and texts"));
    await refused("a.pkl", pickled(list([list([whole(0)]), list([whole(1)])])), problem("lists"));
    await refused(
      "a.pkl",
      pickled(dict([[text("0"), whole(1)]])),
      "data/a.pkl: labels: it is a dictionary without arrays, which is not read: save it as an array",
    );
    await refused("a.pkl", pickle(code("(.")), "data/a.pkl: it has a mark in place of a value");
  });

  it("are named in MATLAB's files, with the struct that they may be in", async () => {
    const struct = matrix({ name: "data", shape: [1, 1], class: "struct", content: [] });
    await refused(
      "a.mat",
      matlab(struct),
      "data/a.mat contains data; expected x_train and y_train, images and labels, or x and y; data: it is a struct, which is " +
        "not read: save its fields as variables, with save(file, '-struct', 'name')",
    );
  });
});
