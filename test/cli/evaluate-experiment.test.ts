// From a search to its evaluation on a folder without a test split, with real trainings: the files say which images were
// tested, and none of them judged a policy.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { pixelDigests } from "../../src/dataset/identical.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { readSubsets } from "../../src/dataset/subset-file.ts";
import { writePhotos } from "../evaluate/photos.ts";
import { runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-evaluate-experiment-"));
const home = join(root, "home");
const environment = { DEEPAUGMENT_HOME: home };
after(() => rmSync(root, { recursive: true }));

const photos = join(root, "photos");

async function optimize(name: string, more: Record<string, unknown> = {}): Promise<string> {
  const out = join(root, name);
  const settings = {
    ...{ data: photos, image_size: 12, iterations: 2, opt_initial_points: 1, child_epochs: 2 },
    ...{ child_batch_size: 10, train_set_size: 24, validation_set_size: 15, opt_samples: 1 },
    ...{ model: "basiccnn", bases: "[none, flip-crop]", confirm_samples: 0 },
    ...{ engine: "wasm", workers: 1, out, ...more },
  };
  const args = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const { code, stderr } = await runMain(["optimize", ...args], environment);
  assert.equal(code, 0, stderr);
  const [folder] = readdirSync(out);
  return join(out, folder);
}

interface Evaluated {
  readonly heldOut: number[];
  readonly stderr: string;
}

async function evaluate(name: string, experiment: string, more: string[] = []): Promise<Evaluated> {
  const out = join(root, name);
  const settings = [
    "arms=[none, flip]",
    "epochs=1",
    "samples=1",
    "batch_size=20",
    "engine=wasm",
    "workers=1",
  ];
  const args = settings.flatMap((setting) => ["--set", setting]);
  const { code, stderr } = await runMain(
    ["evaluate", "--experiment", experiment, ...args, "--out", out, ...more],
    environment,
  );
  assert.equal(code, 0, stderr);
  const facts = JSON.parse(readFileSync(join(out, readdirSync(out)[0], "evaluation.json"), "utf8"));
  assert.equal(facts.split.testFrom, "train");
  assert.equal(facts.testImages, facts.split.heldOut.length);
  return { heldOut: facts.split.heldOut, stderr };
}

const validationOf = (experiment: string): number[] =>
  JSON.parse(readFileSync(join(experiment, "experiment.json"), "utf8")).subsets.validation;

describe("deepaugment evaluate --experiment on data without a test split", () => {
  let train: LabelledImages;
  let digests: string[];
  let experiment: string;
  before(async () => {
    await writePhotos(photos);
    ({ train } = await loadDataset(photos, { home, imageSize: 12 }));
    digests = pixelDigests(train.images);
    experiment = await optimize("search");
  });

  /** No image, and no copy of one, is tested that is in `indices`. */
  const assertUntested = (heldOut: readonly number[], indices: readonly number[]) => {
    const tested = new Set(heldOut.map((index) => digests[index]));
    assert.ok(heldOut.length >= 9, String(heldOut.length));
    assert.ok(indices.length > 0 && indices.every((index) => !tested.has(digests[index])));
  };

  it("tests no image that validated the search, and trains on no test image", async () => {
    const { heldOut, stderr } = await evaluate("evaluation", experiment);
    assertUntested(heldOut, validationOf(experiment));
    assert.match(stderr, /images are held out for testing/);
    assert.doesNotMatch(stderr, /look better/);
    // The images themselves, as the trainings got them.
    const files = readdirSync(join(home, "subsets"));
    const imagesOf = (isEvaluation: boolean) => {
      const names = files.filter((name) => name.includes("-evaluation-") === isEvaluation);
      assert.equal(names.length, 1);
      const { train, validation } = readSubsets(join(home, "subsets", names[0]));
      return { train: pixelDigests(train.images), validation: pixelDigests(validation.images) };
    };
    const { train: trained, validation: tested } = imagesOf(true);
    assert.equal(trained.length + tested.length, 63);
    assert.deepEqual(
      tested.filter((digest) => trained.includes(digest)),
      [],
    );
    const searched = imagesOf(false).validation;
    assert.deepEqual(
      tested.filter((digest) => searched.includes(digest)),
      [],
    );
  });

  it("nor at another image size", async () => {
    const { heldOut, stderr } = await evaluate("larger", experiment, ["--set", "image_size=16"]);
    assertUntested(heldOut, validationOf(experiment));
    assert.doesNotMatch(stderr, /look better/);
  });

  it("nor one that validated a search from which the experiment was warm-started", async () => {
    const later = await optimize("later", { warm_start: experiment, seed: 1, image_size: 16 });
    assert.notDeepEqual(validationOf(later), validationOf(experiment));
    const { heldOut, stderr } = await evaluate("warm", later);
    assertUntested(heldOut, [...validationOf(experiment), ...validationOf(later)]);
    assert.doesNotMatch(stderr, /look better/);
    rmSync(experiment, { recursive: true });
    const unknown = await evaluate("unknown", later);
    assertUntested(unknown.heldOut, validationOf(later));
    assert.match(
      unknown.stderr.replace(/\s+/g, " "),
      /it is not known which images validated .*, from which .* was warm-started: if they are among these/,
    );
  });
});
