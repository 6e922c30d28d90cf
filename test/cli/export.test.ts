import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { lineOf, runMain } from "./run.ts";

const POLICIES = fileURLToPath(new URL("../../configs/policies/cifar10-60-trials.json", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "deepaugment-cli-export-"));
after(() => rmSync(root, { recursive: true }));

describe("deepaugment export", () => {
  it("writes the module and prints the lines that use it", async () => {
    const out = join(root, "module");
    const args = ["export", "--policy", POLICIES, "--to", "keras", "--out", out];
    const { code, stdout, stderr } = await runMain(args);
    assert.equal(code, 0, stderr);
    const path = join(out, "deepaugment_policy.py");
    assert.equal(
      stdout,
      `Wrote ${path}. In Python:\n\n  from deepaugment_policy import AugmentedDataset\n  model.fit(AugmentedDataset(images, labels, batch_size=64), epochs=50)\n`,
    );
    assert.match(readFileSync(path, "utf8"), /^class AugmentedDataset\(keras\.utils\.PyDataset\):$/m);
  });

  it("prints JSON", async () => {
    const out = join(root, "json");
    const args = [
      "export",
      "--policy",
      POLICIES,
      "--top",
      "3",
      "--to",
      "numpy",
      "--added",
      "--out",
      out,
      "--json",
    ];
    const { stdout } = await runMain(args);
    assert.deepEqual(JSON.parse(stdout), {
      to: "numpy",
      file: join(out, "deepaugment_policy.py"),
      recipe: null,
      policies: 3,
      usage: ["from deepaugment_policy import with_copies", "images, labels = with_copies(images, labels)"],
    });
  });

  it("refuses in one line, and writes nothing", async () => {
    const out = join(root, "refused");
    const empty = join(root, "empty.json");
    writeFileSync(empty, "");
    const refused = async (...args: string[]) => lineOf(await runMain(["export", "--out", out, ...args]));
    assert.match(await refused("--to", "numpy"), /nothing to export; give --policy, --recipe, or both/);
    assert.match(
      await refused("--to", "jax", "--recipe", "flip"),
      /--to.*albumentations, torchvision, keras/,
    );
    assert.match(await refused("--to", "numpy", "--policy", join(root, "none")), /cannot read the policies/);
    assert.match(await refused("--to", "numpy", "--policy", empty), /the file is empty/);
    assert.match(await refused("--to", "numpy", "--policy", root), /no best\.json/);
    assert.equal(existsSync(out), false);
  });
});
