// Broken pictures and unusual kinds of pictures in a run of `apply`.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { ApplyOptions } from "../../src/apply/apply.ts";
import { arrangePictures } from "../../src/apply/arrangement.ts";
import { resolveForm } from "../../src/apply/forms.ts";
import { ApplyRun } from "../../src/apply/run.ts";
import { openSource } from "../../src/apply/source.ts";
import type { ApplySettings } from "../../src/apply/task.ts";
import { renderChain } from "../../src/augment/chain.ts";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { formatNpyHeader, formatNpyStrings } from "../../src/dataset/readers/npy.ts";
import { decodeImage, encodeJpeg, encodePng } from "../../src/image/codec.ts";
import { ANIMATED_GIF, CMYK_JPEG, gradient, png, withOrientation } from "../image/files.ts";
import { applyTo, filesIn, picturesIn, readManifest, writePicture, writePolicies } from "./pictures.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-bad-pictures-"));
after(() => rmSync(root, { recursive: true }));

const policyPath = writePolicies(join(root, "policies.json"), [[[{ type: "rotate", magnitude: 0.3 }]]]);

function apply(data: string, options: Partial<ApplyOptions> = {}) {
  // PNG, so that pixels can be compared.
  const format = options.as === "npz" ? undefined : "png";
  return applyTo(root, data, { policyPath, format, ...options });
}

function write(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

const LEAK_NOTE =
  "copies are beside their originals: a random split of the output would put copies of training pictures into " +
  "validation; --split 0.8 writes a split in which no copy leaks";

/** Originals are the files themselves; copies follow from the decoded source as the manifest says. */
async function checkOutputs(data: string, out: string): Promise<void> {
  for (const { output, source, parameters } of readManifest(out)) {
    const [original, written] = [readFileSync(join(data, source)), readFileSync(join(out, output))];
    if (!parameters) {
      assert.deepEqual(written, original, output);
      continue;
    }
    const picture = await decodeImage(original, source);
    const copy = await decodeImage(written, output);
    assert.deepEqual([copy.height, copy.width], [picture.height, picture.width]);
    assert.deepEqual(copy.data, renderChain(picture.data, picture, parameters), output);
  }
}

describe("a picture that breaks during the run", () => {
  it("is skipped, named and counted; the others are what they would have been", async () => {
    const data = join(root, "breaking");
    for (let i = 0; i < 160; i++) await writePicture(join(data, i < 80 ? "a" : "b", `${i}.png`), i, 8, 8);
    const [gone, torn] = [join(data, "b", "158.png"), join(data, "b", "159.png")];
    const whole = readFileSync(torn);
    for (const as of ["folders", "npz"] as const) {
      await writePicture(gone, 158, 8, 8);
      write(torn, whole);
      let isBroken = false;
      const onProgress = () => {
        // The last task has not been handed out yet when the first one is done.
        if (!isBroken) rmSync(gone);
        if (!isBroken) writeFileSync(torn, whole.subarray(0, 100));
        isBroken = true;
      };
      const { out, originals, augmented, skipped } = await apply(data, { as, workers: 1, onProgress });
      assert.deepEqual([originals, augmented], [158, 158]);
      assert.deepEqual(
        skipped.map(({ path }) => path),
        [gone, torn],
      );
      assert.match(skipped[0].reason, /^there is no such file/);
      assert.match(skipped[1].reason, /^the PNG is damaged, truncated/);
      assert.equal(readManifest(out).length, 2 * 158);
      if (as === "folders") await checkOutputs(data, out);
      else assert.equal((await loadDataset(out, { home: join(root, "home") })).train.labels.length, 2 * 158);
    }
  });
});

describe("a picture that ends the process that augments it, or keeps it busy", () => {
  it("is skipped, and no others; its files are removed", async () => {
    const data = join(root, "deadly");
    const names = ["a/deadly.png", "a/1.png", "a/2.png", "b/3.png", "b/endless.png", "b/4.png"];
    for (const [i, name] of names.entries()) await writePicture(join(data, name), i, 8, 8);
    const out = join(root, "out-deadly");
    for (const name of ["a", "b"]) mkdirSync(join(out, name), { recursive: true });
    // A process may have written it before it died.
    write(join(out, "b/endless.png"), Buffer.from("x"));
    const source = await arrangePictures(await openSource(data, {}), null, 0, data);
    const settings: ApplySettings = {
      ...{ policies: [], recipe: "flip-crop", judgedShape: null, seed: 0, copies: 1, chance: 1 },
      ...{ originals: true, form: resolveForm({}), imageSize: null, split: null },
    };
    const command = {
      file: process.execPath,
      args: [fileURLToPath(new URL("deadly-augmenter.ts", import.meta.url))],
    };
    const pool = { command, silenceLimit: 5000 };
    const run = new ApplyRun({ out, settings, training: source.training, workers: 2, pool });
    const reasons = new Map<string, string | undefined>();
    await run.finished(source.pictures(), async ({ pictures, results }) => {
      for (const [i, picture] of pictures.entries()) {
        const result = results[i];
        reasons.set(picture.source, "reason" in result ? result.reason : undefined);
      }
    });
    // In the order of the listing.
    assert.deepEqual([...reasons.keys()], [...names].sort());
    const why = "a process ended twice while working on it: killed";
    const skipped = [...reasons].flatMap(([name, reason]) => (reason === undefined ? [] : [[name, reason]]));
    assert.deepEqual(
      skipped.map(([name]) => name),
      ["a/deadly.png", "b/endless.png"],
    );
    assert.ok(skipped[0][1].startsWith(`${why} by SIGKILL`), skipped[0][1]);
    assert.ok(skipped[1][1].startsWith(`${why} because it reported nothing for`), skipped[1][1]);
    const written = names
      .filter((name) => !reasons.get(name))
      .flatMap((name) => [name, name.replace(".", "_aug1.")]);
    assert.deepEqual(filesIn(out), written.sort());
  });
});

describe("large pictures", () => {
  it("are tasks of their own, in the order of the listing", async () => {
    const data = join(root, "large");
    const side = 4200;
    const large = await encodePng(new Uint8Array(side * side * 3).fill(9), side, side);
    const names = ["a/1.png", "a/2 large.png", "a/3.png", "b/4.png", "b/5 large.png"];
    for (const [i, name] of names.entries()) {
      if (name.includes("large")) write(join(data, name), large);
      else await writePicture(join(data, name), i, 8, 8);
    }
    const out = join(root, "out-large");
    for (const name of ["a", "b"]) mkdirSync(join(out, name), { recursive: true });
    const source = await arrangePictures(await openSource(data, {}), null, 0, data);
    const settings: ApplySettings = {
      ...{ policies: [], recipe: "flip", judgedShape: null, seed: 0, copies: 1, chance: 0 },
      ...{ originals: true, form: resolveForm({}), imageSize: 8, split: null },
    };
    const run = new ApplyRun({ out, settings, training: source.training, workers: 2 });
    const tasks: string[][] = [];
    await run.finished(source.pictures(), async ({ pictures, results }) => {
      assert.ok(results.every((result) => !("reason" in result)));
      tasks.push(pictures.map((picture) => picture.source));
    });
    assert.deepEqual(tasks, [["a/1.png"], ["a/2 large.png"], ["a/3.png", "b/4.png"], ["b/5 large.png"]]);
  });
});

describe("a picture of a row of millions of pixels", () => {
  const strip = (side: number) => gradient(1, side);

  it("is skipped with the limit if it has more than a million; other long ones are augmented", async () => {
    const data = join(root, "long");
    await writePicture(join(data, "a/1.png"), 1);
    await writePicture(join(data, "b/1.png"), 2);
    for (const [name, height, width] of [
      ["row", 1, 1_000_001],
      ["column", 1_000_001, 1],
    ] as const) {
      write(join(data, `a/${name}.png`), await encodePng(strip(1_000_001), height, width));
    }
    write(join(data, "b/long.png"), await encodePng(strip(200_000), 1, 200_000));
    write(join(data, "b/tall.png"), await encodePng(strip(200_000), 200_000, 1));
    const chain = (["crop", "sharpen", "emboss", "gaussian-blur"] as const).map((type) => {
      return { type, magnitude: 0.9 };
    });
    const { out, originals, augmented, skipped } = await apply(data, {
      policyPath: writePolicies(join(root, "long.json"), [[chain]]),
    });
    assert.deepEqual([originals, augmented], [4, 4]);
    assert.equal(skipped.length, 2);
    for (const { reason } of skipped)
      assert.match(reason, /it declares \d+ x \d+ pixels, but at most 1000000 along a side are supported/);
    await checkOutputs(data, out);
  });

  it("is skipped in arrays too, and never augmented", async () => {
    const side = 1_000_001;
    const data = join(root, "arrays");
    write(
      join(data, "x_train.npy"),
      Buffer.concat([formatNpyHeader("|u1", [2, 1, side]), Buffer.alloc(2 * side, 7)]),
    );
    write(join(data, "y_train.npy"), formatNpyStrings(["a", "b"]));
    await assert.rejects(apply(data), (error: Error) => {
      const reason = `train/00000: it has ${side} x 1 pixels, but at most 1000000 along a side are supported`;
      assert.ok(error.message.includes(reason), error.message);
      return error instanceof UsageError;
    });
    const invert = { type: "invert", parameters: {} } as const;
    assert.throws(
      () => renderChain(new Uint8Array(3 * side), { height: 1, width: side }, [invert]),
      new RunError(
        `an image of 1 x ${side} cannot be augmented: at most 1000000 pixels along a side are supported`,
      ),
    );
  });
});

describe("an animated GIF", () => {
  it("gives its first frame, which is noted once for all of them", async () => {
    const data = join(root, "animated");
    for (const path of ["a/1.gif", "a/2.gif", "b/3.gif"]) write(join(data, path), ANIMATED_GIF);
    const { out, notes } = await apply(data);
    assert.deepEqual(notes, [
      "3 animated pictures: the first frame was used; originals are copied with all frames",
      LEAK_NOTE,
    ]);
    await checkOutputs(data, out);
    assert.deepEqual((await apply(data, { as: "npz" })).notes, [
      "3 animated pictures: the first frame was used",
      LEAK_NOTE,
    ]);
  });
});

describe("pictures of other kinds", () => {
  it("are CMYK, of 16 bits, with a palette, rotated by EXIF: augmented as they appear", async () => {
    const data = join(root, "kinds");
    write(join(data, "a/cmyk.jpg"), CMYK_JPEG);
    write(
      join(data, "a/deep.png"),
      png(2, 1, 16, 2, [
        [1, 2, 3, 4, 5, 6],
        [7, 8, 9, 10, 11, 12],
      ]),
    );
    write(
      join(data, "b/palette.png"),
      png(
        2,
        2,
        8,
        3,
        [
          [1, 0],
          [0, 1],
        ],
        [255, 0, 0, 0, 0, 255],
      ),
    );
    write(join(data, "b/turned.jpg"), withOrientation(await encodeJpeg(gradient(16, 24), 16, 24), 6));
    const { out, originals, augmented, skipped } = await apply(data);
    assert.deepEqual([originals, augmented, skipped], [4, 4, []]);
    await checkOutputs(data, out);
    const upright = await decodeImage(readFileSync(join(out, "b/turned_aug1.png")), "turned");
    assert.deepEqual([upright.height, upright.width], [24, 16]);
  });
});

describe("names", () => {
  it("have spaces, letters of any script and as many bytes as the file system allows", async () => {
    const data = join(root, "names");
    const long = `x${"é".repeat(125)}.png`;
    assert.equal(Buffer.byteLength(long), 255);
    const paths = ["my cats/cat 1 (copy).png", "犬/柴犬 🐕.jpg", '犬/a,"b".png', `my cats/${long}`];
    for (const [i, path] of paths.entries()) await writePicture(join(data, path), i);
    const { out, augmented } = await apply(data, { copies: 2 });
    assert.equal(augmented, 8);
    assert.deepEqual(
      picturesIn(out)
        .filter((path) => !path.includes("_aug"))
        .sort(),
      paths.sort(),
    );
    await checkOutputs(data, out);
    const { classNames } = await loadDataset((await apply(data, { as: "npz" })).out, {
      home: join(root, "home"),
    });
    assert.deepEqual(classNames, ["my cats", "犬"]);
  });

  it("that would give the same output are made distinct", async () => {
    const data = join(root, "same");
    for (const path of ["a/1.png", "a/1.jpg", "a/1_aug1.png", "b/1.PNG", "b/1.png"])
      await writePicture(join(data, path), path.length);
    const { out, originals, augmented } = await apply(data);
    assert.equal(picturesIn(out).length, originals + augmented);
    assert.deepEqual([originals, augmented], [5, 5]);
    await checkOutputs(data, out);
  });

  it("of classes that equal those of output files are refused", async () => {
    const data = join(root, "own");
    for (const name of ["Manifest.CSV", "b"]) await writePicture(join(data, name, "1.png"), 1);
    const out = join(root, "out-own");
    await assert.rejects(apply(data, { out }), (error: Error) => {
      assert.match(
        error.message,
        /: the folder "Manifest\.CSV" has the same name as an output file; rename it$/,
      );
      return error instanceof UsageError;
    });
    assert.throws(() => filesIn(out), /ENOENT/);
  });
});
