// A recipe on pictures inside larger files: the originals byte for byte, in class folders, and the same after an interruption.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, describe, it } from "node:test";
import type { ApplyOptions } from "../../src/apply/apply.ts";
import { openSource } from "../../src/apply/source.ts";
import { InterruptedError } from "../../src/common/errors.ts";
import { pickPictures } from "../../src/report/pick.ts";
import { unpackSet } from "../dataset/fixtures/packed-set.ts";
import { applyTo, contentsOf, readManifest } from "./pictures.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-apply-packed-"));
after(() => rmSync(root, { recursive: true }));
const set = await unpackSet();

function apply(name: string, options: Partial<ApplyOptions> = {}) {
  const data = join(set.folder, name);
  return applyTo(root, data, { policyPath: undefined, recipe: "flip-crop", workers: 1, ...options });
}

describe("apply to pictures inside larger files", () => {
  it("writes class folders with the originals as they are, and copies of the training pictures", async () => {
    const named = {
      hub: ["data_train-00000-of-00002_000000.jpg", "data/train-00000-of-00002.parquet, row 0"],
      shards: ["train-000000_sample0000.jpg", "train-000000.tar: sample0000.jpg"],
    } as const;
    for (const [name, [output, source]] of Object.entries(named)) {
      const { out, images } = await apply(name);
      assert.equal(images, 15);
      const rows = readManifest(out);
      const originals = rows.filter(({ copy }) => copy === "");
      assert.deepEqual([originals.length, rows.length], [15, 27], name);
      const samples = Object.values(set.cases[name]).flat();
      for (const row of originals) {
        const [picture, className] = samples[Number(row.image_index)];
        assert.equal(row.class, className);
        assert.deepEqual(readFileSync(join(out, row.output)), Buffer.from(set.pictures[picture]), row.output);
      }
      const [first] = originals;
      assert.deepEqual([first.output, first.source], [`train/${first.class}/${output}`, source]);
    }
  });

  it("decodes pictures of all kinds and sizes, and skips what is no picture", async () => {
    for (const name of ["odd.parquet", "odd.tar"]) {
      const { out, skipped, originals } = await apply(name, { imageSize: 24 });
      assert.equal(originals, 10, name);
      assert.ok(
        skipped.length >= 1 && skipped.every(({ path }) => path.startsWith(join(set.folder, name))),
        name,
      );
      assert.equal(new Set(readManifest(out).map(({ output }) => output)).size, 20);
    }
  });

  it("leaves the same after an interruption, and splits without leaks", async () => {
    const whole = await apply("hub", { split: 0.7 });
    assert.deepEqual(whole.splits, { train: 9, validation: 3, test: 3 });
    const stop = new AbortController();
    const out = join(root, "resumed");
    const interrupted = apply("hub", {
      split: 0.7,
      out,
      signal: stop.signal,
      onProgress: () => stop.abort(),
    });
    await assert.rejects(interrupted, InterruptedError);
    await apply("hub", { split: 0.7, out, resume: true });
    const comparable = (folder: string) =>
      [...contentsOf(folder)].filter(([name]) => basename(name) !== "apply.json");
    assert.deepEqual(comparable(out), comparable(whole.out));
  });
});

describe("preview", () => {
  it("picks pictures inside larger files", async () => {
    for (const name of ["converted", "odd.parquet", "info.tar.gz"]) {
      const data = join(set.folder, name);
      const { shown } = await pickPictures(await openSource(data, {}), data, { count: 4, seed: 1 });
      assert.equal(shown.length, 4);
      assert.ok(shown.every(({ data: pixels, height, width }) => pixels.length === height * width * 3));
    }
  });
});
