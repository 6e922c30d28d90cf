import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { analyseExperiment } from "../../src/analysis/analysis.ts";
import { runMain } from "../cli/run.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-analysis-"));
after(() => rmSync(root, { recursive: true }));

const SEARCH = [
  ...["train_set_size=20", "validation_set_size=10", "image_size=12", "model=basiccnn", "child_epochs=1"],
  ...["child_batch_size=10", "confirm_top=0", "workers=1", "bases=[none, flip]"],
];

async function search(name: string, ...settings: string[]): Promise<string> {
  const out = join(root, name);
  const flags = [...SEARCH, ...settings].flatMap((setting) => ["--set", setting]);
  const args = ["optimize", "--data", SAMPLE_ARCHIVE, ...flags, "--out", out];
  const { code, stderr } = await runMain(args, { DEEPAUGMENT_HOME: join(root, "home") });
  assert.equal(code, 0, stderr);
  return join(out, readdirSync(out)[0]);
}

describe("analyseExperiment", () => {
  it("reads a search of families", async () => {
    const { effects, joint } = analyseExperiment(await search("families", "iterations=4"));
    const kinds = new Set(effects.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), ["amount", "base", "strength"]);
    const values = effects.flatMap(({ points }) =>
      points.flatMap(({ mean, low, high }) => [mean, low, high]),
    );
    assert.ok(values.every(Number.isFinite));
    assert.ok(joint.length > 0 && joint.every(({ names: [a, b] }) => a !== b));
  });

  it("reads a search of chains", async () => {
    const folder = await search("chains", "iterations=3", "families=none", "operations=[rotate, invert]");
    const { effects } = analyseExperiment(folder);
    const names = effects.map(({ kind, name }) => `${kind} ${name}`);
    assert.deepEqual(names.sort(), [
      ...["base flip", "base none", "portion portion", "technique invert", "technique rotate"],
    ]);
  });

  it("refuses what is not an experiment", () => {
    assert.throws(() => analyseExperiment(root), { name: "UsageError" });
  });
});
