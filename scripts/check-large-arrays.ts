// Reads npz archives of 1, 2.5 and 4.5 GiB, resized, and compares what is read, and the memory that this takes, which must not
// grow with the archive. The files consist mostly of holes, so that they need little space on disk.
//
//   npm run check:large-arrays                    # two minutes
//   npm run check:large-arrays -- --order F       # stored column by column, as Fortran does: read in several passes
//
// One JSON line per archive goes to stdout. Exits with 1 if memory grows by more than 300 MB.

import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { crc32 } from "node:zlib";
import { centralDirectory, localHeader, localHeaderLength, type ZipEntry } from "../src/apply/zip.ts";
import { writeAll } from "../src/common/files.ts";
import { arraysReader } from "../src/dataset/readers/arrays.ts";
import { formatNpyHeader } from "../src/dataset/readers/npy.ts";
import { imageAt } from "../src/image/batch.ts";

const SIDE = 1024;
const IMAGE = SIDE * SIDE * 3;
const GIBIBYTE = 2 ** 30;
const SIZES = [1, 2.5, 4.5];
const KEPT_SIDE = 16;
/** The value of all pixels of the last image; the others are black. */
const WHITE = 200;
const MOST_GROWTH = 300e6;

const { values } = parseArgs({
  options: { order: { type: "string", default: "C" }, read: { type: "string" } },
});

if (values.read !== undefined) await readOne(values.read);
else compare();

/** In a process of its own: reads an archive, and prints what is in it. */
async function readOne(path: string): Promise<void> {
  const started = performance.now();
  const { train } = await arraysReader.read(path, { imageSize: KEPT_SIDE });
  const { images } = train;
  const last = imageAt(images, images.count - 1);
  const isRight = last.every((value) => value === WHITE) && imageAt(images, 0).every((value) => value === 0);
  const seconds = (performance.now() - started) / 1000;
  const memory = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ images: images.count, isRight, seconds, memory }));
}

function compare(): void {
  const folder = mkdtempSync(join(tmpdir(), "large-arrays-"));
  const memories: number[] = [];
  try {
    for (const gibibytes of SIZES) {
      const path = join(folder, "large.npz");
      write(path, Math.floor((gibibytes * GIBIBYTE) / IMAGE));
      const { stdout, stderr, status } = spawnSync(process.execPath, [import.meta.filename, "--read", path], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(stderr);
      const found = JSON.parse(stdout);
      if (!found.isRight) throw new Error(`${gibibytes} GiB: other pixels than written`);
      memories.push(found.memory);
      console.log(JSON.stringify({ gibibytes, order: values.order, ...found }));
      rmSync(path);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const growth = Math.max(...memories) - memories[0];
  console.log(JSON.stringify({ growth }));
  if (growth > MOST_GROWTH) process.exitCode = 1;
}

/** Writes black images, and a last one that is not. */
function write(path: string, count: number): void {
  const isColumnMajor = values.order === "F";
  const header = Buffer.from(formatNpyHeader("|u1", [count, SIDE, SIDE, 3]));
  if (isColumnMajor) header.write(header.toString("latin1").replace("False, ", "True,  "), "latin1");
  const labels = Buffer.concat([
    Buffer.from(formatNpyHeader("|u1", [count])),
    Buffer.from(Array.from({ length: count }, (_, i) => i % 2)),
  ]);
  const start = localHeaderLength("images.npy");
  const size = header.length + count * IMAGE;
  const file = openSync(path, "w");
  try {
    let sum = crc32(header);
    if (isColumnMajor) {
      // The last image has one value of each row of all images.
      const rows = 4096;
      const part = Buffer.alloc(rows * count);
      for (let row = 1; row <= rows; row++) part[row * count - 1] = WHITE;
      for (let done = 0; done < IMAGE; done += rows) {
        writeAll(file, part, start + header.length + done * count);
        sum = crc32(part, sum);
      }
    } else {
      const black = Buffer.alloc(IMAGE);
      for (let i = 0; i < count - 1; i++) sum = crc32(black, sum);
      const last = Buffer.alloc(IMAGE, WHITE);
      sum = crc32(last, sum);
      writeAll(file, last, start + size - IMAGE);
    }
    const images: ZipEntry = { name: "images.npy", offset: 0, size, crc32: sum };
    writeAll(file, Buffer.concat([localHeader(images), header]), 0);
    const offset = start + size;
    const labelled: ZipEntry = { name: "labels.npy", offset, size: labels.length, crc32: crc32(labels) };
    writeAll(file, Buffer.concat([localHeader(labelled), labels]), offset);
    const end = offset + localHeaderLength(labelled.name) + labels.length;
    writeAll(file, centralDirectory([images, labelled], end), end);
  } finally {
    closeSync(file);
  }
}
