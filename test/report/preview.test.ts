// Both previews on real pictures: which pictures are shown, that the cells contain the augmenter's output, and the
// file.

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { applyPolicies } from "../../src/apply/apply.ts";
import { openSource } from "../../src/apply/source.ts";
import { renderChain } from "../../src/augment/chain.ts";
import { drawRecipe } from "../../src/augment/recipes.ts";
import { seedOf } from "../../src/common/random.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { isSheet } from "../../src/dataset/readers/own-output.ts";
import { decodeImage } from "../../src/image/codec.ts";
import { fitExactly, fitPicture } from "../../src/report/fit.ts";
import { pickPictures } from "../../src/report/pick.ts";
import { previewPolicy } from "../../src/report/policy-sheet.ts";
import { previewRecipe } from "../../src/report/recipe-sheet.ts";
import { checkSheetPath } from "../../src/report/sheet-file.ts";
import { previewTechniques } from "../../src/report/techniques-sheet.ts";
import { applyTo, readManifest, writePicture, writePolicies } from "../apply/pictures.ts";
import { picture, writeFiles } from "../dataset/fixtures/files.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-preview-"));
after(() => rmSync(root, { recursive: true, force: true }));
process.env.DEEPAUGMENT_HOME = join(root, "home");

const data = join(root, "data");
const policyPath = writePolicies(join(root, "policies.json"), [
  [
    [
      { type: "rotate", magnitude: 0.4 },
      { type: "fog", magnitude: 0.5 },
    ],
  ],
  [[{ type: "horizontal-flip", magnitude: 1 }], [{ type: "invert", magnitude: 0 }]],
]);

before(async () => {
  const paths = ["10/a.png", "10/b.png", "2/a.png", "2/b.png", "2/c.png", "žába 猫/a b.png"];
  for (const [i, path] of paths.entries()) await writePicture(join(data, path), i);
  writeFileSync(join(data, "2", "broken.png"), readFileSync(join(data, "2", "a.png")).subarray(0, 300));
});

async function pick(count: number, seed: number) {
  return pickPictures(await openSource(data, {}), data, { count, seed });
}

describe("pickPictures", () => {
  it("takes one of each class, then more, until there are no more, in the order of the classes", async () => {
    const classes = async (count: number) => (await pick(count, 1)).shown.map(({ className }) => className);
    assert.deepEqual(await classes(3), ["2", "10", "žába 猫"]);
    assert.deepEqual((await classes(5)).sort(), ["10", "10", "2", "2", "žába 猫"]);
    assert.deepEqual(await classes(50), ["2", "2", "2", "10", "10", "žába 猫"]);
    assert.equal(new Set(await classes(2)).size, 2);
  });

  it("takes another picture for one that cannot be decoded, and reports it", async () => {
    const { skipped } = await pick(50, 3);
    assert.deepEqual(
      skipped.map(({ path }) => path),
      [join(data, "2", "broken.png")],
    );
  });

  it("depends only on the seed", async () => {
    const sources = async (seed: number) => (await pick(3, seed)).shown.map(({ source }) => source).join();
    assert.equal(await sources(5), await sources(5));
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(sources));
    assert.ok(new Set(all).size > 1);
  });

  it("says so if none can be decoded", async () => {
    const folder = join(root, "broken");
    mkdirSync(join(folder, "a"), { recursive: true });
    writeFileSync(join(folder, "a", "1.png"), "no picture");
    const source = await openSource(folder, {});
    await assert.rejects(
      pickPictures(source, folder, { count: 1, seed: 0 }),
      /none of the 1 training pictures in .*broken can be decoded \(.*1\.png: /,
    );
  });
});

describe("previewPolicy", () => {
  it("shows each picture beside apply's output for it, enlarged pixel by pixel", async () => {
    const out = join(root, "sheet.png");
    const applied = join(root, "applied");
    const outcome = await previewPolicy({ policyPath, data, out, seed: 7, size: 64, images: 3, draws: 2 });
    await applyPolicies({
      policyPath,
      data,
      out: applied,
      top: 1,
      copies: 2,
      chance: 1,
      onlyAugmented: false,
      seed: 7,
      workers: 1,
    });
    const sheet = await decodeImage(readFileSync(out), out);
    assert.deepEqual([sheet.height, sheet.width], [outcome.height, outcome.width]);
    assert.equal(outcome.policy.trial, 20);
    const rows = readManifest(applied);
    for (const { source } of outcome.pictures) {
      const files = rows.filter((row) => row.source === source).map(({ output }) => join(applied, output));
      assert.equal(files.length, 3);
      for (const file of files) {
        const { data: pixels } = fitPicture(await decodeImage(readFileSync(file), file), 64);
        assert.ok(contains(sheet, pixels, 64), `${file} is on the sheet`);
      }
    }
  });

  it("shows the same draws at several sizes, scaled from the judged one and equally large", async () => {
    const grainy = writePolicies(join(root, "grainy.json"), [[[{ type: "dropout", magnitude: 0.3 }]]]);
    const options = { policyPath: grainy, data, seed: 7 };
    const shown = { ...options, size: 64, images: 2, draws: 1 };
    const out = join(root, "sizes.png");
    const outcome = await previewPolicy({ ...shown, out, sizes: [16, 64] });
    const sheet = await decodeImage(readFileSync(out), out);
    for (const imageSize of [16, 64]) {
      const applied = (await applyTo(root, data, { ...options, imageSize })).out;
      for (const { source } of outcome.pictures) {
        const files = readManifest(applied).filter((row) => row.source === source);
        assert.equal(files.length, 2);
        for (const { output } of files) {
          const file = await decodeImage(readFileSync(join(applied, output)), output);
          assert.ok(contains(sheet, fitExactly(file, 64).data, 64), `${output} at ${imageSize}`);
        }
      }
    }
    const unscaled = join(root, "unscaled.png");
    await previewPolicy({ ...shown, out: unscaled, sizes: [16, 64], scale: false });
    assert.notDeepEqual(readFileSync(unscaled), readFileSync(out));
  });

  it("has a column per chain and draw", async () => {
    const out = join(root, "chains.png");
    const options = { policyPath, data, out, seed: 0, size: 128, images: 1 };
    const two = await previewPolicy({ ...options, rank: 2, draws: 2 });
    const three = await previewPolicy({ ...options, trial: 19, draws: 3 });
    assert.deepEqual([two.policy.rank, three.policy.rank], [2, 2]);
    assert.equal(three.width - two.width, 2 * (128 + 7));
  });

  it("gives the same file for the same seed, also from an archive", async () => {
    const files = ["first.png", "second.png"].map((name) => join(root, name));
    for (const out of files) {
      await previewPolicy({ policyPath, data: SAMPLE_ARCHIVE, out, seed: 2, size: 32, images: 2, draws: 2 });
    }
    assert.deepEqual(readFileSync(files[0]), readFileSync(files[1]));
  });

  it("resizes pictures first on request", async () => {
    const out = join(root, "resized.png");
    const { pictures } = await previewPolicy({
      policyPath,
      data,
      out,
      seed: 0,
      size: 64,
      images: 2,
      imageSize: 16,
    });
    assert.ok(pictures.every(({ height, width }) => height === 16 && width === 16));
  });
});

describe("previewRecipe", () => {
  const options = { data, seed: 4, size: 64, images: 3, draws: 2 };

  it("shows each picture beside draws of the recipe", async () => {
    const out = join(root, "recipe.png");
    const outcome = await previewRecipe({ ...options, recipe: "trivialaugment", out });
    const sheet = await decodeImage(readFileSync(out), out);
    assert.deepEqual([sheet.height, sheet.width], [outcome.height, outcome.width]);
    const { shown } = await pick(3, 4);
    for (const { data: pixels, height, width, index } of shown) {
      for (const copy of [1, 2]) {
        const key = { seed: seedOf(4, "copy", copy), imageIndex: index };
        const rendered = renderChain(
          pixels,
          { height, width },
          drawRecipe("trivialaugment", { height, width }, key),
        );
        const cell = fitPicture({ data: rendered, height, width }, 64);
        assert.ok(contains(sheet, cell.data, 64), `draw ${copy} of picture ${index} is on the sheet`);
      }
    }
  });

  it("comes before a policy's draws with the same number", async () => {
    const out = join(root, "both.png");
    const invert = writePolicies(join(root, "invert.json"), [[[{ type: "invert", magnitude: 0 }]]]);
    await previewPolicy({ ...options, policyPath: invert, recipe: "flip-crop", out });
    const sheet = await decodeImage(readFileSync(out), out);
    const { shown } = await pick(3, 4);
    for (const { data: pixels, height, width, index } of shown) {
      const key = { seed: seedOf(4, "copy", 2), imageIndex: index };
      const moved = renderChain(pixels, { height, width }, drawRecipe("flip-crop", { height, width }, key));
      const cell = fitPicture({ data: moved.map((value) => 255 - value), height, width }, 64);
      assert.ok(contains(sheet, cell.data, 64), `picture ${index} is on the sheet`);
    }
  });
});

describe("previewTechniques", () => {
  it("shows one picture under every technique", async () => {
    const out = join(root, "techniques.png");
    const image = join(data, "2", "a.png");
    const outcome = await previewTechniques({ image, out, seed: 0, size: 32 });
    const sheet = await decodeImage(readFileSync(out), out);
    const original = await decodeImage(readFileSync(image), image);
    assert.ok(contains(sheet, original.data, 32), "the original");
    const inverted = original.data.map((value) => 255 - value);
    assert.ok(contains(sheet, inverted, 32), "inverted");
    assert.deepEqual(outcome.pictures, [{ source: image, height: 32, width: 32 }]);
  });

  it("draws the picture from the data, or uses a given one", async () => {
    const options = { data, out: join(root, "techniques.png"), seed: 0, size: 32, imageSize: 8 };
    const [drawn] = (await previewTechniques(options)).pictures;
    assert.ok(drawn.className);
    const [named] = (await previewTechniques({ ...options, image: "10/a.png" })).pictures;
    assert.equal(named.source, join(data, "10/a.png"));
    await assert.rejects(
      previewTechniques({ ...options, image: "2/broken.png" }),
      /--image: cannot read the picture/,
    );
    await assert.rejects(
      previewTechniques({ ...options, image: "nowhere.png" }),
      /nowhere\.png: there is no such file/,
    );
  });
});

describe("checkSheetPath", () => {
  it("accepts new files and those of preview, and nothing else", async () => {
    const out = join(root, "own.png");
    checkSheetPath(out);
    await previewTechniques({ image: join(data, "2", "a.png"), out, seed: 0, size: 32 });
    checkSheetPath(out);
    assert.throws(() => checkSheetPath(join(data, "2", "a.png")), /is not a preview sheet/);
    // Nor is a sheet among the data read as one of them.
    assert.ok(isSheet({ name: basename(out), path: out, isFolder: false }));
    assert.ok(!isSheet({ name: "a.png", path: join(data, "2", "a.png"), isFolder: false }));
    // Under any name, in a class as well: no file with the name of a picture is opened before it is decoded.
    const named = writeFiles({ "a/0.png": await picture(2, 2, 0), "b/1.png": await picture(2, 2, 1) });
    copyFileSync(out, join(named, "a", "x.png"));
    const { train, skipped } = await loadDataset(named, { home: join(root, "home") });
    assert.equal(train.labels.length, 2);
    assert.deepEqual(skipped, [
      {
        path: join(named, "a", "x.png"),
        reason: "it is a sheet that preview drew, not a picture: move it out of the data",
      },
    ]);
    assert.throws(() => checkSheetPath(join(root, "sheet.jpg")), /ends in \.png, received/);
    mkdirSync(join(root, "folder.png"));
    assert.throws(() => checkSheetPath(join(root, "folder.png")), /it is a folder/);
  });
});

/** Whether the square picture of `side` pixels appears somewhere on the sheet, exactly. */
function contains(
  sheet: { data: Uint8Array; height: number; width: number },
  pixels: Uint8Array,
  side: number,
): boolean {
  const stride = sheet.width * 3;
  const buffer = Buffer.from(sheet.data.buffer, sheet.data.byteOffset, sheet.data.length);
  const rowAt = (row: number) => pixels.subarray(row * side * 3, (row + 1) * side * 3);
  for (let place = buffer.indexOf(rowAt(0)); place >= 0; place = buffer.indexOf(rowAt(0), place + 1)) {
    const isHere = Array.from({ length: side }, (_, row) => row).every((row) => {
      const start = place + row * stride;
      return buffer.subarray(start, start + side * 3).equals(rowAt(row));
    });
    if (isHere) return true;
  }
  return false;
}
