// The file of images for worker processes, in the cache folder: one that is damaged is never used.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readSubsets, writeSubsets } from "../../../src/dataset/subset-file.ts";
import { createBatch } from "../../../src/image/batch.ts";
import { locateByHint, locateVerified } from "../../../src/search/content.ts";
import { keepImages } from "../../../src/search/settle/task.ts";

const home = mkdtempSync(join(tmpdir(), "deepaugment-kept-"));
const before = process.env.DEEPAUGMENT_HOME;
process.env.DEEPAUGMENT_HOME = home;
after(() => {
  if (before === undefined) delete process.env.DEEPAUGMENT_HOME;
  else process.env.DEEPAUGMENT_HOME = before;
  rmSync(home, { recursive: true });
});

const labelled = (count: number, value: number) => {
  const images = createBatch(count, 4, 4);
  images.data.fill(value);
  return { images, labels: Int32Array.from({ length: count }, (_, i) => i % 2) };
};
const imagesOf = (value: number) => ({
  train: labelled(4, value),
  validation: labelled(2, value + 1),
  classes: 2,
});
const keep = (value: number) => keepImages(imagesOf(value), "d".repeat(64), "7");
const files = () => readdirSync(join(home, "subsets"));

describe("the images of a search", () => {
  it("are written once, and named by their content", () => {
    const first = keep(1);
    assert.deepEqual(first.notes, []);
    assert.deepEqual(keep(1), first);
    assert.equal(files().length, 1);
    assert.deepEqual(readSubsets(first.file.path), imagesOf(1));
    // Others of the same data, sizes and seed, as with another share for testing, do not take their place.
    const other = keep(2);
    assert.deepEqual(other.notes, []);
    assert.equal(files().length, 2);
    assert.deepEqual(readSubsets(first.file.path), imagesOf(1));
  });

  it("are written again if the file is damaged, which is named", async () => {
    const { file } = keep(1);
    const whole = readFileSync(file.path);
    const flipped = (place: number) => Buffer.from(whole.map((byte, i) => (i === place ? byte ^ 1 : byte)));
    const damages: Record<string, Buffer> = {
      empty: Buffer.alloc(0),
      short: whole.subarray(0, whole.length - 1),
      long: Buffer.concat([whole, Buffer.of(0)]),
      header: flipped(5),
      "header's end": flipped(whole.indexOf("\n")),
      label: flipped(whole.indexOf("\n") + 1),
      pixel: flipped(whole.length - 1),
    };
    for (const [damage, content] of Object.entries(damages)) {
      writeFileSync(file.path, content);
      await assert.rejects(
        locateVerified({ ...file, path: file.path }, locateByHint),
        { name: "UsageError", message: /is not the file that the training was given/ },
        damage,
      );
      assert.deepEqual(
        keep(1),
        { file, notes: [`${file.path} was damaged: it has been made again`] },
        damage,
      );
      assert.deepEqual(readFileSync(file.path), whole, damage);
    }
  });

  it("are not put in the place of a folder", () => {
    const { file } = keep(3);
    rmSync(file.path);
    mkdirSync(file.path);
    assert.throws(() => keep(3), {
      name: "RunError",
      message: `cannot read ${file.path}: it is a folder, not a file; remove it`,
    });
  });
});

describe("a file of images", () => {
  it("that is damaged is refused in one line", () => {
    const path = join(home, "images.bin");
    writeSubsets(path, imagesOf(1));
    const whole = readFileSync(path);
    const end = whole.indexOf("\n");
    const header = JSON.parse(whole.toString("utf8", 0, end));
    const withHeader = (text: string) => Buffer.concat([Buffer.from(text), whole.subarray(end)]);
    const damaged = [
      ...[Buffer.alloc(0), Buffer.from("\n"), whole.subarray(0, end), whole.subarray(0, whole.length - 1)],
      ...[withHeader("null"), withHeader("[]"), withHeader("{}"), withHeader("[".repeat(1_000_000))],
      ...[[], [4, 4, 4], [-1, 4, 4, 3], [1e300, 4, 4, 3], [4, 0, 4, 3], "x", null, [1e9, 1e9, 1e9, 3]].map(
        (train) => withHeader(JSON.stringify({ ...header, train })),
      ),
    ];
    for (const content of damaged) {
      writeFileSync(path, content);
      assert.throws(() => readSubsets(path), {
        name: "RunError",
        message: `${path} is damaged; remove it and run again`,
      });
    }
    assert.throws(() => readSubsets(home), { name: "RunError", message: /it is a folder, not a file$/ });
  });
});
