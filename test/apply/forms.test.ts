// The output formats: JPEG and grey pictures, the files of CIFAR-10 and numpy. The written data is read back by the
// dataset readers, and the manifest says where each image is.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ApplyOptions } from "../../src/apply/apply.ts";
import { resolveForm } from "../../src/apply/forms.ts";
import { renderChain } from "../../src/augment/chain.ts";
import { UsageError } from "../../src/common/errors.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import type { SplitName } from "../../src/dataset/reader.ts";
import { imageAt } from "../../src/image/batch.ts";
import { decodeImage, encodeJpeg } from "../../src/image/codec.ts";
import { lumaOf } from "../../src/image/grey.ts";
import { loadSample, SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import {
  applyTo,
  contentsOf,
  type ParsedRow,
  picturesIn,
  readManifest,
  writeGreyPicture,
  writePicture,
  writePolicies,
} from "./pictures.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-forms-"));
after(() => rmSync(root, { recursive: true }));

const policyPath = writePolicies(join(root, "policies.json"), [
  [[{ type: "shear", magnitude: 0.3 }], [{ type: "add-to-hue-and-saturation", magnitude: 0.8 }]],
]);

function apply(data: string, options: Partial<ApplyOptions> = {}) {
  return applyTo(root, data, { policyPath, ...options });
}

/**
 * Every image that is read back is the one described by its row: the drawn augmentation of its source, at its position.
 */
async function checkRecords(
  out: string,
  dataset: Dataset,
  sourceOf: (row: ParsedRow) => Promise<Uint8Array>,
  placeOf: (row: ParsedRow) => number,
  grey = false,
): Promise<void> {
  const rows = readManifest(out);
  const counts: Partial<Record<SplitName, number>> = {};
  for (const row of rows) {
    const split = row.split as SplitName;
    const { images, labels } = dataset[split]!;
    const place = counts[split] ?? 0;
    counts[split] = place + 1;
    assert.equal(placeOf(row), place, row.output);
    assert.equal(dataset.classNames[labels[place]], row.class);
    const source = await sourceOf(row);
    const pixels = row.parameters ? renderChain(source, images, row.parameters) : source;
    const written = imageAt(images, place);
    assert.deepEqual(grey ? lumaOf(written) : written, grey ? lumaOf(pixels) : pixels, row.output);
  }
  for (const [split, count] of Object.entries(counts)) {
    assert.equal(dataset[split as SplitName]!.labels.length, count);
  }
}

describe("--as npz", () => {
  const data = join(root, "for-npz");
  before(async () => {
    for (const [i, path] of [
      "train/ä cat/1.png",
      "train/dog/2.jpg",
      "val/dog/3.png",
      "test/ä cat/4.png",
    ].entries())
      await writePicture(join(data, path), i, 20, 30);
  });
  const sourceOf = async ({ source }: ParsedRow) =>
    (await decodeImage(readFileSync(join(data, source)), source)).data;

  it("writes one file per split, with the class names, that can be read back", async () => {
    const { out, originals, augmented } = await apply(data, { as: "npz", copies: 2 });
    assert.deepEqual([originals, augmented], [4, 8]);
    assert.deepEqual(picturesIn(out), ["test.npz", "train.npz", "validation.npz"]);
    const dataset = await loadDataset(out, { home: join(root, "home") });
    assert.deepEqual(dataset.classNames, ["dog", "ä cat"]);
    assert.deepEqual([dataset.train.images.height, dataset.train.images.width], [20, 30]);
    await checkRecords(out, dataset, sourceOf, ({ output, split }) => {
      const [file, place] = output.split("#");
      assert.equal(file, `${split}.npz`);
      return Number(place);
    });
    const alone = await loadDataset(join(out, "test.npz"), { home: join(root, "home") }).catch(String);
    assert.match(String(alone), /class "dog" has no training image/);
  });

  it("writes the same bytes with any number of workers", async () => {
    const options = { as: "npz", copies: 2, policyPath } as const;
    const [one, three] = await Promise.all(
      [1, 3].map((workers) => apply(SAMPLE_ARCHIVE, { ...options, workers })),
    );
    assert.deepEqual(contentsOf(one.out), contentsOf(three.out));
  });

  it("rejects pictures that differ in size, and leaves nothing behind", async () => {
    const mixed = join(root, "mixed");
    await writePicture(join(mixed, "a", "1.png"), 1, 20, 30);
    await writePicture(join(mixed, "b", "2.png"), 1, 30, 20);
    const out = join(root, "out-mixed");
    await assert.rejects(
      apply(mixed, { as: "npz", out }),
      new UsageError(
        `pictures differ in size (20 x 30: ${join(mixed, "a", "1.png")}; 30 x 20: ${join(mixed, "b", "2.png")}): ` +
          "resize them, or use --as folders",
      ),
    );
    assert.equal(existsSync(out), false);
  });

  it("has no channel axis if all pictures are grey and stay so", async () => {
    const grey = join(root, "grey");
    for (const i of [1, 2, 3]) await writeGreyPicture(join(grey, i < 3 ? "a" : "b", `${i}.png`), i);
    // Hue leaves many grey pictures unchanged, and such copies are left out.
    const brighter = writePolicies(join(root, "brighter.json"), [
      [[{ type: "shear", magnitude: 0.3 }], [{ type: "gamma-contrast", magnitude: 0.8 }]],
    ]);
    const { out } = await apply(grey, { as: "npz", grey: true, policyPath: brighter });
    const bytes = readFileSync(join(out, "train.npz"));
    assert.match(bytes.toString("latin1", 0, 300), /'shape': \(9, 32, 32\), /);
    const dataset = await loadDataset(out, { home: join(root, "home") });
    const read = async ({ source }: ParsedRow) =>
      (await decodeImage(readFileSync(join(grey, source)), source)).data;
    await checkRecords(out, dataset, read, ({ output }) => Number(output.split("#")[1]), true);
    await writePicture(join(grey, "b", "4.png"), 1);
    await assert.rejects(apply(grey, { as: "npz", grey: true }), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /b\/4\.png is in colour, \S+a\/1\.png is grey: --grey needs all pictures to be grey/,
      );
      return true;
    });
  });
});

describe("--as cifar10", () => {
  it("writes batches that can be read back", async () => {
    const sample = await loadSample();
    // Enough copies for more than one full batch.
    const { out, unchanged } = await apply(SAMPLE_ARCHIVE, { as: "cifar10", copies: 26 });
    assert.deepEqual(picturesIn(out), [
      "batches.meta.txt",
      "data_batch_1.bin",
      "data_batch_2.bin",
      "test_batch.bin",
    ]);
    assert.equal(readFileSync(join(out, "data_batch_1.bin")).length, 10_000 * 3073);
    const dataset = await loadDataset(out, { home: join(root, "home") });
    assert.deepEqual(dataset.classNames, sample.classNames);
    // Copies that equal their original are left out: one in 73 adds nothing to the hue.
    assert.ok(unchanged > 0 && unchanged < 200);
    assert.equal(dataset.train.labels.length, 200 * (1 + 2 * 26) - unchanged);
    const sourceOf = async ({ source }: ParsedRow) => {
      const [split, index] = source.split("/");
      return imageAt(sample[split as "test" | "train"]!.images, Number(index));
    };
    await checkRecords(out, dataset, sourceOf, ({ output }) => {
      const [, file, place] = /^(?:data_batch_(\d+)|test_batch)\.bin#(\d+)$/.exec(output)!;
      return (Number(file ?? 1) - 1) * 10_000 + Number(place);
    });
  });

  it("writes a validation split beside them", async () => {
    const data = join(root, "for-cifar");
    for (const path of ["train/a/1.png", "train/b/1.png", "val/a/1.png"])
      await writePicture(join(data, path), path.length);
    const { out } = await apply(data, { as: "cifar10", onlyAugmented: false, chance: 0 });
    const dataset = await loadDataset(out, { home: join(root, "home") });
    assert.deepEqual(
      [dataset.train, dataset.validation, dataset.test].map((split) => split?.labels.length),
      [2, 1, undefined],
    );
  });

  it("rejects pictures of other sizes, and more classes than labels", async () => {
    const large = join(root, "large");
    for (const name of ["a", "b"]) await writePicture(join(large, name, "1.png"), 1, 33, 32);
    await assert.rejects(apply(large, { as: "cifar10" }), (error: Error) => {
      assert.match(error.message, /a\/1\.png is 33 x 32, but images of CIFAR-10 are 32 x 32/);
      return error instanceof UsageError;
    });
    const many = join(root, "many");
    for (let i = 0; i < 257; i++) await writePicture(join(many, String(i), "1.png"), 1, 1, 1);
    await assert.rejects(
      apply(many, { as: "cifar10" }),
      /has 257 classes, but CIFAR-10's files can hold only 256/,
    );
  });
});

describe("--format jpeg", () => {
  it("writes augmented pictures, and the images of archives, as JPEG files of the given quality", async () => {
    const data = join(root, "for-jpeg");
    for (const path of ["a/1.png", "a/1_aug1-1.jpg", "b/2.jpg"]) await writePicture(join(data, path), 3);
    const { out } = await apply(data, { format: "jpeg", quality: 80 });
    const rows = readManifest(out);
    assert.equal(rows.length, 3 + 6);
    assert.equal(new Set(rows.map(({ output }) => output)).size, 9);
    for (const { output, source, parameters } of rows) {
      const file = readFileSync(join(out, output));
      if (!parameters) {
        assert.deepEqual(file, readFileSync(join(data, source)));
        continue;
      }
      const { data: pixels, ...shape } = await decodeImage(readFileSync(join(data, source)), source);
      const expected = await encodeJpeg(renderChain(pixels, shape, parameters), 32, 32, 80);
      assert.match(output, /_aug1-[12]\.jpg$/);
      assert.deepEqual(new Uint8Array(file), new Uint8Array(expected));
    }
    const archive = await apply(SAMPLE_ARCHIVE, { format: "jpeg", chance: 0 });
    assert.ok(picturesIn(archive.out).every((name) => name.endsWith(".jpg")));
  });
});

describe("--grey", () => {
  const data = join(root, "some-grey");
  before(async () => {
    await writeGreyPicture(join(data, "a", "grey.png"), 1);
    await writePicture(join(data, "b", "coloured.png"), 2);
  });

  it("writes copies of grey pictures in one channel: their luma", async () => {
    for (const format of ["png", "jpeg"] as const) {
      const { out } = await apply(data, { grey: true, format });
      for (const { output, source, parameters } of readManifest(out).filter((row) => row.parameters)) {
        const file = readFileSync(join(out, output));
        const isGrey = source === "a/grey.png";
        const channels = format === "png" ? [2, 0][Number(isGrey)] : [3, 1][Number(isGrey)];
        const place = format === "png" ? 25 : file.indexOf(Buffer.from("ffc0", "hex")) + 9;
        assert.equal(file[place], channels, output);
        if (format !== "png" || !isGrey) continue;
        const picture = await decodeImage(readFileSync(join(data, source)), source);
        const written = await decodeImage(file, output);
        const rendered = renderChain(picture.data, picture, parameters!);
        assert.deepEqual(lumaOf(written.data), lumaOf(rendered));
      }
    }
  });
});

describe("options of the format", () => {
  const wrong: [Parameters<typeof resolveForm>[0], RegExp][] = [
    [{ format: "png", quality: 90 }, /^--quality only applies to JPEG files, and --format png writes none/],
    [{ as: "npz", format: "jpeg" }, /^--format only applies to --as folders/],
    [{ as: "cifar10", quality: 9 }, /^--quality only applies to --as folders/],
    [{ as: "cifar10", grey: true }, /^--grey does not apply to --as cifar10/],
  ];
  for (const [options, message] of wrong) {
    it(`are not ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => resolveForm(options),
        (error: Error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
