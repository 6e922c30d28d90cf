// Files named by their content, and trainings whose files are somewhere else than the task's hints say.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { subsetsDigest, writeSubsets } from "../../src/dataset/subset-file.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { contentRef, locateByHint, locateVerified } from "../../src/search/content.ts";
import { runTraining, type TrainingTask } from "../../src/search/training.ts";
import { loadSample, slice } from "../fixtures/sample.ts";

const MODEL = join(import.meta.dirname, "../fixtures/keras/keras3-resnet.keras");
const folder = mkdtempSync(join(tmpdir(), "deepaugment-content-"));
after(() => rmSync(folder, { recursive: true }));

describe("a reference to a file", () => {
  const path = join(folder, "file");
  before(() => writeFileSync(path, "content"));

  it("has the SHA-256 of the content and an absolute path", () => {
    const digest = createHash("sha256").update("content").digest("hex");
    assert.deepEqual(contentRef(relative(process.cwd(), path)), { digest, path });
    assert.throws(
      () => contentRef(join(folder, "none")),
      (error) =>
        error instanceof RunError && /^cannot read .*none: there is no such file/.test(error.message),
    );
  });

  it("is resolved to a file of that content, wherever it is; the file is read once", async () => {
    const ref = contentRef(path);
    assert.equal(await locateVerified(ref, locateByHint), path);
    const elsewhere = join(folder, "elsewhere");
    copyFileSync(path, elsewhere);
    const locate = async ({ digest }: { digest: string }) => (digest === ref.digest ? elsewhere : "none");
    assert.equal(await locateVerified(ref, locate), elsewhere);
    rmSync(elsewhere);
    assert.equal(await locateVerified(ref, locate), elsewhere, "it is known by now");
  });

  it("is refused, in one line, if the file has another content", async () => {
    const other = join(folder, "other");
    writeFileSync(other, "other content");
    await assert.rejects(
      locateVerified(contentRef(path), () => other),
      (error) =>
        error instanceof UsageError &&
        /other is not the file that the training was given: its SHA-256 is [0-9a-f]{12}…, expected [0-9a-f]{12}…; restore the file as it was written$/.test(
          error.message,
        ),
    );
    await assert.rejects(
      locateVerified(contentRef(path), () => join(folder, "none")),
      (error) => error instanceof RunError && /^cannot read .*none/.test(error.message),
    );
  });
});

describe("a training", () => {
  const path = join(folder, "subsets.bin");
  let task: TrainingTask;
  before(async () => {
    const { train } = await loadSample();
    const subsets = { train: slice(train, 0, 10), validation: slice(train, 10, 16), classes: 10 };
    writeSubsets(path, subsets);
    assert.equal(contentRef(path).digest, subsetsDigest(subsets));
    task = {
      ...{ trial: 1, sample: 0, policy: noAugmentation(1, 2), seed: 1, model: contentRef(MODEL) },
      ...{ engine: "wasm", precision: "float32", threads: 1, epochs: 1, batchSize: 10 },
      ...{ subsets: contentRef(path), replaceHead: true, returnsWeights: true },
    };
  });

  it("is the same as JSON, with its files where another machine has them", async () => {
    const { history, weights } = await runTraining(task);
    assert.ok(weights && weights.length > 1000);
    const start = join(folder, "start.safetensors");
    writeFileSync(start, weights);

    const travelled = JSON.parse(
      JSON.stringify({ ...task, returnsWeights: false, initialWeights: contentRef(start) }),
      (key, value) => (key === "path" ? "/not/of/this/machine" : value),
    ) as TrainingTask;
    const here = new Map([path, MODEL, start].map((file) => [contentRef(file).digest, file] as const));
    const asked: string[] = [];
    const resumed = await runTraining(travelled, undefined, ({ digest }) => {
      asked.push(digest);
      return here.get(digest) ?? assert.fail(digest);
    });
    assert.deepEqual(new Set(asked).size, 2, "the images are loaded already");
    assert.ok(resumed.history[0].loss < history[0].loss);
    assert.equal(resumed.weights, undefined);
    const atHints = await runTraining({ ...task, initialWeights: contentRef(start) });
    assert.equal(atHints.history[0].loss, resumed.history[0].loss);
  });

  it("refuses images or weights that are not those that it names", async () => {
    const changed = join(folder, "changed.bin");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(changed, bytes);
    const digest = "ab".repeat(32);
    for (const wrong of [
      { subsets: { digest, path: changed } },
      { initialWeights: { digest, path: changed } },
    ]) {
      await assert.rejects(
        runTraining({ ...task, ...wrong }),
        (error) => error instanceof UsageError && /changed\.bin is not the file/.test(error.message),
      );
    }
  });
});
