// `apply`, `preview` and `evaluate` with the policy of a search: the same data are read as the search read them.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, before, describe, it } from "node:test";
import { applyPolicies } from "../../src/apply/apply.ts";
import { EVALUATION } from "../../src/config/evaluation.ts";
import { formatConfig, loadKeys, resolveConfig } from "../../src/config/load.ts";
import { findSource } from "../../src/evaluate/source.ts";
import { readingOfSearch } from "../../src/experiment/reading.ts";
import { applyTo, writePicture, writePolicies } from "../apply/pictures.ts";
import { runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-like-search-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true, force: true }));

const PICTURES = 24;
const data = join(root, "pets");
const search = join(root, "search");
const policy = join(search, "best.json");

/** Pictures with two columns of labels, of which `label` is used unless another one is named. */
before(async () => {
  const rows = ["picture,label,coat"];
  for (let i = 0; i < PICTURES; i++) {
    await writePicture(join(data, "pictures", `${i}.png`), i);
    rows.push(`${i}.png,${i % 2 ? "cat" : "dog"},${i % 4 < 2 ? "long" : "short"}`);
  }
  writeFileSync(join(data, "labels.csv"), `${rows.join("\n")}\n`);
  mkdirSync(search);
  writePolicies(policy, [[[{ type: "rotate", magnitude: 0.4 }]]]);
  const facts = {
    ...{ format: "deepaugment-experiment", version: 1 },
    dataset: { name: "pets", digest: "0".repeat(64), classes: 2, imageShape: [32, 32, 3] },
    subsets: { train: [0, 1], validation: [2, 3], validationFrom: "train" },
  };
  writeFileSync(join(search, "experiment.json"), JSON.stringify(facts));
  writeConfig({ label_column: "coat" });
});

const SIZES = { image_size: 32, train_set_size: 6, validation_set_size: 2, child_epochs: 1 };

function writeConfig(keys: Record<string, unknown>): void {
  writeFileSync(join(search, "config.yaml"), formatConfig(resolveConfig({ data, ...SIZES, ...keys })));
}

const argsOf = (out: string, ...more: string[]) => [
  ...["apply", "--policy", search, "--data", data, "--chance", "1", "--out", join(root, out)],
  ...more,
];
const hasClasses = (out: string, ...classes: string[]) => {
  for (const name of ["cat", "dog", "long", "short"])
    assert.equal(existsSync(join(root, out, name)), classes.includes(name), `${out}: ${name}`);
};

describe("the policy of a search and its data", () => {
  it("are applied with the search's columns, however the path is written, and a note says so", async () => {
    for (const [out, path] of [
      ["plain", data],
      ["slash", `${data}/`],
      ["relative", relative(process.cwd(), data)],
    ]) {
      const { code, stderr } = await runMain(argsOf(out, "--data", path), environment);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^note: the data are read as in the search: --set label_column=coat$/m);
      hasClasses(out, "long", "short");
    }
    const { data: kept } = JSON.parse(readFileSync(join(root, "plain", "apply.json"), "utf8"));
    assert.deepEqual(kept.columns, { label: "coat" });
  });

  it("are applied with what is given instead", async () => {
    const { code, stderr } = await runMain(argsOf("given", "--set", "label_column=label"), environment);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /as in the search/);
    hasClasses("given", "cat", "dog");
  });

  it("are not mixed up with other data: a note names the columns", async () => {
    const other = join(root, "others");
    cpSync(data, other, { recursive: true });
    const { code, stderr } = await runMain(argsOf("other", "--data", other), environment);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^note: the search read its data with --set label_column=coat; add this if /m);
    hasClasses("other", "cat", "dog");
  });

  it("are previewed and evaluated with the search's columns", async () => {
    const out = join(root, "preview.png");
    const preview = ["preview", "--policy", policy, "--data", data, "--images", "2", "--out", out, "--json"];
    const { code, stdout, stderr } = await runMain(preview, environment);
    assert.equal(code, 0, stderr);
    const { pictures } = JSON.parse(stdout) as { pictures: { className: string }[] };
    assert.deepEqual(pictures.map(({ className }) => className).sort(), ["long", "short"]);

    const sourceOf = (keys: Record<string, unknown>) =>
      findSource(loadKeys(EVALUATION, { overrides: { policy, ...keys } })).settings;
    const coat = { columns: { label: "coat" } };
    assert.deepEqual([sourceOf({}), sourceOf({ data: `${data}/` })], [coat, coat]);
    assert.deepEqual(sourceOf({ data, label_column: "label" }), { columns: { label: "label" } });
    assert.deepEqual(sourceOf({ data: "cifar10" }), {});
  });
});

describe("a run of apply that is resumed", () => {
  const options = { policyPath: policy, copies: 2, workers: 1, resume: true };

  /** Runs until the first picture is reported. */
  async function begin(out: string, more: Parameters<typeof applyTo>[2]): Promise<void> {
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await assert.rejects(applyTo(root, data, { ...options, ...more, out, onProgress, signal: stop.signal }));
  }

  it("reads the data as when it began, before this version used the search's columns, too", async () => {
    const searched = { columns: { label: "coat" } };
    for (const [name, first] of Object.entries({ old: {}, own: { columns: { label: "label" } } })) {
      const out = join(root, name);
      await begin(out, first);
      const resumed = await applyTo(root, data, { ...options, out, searched });
      assert.ok(resumed.doneBefore > 0 && resumed.doneBefore < PICTURES, `${resumed.doneBefore}`);
      hasClasses(name, "cat", "dog");
    }
    const out = join(root, "new");
    await begin(out, { searched });
    const { doneBefore } = await applyTo(root, data, { ...options, out });
    assert.ok(doneBefore > 0 && doneBefore < PICTURES);
    hasClasses("new", "long", "short");
  });

  it("cannot be resumed with other columns", async () => {
    const out = join(root, "changed");
    await begin(out, {});
    const changed = applyPolicies({
      ...{ ...options, data, out, top: 1, chance: 1, onlyAugmented: false, seed: 0 },
      columns: { label: "coat" },
    });
    await assert.rejects(changed, /the data in .* is not what .* was started with/);
  });
});

describe("readingOfSearch", () => {
  it("is undefined for a policy file that is in no experiment", () => {
    const alone = writePolicies(join(root, "alone.json"), [[[{ type: "rotate", magnitude: 0.4 }]]]);
    assert.equal(readingOfSearch(alone, data), undefined);
    assert.equal(readingOfSearch(policy, data)?.isSameData, true);
    assert.equal(readingOfSearch(policy, root)?.isSameData, false);
  });
});
