// A policy on folders of real pictures: what is written, that the manifest is complete, and that the run is
// reproducible.

import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ApplyOptions, ApplyOutcome } from "../../src/apply/apply.ts";
import { drawCopies } from "../../src/apply/draws.ts";
import { drawForImage, renderChain } from "../../src/augment/chain.ts";
import { scaledTo } from "../../src/augment/scale.ts";
import { UsageError } from "../../src/common/errors.ts";
import { systemPath } from "../../src/common/path-bytes.ts";
import { isOwnOutput } from "../../src/dataset/readers/own-output.ts";
import { imageAt } from "../../src/image/batch.ts";
import { decodeImage } from "../../src/image/codec.ts";
import type { Chain } from "../../src/policy/policy.ts";
import { loadSample, SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import {
  applyTo,
  contentsOf,
  filesIn,
  type ParsedRow,
  picturesIn,
  readManifest,
  writePicture,
  writePolicies,
} from "./pictures.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-apply-"));
after(() => rmSync(root, { recursive: true }));

const SHEAR: Chain = [
  { type: "shear", magnitude: 0.3 },
  { type: "coarse-dropout", magnitude: 0.8 },
];
const BLUR: Chain = [
  { type: "gaussian-blur", magnitude: 0.05 },
  { type: "brighten", magnitude: 0.6 },
];
const FOG: Chain = [
  { type: "fog", magnitude: 0.5 },
  { type: "crop", magnitude: 0.4 },
];
const ONE = writePolicies(join(root, "one.json"), [[SHEAR]]);
const TWO_CHAINS = writePolicies(join(root, "two-chains.json"), [[SHEAR, BLUR]]);
const THREE = writePolicies(join(root, "three.json"), [[SHEAR], [BLUR], [FOG]]);

function apply(data: string, options: Partial<ApplyOptions> = {}): Promise<ApplyOutcome> {
  // PNG, so that pixels can be compared.
  return applyTo(root, data, { policyPath: ONE, format: "png", ...options });
}

/** The pixels of an output are those that the manifest's parameters give for its source. */
async function checkReproduced(data: string, out: string, row: ParsedRow): Promise<void> {
  const source = await decodeImage(readFileSync(join(data, row.source)), row.source);
  const output = await decodeImage(readFileSync(join(out, row.output)), row.output);
  assert.deepEqual([output.height, output.width], [source.height, source.width]);
  const expected = row.parameters ? renderChain(source.data, source, row.parameters) : source.data;
  assert.deepEqual(output.data, expected, row.output);
}

describe("a policy on a folder with splits", () => {
  const data = join(root, "splits");
  const pictures = [
    "train/cat/1.png",
    "train/cat/2 b.jpg",
    "train/cat/deep/3.png",
    "train/dög räuber/1.png",
    "train/dög räuber/1.jpg",
    "train/dög räuber/1_aug1-1.png",
    "val/cat/1.png",
    "test/cat/9.png",
    "test/dög räuber/9.jpg",
  ];
  const originals = new Map<string, string>();
  let outcome: ApplyOutcome;
  let rows: ParsedRow[];

  before(async () => {
    for (const [i, path] of pictures.entries()) {
      await writePicture(join(data, path), i, 20 + 7 * i, 45 - 4 * i);
      originals.set(path, readFileSync(join(data, path)).toString("base64"));
    }
    outcome = await apply(data, { policyPath: TWO_CHAINS, copies: 2, seed: 5 });
    rows = readManifest(outcome.out);
  });

  it("keeps splits, class folders, names and the originals byte for byte", () => {
    assert.deepEqual([outcome.originals, outcome.augmented, outcome.skipped], [9, 6 * 2 * 2, []]);
    const written = contentsOf(outcome.out);
    for (const [path, content] of originals) assert.equal(written.get(path), content, path);
    const names = ["train/cat/1", "train/cat/2 b", "train/cat/deep/3"];
    names.push("train/dög räuber/1_jpg", "train/dög räuber/1_png", "train/dög räuber/1_aug1-1");
    const augmented = names.flatMap((name) =>
      [1, 2].flatMap((k) => [`${name}_aug${k}-1`, `${name}_aug${k}-2`]),
    );
    const expected = [...pictures, ...augmented.map((name) => `${name}.png`), "apply.json", "manifest.csv"];
    assert.deepEqual([...written.keys()].sort(), expected.sort());
  });

  it("has a row in the manifest per output, in the order of the listing, which reproduces it", async () => {
    assert.deepEqual(rows.map(({ output }) => output).sort(), picturesIn(outcome.out).sort());
    const indices = rows.map((row) => Number(row.image_index));
    assert.deepEqual(
      indices,
      indices.toSorted((a, b) => a - b),
    );
    assert.deepEqual(new Set(indices), new Set(pictures.keys()));
    for (const row of rows) await checkReproduced(data, outcome.out, row);
  });

  it("records in the manifest which policy, chain, copy and seed drew the parameters", () => {
    for (const row of rows) {
      const [split, className] = row.source.split("/");
      assert.deepEqual([row.split, row.class], [split === "val" ? "validation" : split, className]);
      if (!row.parameters) {
        assert.deepEqual(
          [row.output, row.policy_trial, row.chain, row.seed, row.copy],
          [row.source, "", "", "", ""],
        );
        continue;
      }
      assert.equal(row.split, "train");
      assert.match(row.output, new RegExp(`_aug${row.copy}-${row.chain}\\.png$`));
      assert.equal(row.policy_trial, "20");
    }
    const drawn = rows.filter(({ parameters }) => parameters);
    assert.equal(new Set(drawn.map(({ parameters }) => JSON.stringify(parameters))).size, 24);
  });

  it("draws the parameters by the image's index, the chain and the copy's seed", async () => {
    const row = rows.find(
      ({ source, chain, copy }) => source === "train/cat/2 b.jpg" && chain === "2" && copy === "2",
    )!;
    const shape = await decodeImage(readFileSync(join(data, row.source)), row.source);
    const key = { seed: Number(row.seed), imageIndex: Number(row.image_index), chainIndex: 1 };
    assert.deepEqual(row.parameters, drawForImage(BLUR, scaledTo(shape, [32, 32, 3]), key));
  });

  it("gives the same bytes with one worker, and different ones with another seed", async () => {
    const options = { policyPath: TWO_CHAINS, copies: 2, seed: 5 };
    const again = await apply(data, { ...options, workers: 1 });
    assert.deepEqual(contentsOf(again.out), contentsOf(outcome.out));
    const other = await apply(data, { ...options, seed: 6 });
    assert.deepEqual(filesIn(other.out), filesIn(outcome.out));
    const path = "train/cat/1_aug1-1.png";
    assert.notEqual(contentsOf(other.out).get(path), contentsOf(outcome.out).get(path));
  });

  it("keeps the first copies when there are more of them", async () => {
    const fewer = await apply(data, { policyPath: TWO_CHAINS, copies: 1, seed: 5 });
    const all = contentsOf(outcome.out);
    const written = contentsOf(fewer.out);
    for (const path of picturesIn(fewer.out)) assert.equal(all.get(path), written.get(path), path);
  });

  it("writes only augmented pictures on request", async () => {
    const alone = await apply(data, { policyPath: TWO_CHAINS, copies: 2, seed: 5, onlyAugmented: true });
    assert.deepEqual([alone.originals, alone.augmented], [0, 24]);
    const all = contentsOf(outcome.out);
    const written = contentsOf(alone.out);
    assert.equal(picturesIn(alone.out).length, 24);
    for (const path of picturesIn(alone.out)) assert.equal(all.get(path), written.get(path), path);
    assert.equal(readManifest(alone.out).length, 24);
  });
});

describe("a picture that cannot be decoded", () => {
  const data = join(root, "damaged");
  before(async () => {
    for (let i = 0; i < 4; i++) await writePicture(join(data, "a", `${i}.png`), i);
    for (let i = 0; i < 3; i++) await writePicture(join(data, "b", `${i}.jpg`), i);
    const whole = readFileSync(join(data, "b", "1.jpg"));
    writeFileSync(join(data, "b", "1.jpg"), whole.subarray(0, whole.length / 2));
    writeFileSync(join(data, "a", "2.png"), "");
    writeFileSync(join(data, "a", "notes.txt"), "none");
  });

  it("is skipped, named and counted, and changes nothing for the others", async () => {
    const { out, originals, augmented, skipped } = await apply(data);
    assert.deepEqual([originals, augmented], [5, 5]);
    assert.deepEqual(
      skipped.map(({ path }) => path).sort(),
      ["a/2.png", "a/notes.txt", "b/1.jpg"].map((path) => join(data, path)),
    );
    const written = picturesIn(out);
    assert.equal(written.length, 10);
    assert.ok(!written.some((name) => /a\/2|b\/1|notes/.test(name)));
    const rows = readManifest(out);
    assert.deepEqual(rows.at(-1)!.image_index, "6");
    for (const row of rows) await checkReproduced(data, out, row);
  });

  it("is an error if there are no others", async () => {
    const none = join(root, "all-damaged");
    mkdirSync(join(none, "a"), { recursive: true });
    writeFileSync(join(none, "a", "1.png"), "no picture");
    const out = join(root, "out-none");
    await assert.rejects(apply(none, { out }), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(
        error.message,
        /^none of the 1 pictures in .*all-damaged can be decoded \(.*1\.png: it is text, not a picture: /,
      );
      return true;
    });
    assert.equal(existsSync(out), false);
  });
});

describe("the share of images that are augmented", () => {
  it("is the chance", () => {
    for (const chance of [0, 0.1, 0.5, 1]) {
      const policies = [{ trial: 1, portion: 0.2, chains: [[{ type: "invert", magnitude: 0 } as const]] }];
      const settings = { policies, recipe: null, seed: 3, copies: 1, chance, judgedShape: null };
      const isAugmented = (index: number) =>
        [...drawCopies(settings, { index, rank: index, training: 10_000 }, { height: 2, width: 2 })].length >
        0;
      const count = Array.from({ length: 10_000 }, (_, i) => isAugmented(i)).filter(Boolean).length;
      const deviation = Math.sqrt(10_000 * chance * (1 - chance));
      assert.ok(Math.abs(count - 10_000 * chance) <= 3.5 * deviation, `${count} at ${chance}`);
    }
  });
});

describe("an archive", () => {
  it("becomes class folders; each copy follows from its original and parameters", async () => {
    const { train, test, classNames } = await loadSample();
    const options = { policyPath: THREE, top: 3, chance: 0.5, copies: 2 };
    const outcome = await apply(SAMPLE_ARCHIVE, options);
    assert.deepEqual([outcome.originals, outcome.policies], [240, 3]);
    const rows = readManifest(outcome.out);
    const drawn = rows.filter(({ parameters }) => parameters);
    assert.equal(drawn.length, outcome.augmented);
    // Half of 200 images, two copies each, within four standard deviations.
    assert.ok(Math.abs(drawn.length / 2 - 100) <= 4 * Math.sqrt(50), `${drawn.length / 2}`);
    assert.deepEqual(new Set(drawn.map((row) => row.policy_trial)), new Set(["20", "19", "18"]));
    for (const row of rows) {
      const [split, index] = row.source.split("/");
      const { images, labels } = split === "train" ? train : test!;
      assert.equal(row.class, classNames[labels[Number(index)]]);
      assert.match(row.output, new RegExp(`^${split}/${row.class}/${index}(_aug[12])?\\.png$`));
      const pixels = imageAt(images, Number(index));
      const output = await decodeImage(readFileSync(join(outcome.out, row.output)), row.output);
      assert.deepEqual(output.data, row.parameters ? renderChain(pixels, images, row.parameters) : pixels);
    }
    const again = await apply(SAMPLE_ARCHIVE, { ...options, workers: 1 });
    assert.deepEqual(contentsOf(again.out), contentsOf(outcome.out));
  });
});

describe("pictures with labels in a table", () => {
  it("become class folders of their splits, with the same source in the manifest", async () => {
    const data = join(root, "labels");
    for (const [i, name] of ["train/0.png", "train/1.png", "train/more/0.png", "test/0.png"].entries())
      await writePicture(join(data, name), i);
    const table = (...rows: string[]) => ["file_name,label", ...rows, ""].join("\n");
    writeFileSync(join(data, "train", "metadata.csv"), table("0.png,a/b", "1.png,c", "more/0.png,a/b"));
    writeFileSync(join(data, "test", "metadata.csv"), table("0.png,c"));
    const { out, images, notes } = await apply(data);
    assert.deepEqual([images, notes], [4, [await onlyNote()]]);
    const rows = readManifest(out);
    assert.deepEqual(
      rows.map(({ output, source, class: name, split }) => [output, source, name, split].join(" ")),
      [
        "train/a-b/0.png train/0.png a/b train",
        "train/a-b/0_aug1.png train/0.png a/b train",
        "train/a-b/more/0.png train/more/0.png a/b train",
        "train/a-b/more/0_aug1.png train/more/0.png a/b train",
        "train/c/1.png train/1.png c train",
        "train/c/1_aug1.png train/1.png c train",
        "test/c/0.png test/0.png c test",
      ],
    );
    for (const row of rows) await checkReproduced(data, out, row);
    assert.deepEqual(readFileSync(join(out, "test/c/0.png")), readFileSync(join(data, "test/0.png")));
    // The labels are part of the data.
    const resumed = apply(data, { out, resume: true });
    assert.equal((await resumed).doneBefore, 4);
    assert.ok(isOwnOutput({ name: "out", path: out }));
    writeFileSync(join(data, "test", "metadata.csv"), table("0.png,a/b"));
    await assert.rejects(apply(data, { out, resume: true }), UsageError);
  });

  /** The note of every output with copies. */
  async function onlyNote(): Promise<string> {
    const data = join(root, "note");
    await writePicture(join(data, "a", "0.png"), 0);
    await writePicture(join(data, "b", "0.png"), 1);
    const { notes } = await apply(data);
    assert.equal(notes.length, 1);
    return notes[0];
  }
});

describe("names that are not UTF-8", { skip: process.platform !== "linux" }, () => {
  it("are written as UTF-8", async () => {
    const data = join(root, "latin");
    for (const [i, name] of ["caf\udce9", "tea"].entries()) {
      mkdirSync(systemPath(join(data, name)), { recursive: true });
      await writePicture(join(root, "source.png"), i);
      writeFileSync(systemPath(join(data, name, "\udce9.png")), readFileSync(join(root, "source.png")));
    }
    const { out } = await apply(data);
    assert.deepEqual(picturesIn(out), ["café/é.png", "café/é_aug1.png", "tea/é.png", "tea/é_aug1.png"]);
    assert.deepEqual(
      readManifest(out).map(({ source }) => source),
      ["café/é.png", "café/é.png", "tea/é.png", "tea/é.png"],
    );
    writeFileSync(join(data, "tea", "é.png"), readFileSync(join(root, "source.png")));
    await assert.rejects(apply(data), {
      name: "UsageError",
      message: `${data}: two pictures are named "tea/é.png", in different encodings; rename one`,
    });
  });
});

describe("the output folder", () => {
  const data = join(root, "few");
  before(async () => {
    await writePicture(join(data, "a", "1.png"), 1);
    await writePicture(join(data, "b", "1.png"), 2);
  });

  it("may be there if it is empty", async () => {
    const out = join(root, "empty");
    mkdirSync(out);
    assert.equal((await apply(data, { out })).augmented, 2);
  });

  it("is refused with any content, which is kept", async () => {
    const out = join(root, "full");
    mkdirSync(out);
    writeFileSync(join(out, "mine.txt"), "mine");
    await assert.rejects(apply(data, { out }), new UsageError(`${out} is not empty; give another --out`));
    assert.deepEqual(filesIn(out), ["mine.txt"]);
  });

  it("is refused in the data's own folder, also through a link", async () => {
    const copy = join(root, "few-copy");
    cpSync(data, copy, { recursive: true });
    symlinkSync(copy, join(root, "link"));
    for (const out of [copy, join(copy, "out"), join(root, "link", "a", "out")]) {
      await assert.rejects(apply(copy, { out }), /is inside the data's own folder/);
    }
    assert.deepEqual(filesIn(copy), filesIn(data));
    assert.equal((await apply(copy, { out: `${copy}-out` })).augmented, 2);
  });

  it("accepts names as long as the file system allows", async () => {
    const long = join(root, "long");
    const name = "é".repeat(125);
    await writePicture(join(long, "a", `${name}.jpg`), 1);
    await writePicture(join(long, "a", `${name}.png`), 2);
    const { out, augmented } = await apply(long);
    assert.equal(augmented, 2);
    for (const row of readManifest(out)) await checkReproduced(long, out, row);
  });
});
