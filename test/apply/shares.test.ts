// What is applied is what was judged: portions, the scale, formats and sizes; copies that change nothing; and a split in
// which no copy leaks.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ApplyOptions } from "../../src/apply/apply.ts";
import { portionRanks } from "../../src/apply/draws.ts";
import { renderChain } from "../../src/augment/chain.ts";
import { drawPortion } from "../../src/augment/policy.ts";
import { drawRecipe } from "../../src/augment/recipes.ts";
import { UsageError } from "../../src/common/errors.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { decodeImage, encodeJpeg, encodePng } from "../../src/image/codec.ts";
import { toSquare } from "../../src/image/resize.ts";
import type { Chain } from "../../src/policy/policy.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { applyTo, contentsOf, picturesIn, readManifest, writePicture, writePolicies } from "./pictures.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-shares-"));
after(() => rmSync(root, { recursive: true }));

const INVERT: Chain = [{ type: "invert", magnitude: 0 }];
const BLUR: Chain = [{ type: "gaussian-blur", magnitude: 0.1 }];
const policyPath = writePolicies(join(root, "invert.json"), [[INVERT]]);

/** Without `chance`, so that portions count; policies have portion 0.5 unless they are written here. */
function apply(data: string, options: Partial<ApplyOptions> = {}) {
  return applyTo(root, data, { policyPath, chance: undefined, ...options });
}

const data = join(root, "data");
const pictures = ["a/0.png", "a/1.jpg", "a/2.JPEG", "a/3.png", "a/4.png"];
pictures.push(...["b/0.png", "b/1.png", "b/2.jpg", "b/3.png", "b/4.png"]);
before(async () => {
  for (const [i, path] of pictures.entries()) await writePicture(join(data, path), i, 20 + i, 30);
});

const decode = async (folder: string, path: string) => decodeImage(readFileSync(join(folder, path)), path);

describe("the portion of a policy", () => {
  it("is the share of the training pictures that it augments, chosen as in the search", async () => {
    const outcome = await apply(data, { seed: 4, copies: 2 });
    const { chance, portions, augmentedImages, splits, augmented } = outcome;
    assert.deepEqual([chance, portions, augmentedImages, splits], [null, [0.5], 5, { train: 10 }]);
    assert.equal(augmented, 10);
    const drawn = readManifest(outcome.out).filter(({ parameters }) => parameters);
    const indices = [...new Set(drawn.map((row) => Number(row.image_index)))];
    assert.deepEqual(
      indices.sort((a, b) => a - b),
      [...drawPortion(10, 0.5, 4)].sort((a, b) => a - b),
    );
    const other = await apply(data, { seed: 4, copies: 2, workers: 1 });
    assert.deepEqual(contentsOf(other.out), contentsOf(outcome.out));
  });

  it("is replaced by a chance", async () => {
    const { augmentedImages, chance } = await apply(data, { chance: 1 });
    assert.deepEqual([augmentedImages, chance], [10, 1]);
  });

  it("is each policy's own if there are several", async () => {
    const file = JSON.parse(readFileSync(writePolicies(join(root, "two.json"), [[INVERT], [BLUR]]), "utf8"));
    file.policies[0].portion = 0.1;
    file.policies[1].portion = 1;
    const path = join(root, "portions.json");
    writeFileSync(path, JSON.stringify(file));
    const { out } = await apply(SAMPLE_ARCHIVE, { policyPath: path, top: 2 });
    const rows = readManifest(out).filter(({ parameters }) => parameters);
    const of = (trial: string) => rows.filter((row) => row.policy_trial === trial);
    // Each of the 200 images draws a policy; the first one takes a tenth of its half.
    assert.ok(of("19").length > 80 && of("19").length < 120, `${of("19").length}`);
    assert.ok(of("20").length > 2 && of("20").length <= 20, `${of("20").length}`);
    const ranks = portionRanks(200, 0);
    for (const row of of("20")) assert.ok(ranks[Number(row.image_index)] < 20);
  });
});

describe("a recipe", () => {
  it("needs no policy, augments every training picture, and draws each copy anew", async () => {
    const options = { policyPath: undefined, recipe: "flip-crop", copies: 2, format: "png" } as const;
    const outcome = await apply(data, options);
    const { recipe, policies, augmentedImages, augmented, unchanged } = outcome;
    assert.deepEqual([recipe, policies, augmentedImages, augmented + unchanged], ["flip-crop", 0, 10, 20]);
    const drawn = readManifest(outcome.out).filter(({ parameters }) => parameters);
    for (const { output, source, parameters, ...row } of drawn) {
      assert.deepEqual([row.policy_trial, row.chain], ["", ""]);
      const read = await decode(data, source);
      const key = { seed: Number(row.seed), imageIndex: Number(row.image_index) };
      assert.deepEqual(parameters, drawRecipe("flip-crop", read, key));
      assert.deepEqual((await decode(outcome.out, output)).data, renderChain(read.data, read, parameters!));
    }
    assert.ok(new Set(drawn.map(({ parameters }) => JSON.stringify(parameters))).size > 10);
    const again = await apply(data, { ...options, workers: 1 });
    assert.deepEqual(contentsOf(again.out), contentsOf(outcome.out));
  });

  it("comes before the chain if there is a policy", async () => {
    const { out, augmentedImages } = await apply(data, { recipe: "flip", copies: 4 });
    assert.equal(augmentedImages, 5);
    const drawn = readManifest(out).filter(({ parameters }) => parameters);
    assert.equal(drawn.length, 20);
    for (const { parameters, policy_trial } of drawn) {
      assert.deepEqual(
        parameters!.map(({ type }) => type),
        ["horizontal-flip", "invert"],
      );
      assert.equal(policy_trial, "20");
    }
    assert.equal(new Set(drawn.map(({ parameters }) => parameters![0].parameters.flipped)).size, 2);
  });

  it("is part of what a resumed run must repeat", async () => {
    const { out } = await apply(data, { policyPath: undefined, recipe: "flip" });
    await assert.rejects(
      apply(data, { out, resume: true, policyPath: undefined, recipe: "randaugment" }),
      /was started with --recipe flip, not with --recipe randaugment: use the same/,
    );
    await assert.rejects(
      apply(data, { out, resume: true, recipe: "flip" }),
      /was started with no policy \(--policy and --top\), not with the policy of trial 20 /,
    );
  });

  it("or a policy is needed", async () => {
    await assert.rejects(
      apply(data, { policyPath: undefined }),
      new UsageError(
        "nothing to apply; give --policy with a file, --recipe with a name, or both; see --help",
      ),
    );
  });
});

describe("the scale", () => {
  it("is that of the picture relative to the judged side; off, techniques count in pixels", async () => {
    for (const scale of [true, false]) {
      const blur = writePolicies(join(root, "blur.json"), [[BLUR]]);
      const { out } = await apply(data, { policyPath: blur, chance: 1, imageSize: 64, scale });
      for (const { parameters } of readManifest(out)) {
        if (!parameters) continue;
        const { sigma, size } = parameters[0].parameters;
        assert.ok(Number(sigma) < (scale ? 5 : 2.5));
        assert.equal(size === undefined, !scale);
      }
      const run = JSON.parse(readFileSync(join(out, "apply.json"), "utf8"));
      assert.deepEqual(run.settings.judgedShape, scale ? [32, 32] : null);
    }
  });
});

describe("the format", () => {
  it("is the input's: JPEG copies of JPEG files at quality 95, PNG copies of others", async () => {
    const { out } = await apply(data, { chance: 1 });
    for (const { output, source, parameters } of readManifest(out)) {
      const file = readFileSync(join(out, output));
      const read = await decode(data, source);
      if (!parameters) assert.deepEqual(file, readFileSync(join(data, source)));
      else if (/\.jpe?g$/i.test(source)) {
        assert.match(output, /_aug1\.jpg$/);
        const { height, width } = read;
        const expected = await encodeJpeg(renderChain(read.data, read, parameters), height, width, 95);
        assert.deepEqual(new Uint8Array(file), new Uint8Array(expected));
      } else {
        assert.match(output, /_aug1\.png$/);
        assert.deepEqual((await decode(out, output)).data, renderChain(read.data, read, parameters));
      }
    }
  });
});

describe("--image-size", () => {
  it("resizes originals and copies, and copies files that have the size", async () => {
    const folder = join(root, "sizes");
    for (const [i, path] of ["a/1.png", "a/2.jpg", "b/1.jpeg", "b/2_aug1.png"].entries())
      await writePicture(join(folder, path), i, i === 0 ? 24 : 40, 24);
    for (const format of [undefined, "png"] as const) {
      const { out, originals, augmented } = await apply(folder, { chance: 1, imageSize: 24, format });
      assert.deepEqual([originals, augmented], [4, 4]);
      assert.equal(new Set(picturesIn(out)).size, 8);
      for (const { output, source, parameters } of readManifest(out)) {
        const written = await decode(out, output);
        assert.deepEqual([written.height, written.width], [24, 24]);
        const isPng = format === "png" || source.endsWith(".png");
        assert.equal(output.endsWith(".png"), isPng);
        const resized = toSquare(await decode(folder, source), 24);
        const expected = parameters ? renderChain(resized.data, resized, parameters) : resized.data;
        if (isPng) assert.deepEqual(written.data, expected, output);
      }
      assert.equal(contentsOf(out).get("a/1.png"), contentsOf(folder).get("a/1.png"));
    }
  });

  it("lets pictures of different sizes become records", async () => {
    const { out } = await apply(data, { chance: 1, imageSize: 32, as: "cifar10" });
    const { train } = await loadDataset(out, { home: join(root, "home") });
    assert.deepEqual([train.labels.length, train.images.height], [20, 32]);
  });
});

describe("copies that equal their original", () => {
  const flips = writePolicies(join(root, "flips.json"), [[[{ type: "horizontal-flip", magnitude: 0.5 }]]]);
  for (const as of ["folders", "npz", "cifar10"] as const) {
    it(`are left out and counted: --as ${as}`, async () => {
      const options = { policyPath: flips, chance: 1, copies: 4, imageSize: 32, as };
      const { out, augmented, unchanged, augmentedImages } = await apply(data, options);
      assert.equal(augmented + unchanged, 40);
      assert.equal(augmentedImages, 10);
      assert.ok(unchanged > 8 && unchanged < 32, `${unchanged}`);
      const rows = readManifest(out);
      assert.equal(rows.length, 10 + augmented);
      for (const { parameters } of rows) assert.ok(!parameters || parameters[0].parameters.flipped);
      const { train } = await loadDataset(out, { home: join(root, "home"), imageSize: 32 });
      assert.equal(train.labels.length, 10 + augmented);
    });
  }
});

describe("copies that equal their original, which is not written", () => {
  it("are written", async () => {
    const same = writePolicies(join(root, "same.json"), [[[{ type: "rotate", magnitude: 0 }]]]);
    const { out, augmented, unchanged } = await apply(data, {
      ...{ policyPath: same, chance: 1, copies: 2, onlyAugmented: true },
    });
    assert.deepEqual([augmented, unchanged], [20, 0]);
    assert.equal(picturesIn(out).length, 20);
  });
});

describe("--split", () => {
  for (const as of ["folders", "npz", "cifar10"] as const) {
    it(`writes training and validation pictures by class, and copies of the former alone: --as ${as}`, async () => {
      const options = { chance: 1, split: 0.6, imageSize: 32, as };
      const outcome = await apply(data, options);
      assert.deepEqual(outcome.splits, { train: 6, validation: 4 });
      assert.deepEqual(outcome.notes, []);
      const rows = readManifest(outcome.out);
      const sources = (split: string) =>
        new Set(rows.filter((row) => row.split === split).map(({ source }) => source));
      const [training, validation] = [sources("train"), sources("validation")];
      assert.deepEqual([...training, ...validation].sort(), [...pictures].sort());
      for (const name of ["a", "b"])
        assert.equal([...validation].filter((source) => source.startsWith(name)).length, 2);
      assert.ok(rows.every(({ split, parameters }) => split === "train" || !parameters));
      assert.equal(rows.filter(({ parameters }) => parameters).length, 6);
      const home = join(root, "home");
      const dataset = await loadDataset(outcome.out, { home, imageSize: 32 });
      assert.deepEqual([dataset.train.labels.length, dataset.validation?.labels.length], [12, 4]);
      const alone = await apply(data, { ...options, workers: 1 });
      assert.deepEqual(contentsOf(alone.out), contentsOf(outcome.out));
      const other = await apply(data, { ...options, seed: 1 });
      assert.notDeepEqual(
        readManifest(other.out).map(({ source }) => source),
        rows.map(({ source }) => source),
      );
    });
  }

  it("keeps names below train/ and val/, and the place of a test split", async () => {
    const { out } = await apply(data, { chance: 1, split: 0.6 });
    for (const { output, source, split, parameters } of readManifest(out)) {
      const folder = split === "train" ? "train" : "val";
      if (!parameters) assert.equal(output, `${folder}/${source}`);
      else assert.ok(output.startsWith(`train/${source.replace(/\.\w+$/, "")}_aug1.`), output);
    }
    const tested = await apply(SAMPLE_ARCHIVE, { chance: 0, split: 0.75 });
    assert.deepEqual(tested.splits, { train: 150, validation: 50, test: 40 });
    const paths = picturesIn(tested.out).map((path) => path.split("/")[0]);
    assert.deepEqual([...new Set(paths)].sort(), ["test", "train", "val"]);
    const dataset = await loadDataset(tested.out, { home: join(root, "home") });
    const sizes = [dataset.train, dataset.validation, dataset.test].map((split) => split?.labels.length);
    assert.deepEqual(sizes, [150, 50, 40]);
  });

  it("chooses the portion from the pictures that stay in training", async () => {
    const { augmentedImages } = await apply(data, { split: 0.6 });
    assert.equal(augmentedImages, 3);
  });

  it("never separates pictures with the same pixels, in other formats and classes too", async () => {
    const twins = join(root, "twins");
    // Each picture as a JPEG, and as a PNG of the same pixels.
    const jpegs = Array.from({ length: 10 }, (_, i) => join(twins, i < 5 ? "a" : "b", `${i}.jpg`));
    for (const [i, path] of jpegs.entries()) await writePicture(path, i);
    for (const [i, path] of jpegs.entries()) {
      const { data, height, width } = await decodeImage(readFileSync(path), path);
      const className = i < 4 ? "a" : "b";
      writeFileSync(join(twins, className, `copy-of-${i}.png`), await encodePng(data, height, width));
    }
    for (let seed = 0; seed < 5; seed++) {
      const { out, splits, notes } = await apply(twins, { split: 0.6, seed });
      assert.deepEqual(notes, []);
      const parts = new Map<string, string>();
      for (const { source, split } of readManifest(out)) {
        const picture = source.replace(/^.*?(\d+)\.\w+$/, "$1");
        assert.equal(parts.get(picture) ?? split, split, source);
        parts.set(picture, split);
      }
      assert.equal(parts.size, 10);
      assert.ok(splits.validation! >= 6 && splits.validation! <= 8, String(splits.validation));
    }
    for (const name of ["a", "b"]) await writePicture(join(root, "tested/train", name, "1.png"), 1);
    for (const [name, i] of [
      ["a", 2],
      ["b", 3],
      ["b", 4],
    ] as const) {
      await writePicture(join(root, "tested/train", name, `${i}.png`), i);
      await writePicture(join(root, "tested/test", name, `${i}.png`), i === 4 ? 5 : i);
    }
    const { notes } = await apply(join(root, "tested"), { split: 0.6 });
    assert.deepEqual(notes, [
      "2 training pictures are identical to test pictures; remove them from one of the two",
    ]);
  });

  it("is refused if there are validation pictures already, or if they would be left out", async () => {
    const split = join(root, "split-data");
    for (const path of ["train/a/1.png", "train/b/1.png", "val/a/2.png"])
      await writePicture(join(split, path), 1);
    await assert.rejects(
      apply(split, { split: 0.8 }),
      new UsageError(`${split} already has a validation split; leave out --split`),
    );
    await assert.rejects(
      apply(data, { split: 0.8, onlyAugmented: true }),
      new UsageError(
        "--split writes validation pictures, and --only-augmented leaves them out; give one of them",
      ),
    );
    const { notes } = await apply(split, { chance: 1 });
    assert.deepEqual(notes, []);
  });
});
