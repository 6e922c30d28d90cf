// Files of arrays as few programs write them: what numpy, SciPy or Python read in them is read, and what they refuse or leave
// open is refused with one line.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { npy, npz, temporaryFolder, writeFiles } from "./fixtures/files.ts";
import { bytesVariable, element, matlab, matrix, STORED } from "./fixtures/matlab.ts";
import { array, dict, pickle, text } from "./fixtures/pickles.ts";

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
