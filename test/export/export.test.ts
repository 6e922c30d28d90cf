import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../src/common/errors.ts";
import { RECIPES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { type ExportOptions, exportPolicies } from "../../src/export/export.ts";
import { FRAMEWORKS } from "../../src/export/frameworks.ts";
import { moduleOf } from "../../src/export/module.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { formatPolicyFile } from "../../src/policy/policy-file.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-export-"));
after(() => rmSync(root, { recursive: true }));

const ORIGINAL: Policy = {
  chains: [[{ type: "shear", magnitude: 0.3 }], [{ type: "fog", magnitude: 0 }]],
  portion: 0.25,
};
const REDRAWN: Policy = {
  base: "flip-crop",
  chains: [[{ type: "rotate", magnitude: 0.2 }], [{ type: "color", magnitude: 0.9 }]],
  chances: [0.5, 0.25],
  magnitudes: "drawn",
  portion: 1,
  redrawn: true,
};

let files = 0;
function policyFile(policies: readonly Policy[], name = "photos"): string {
  const measured = { reward: 0.5, standardError: null, confirmed: false };
  const path = join(root, `policies-${files++}.json`);
  const found = policies.map((policy) => ({
    ...policy,
    ...measured,
    trial: 1,
    expectedAccuracyIncrease: 0.1,
  }));
  const dataset = { name, classes: 2, imageShape: [48, 32, 3] as const };
  writeFileSync(path, formatPolicyFile({ dataset, baseline: measured, policies: found }));
  return path;
}

let outs = 0;
function exported(options: Partial<ExportOptions>) {
  const out = join(root, `out-${outs++}`);
  const outcome = exportPolicies({ to: "numpy", out, top: 1, added: false, ...options });
  return { ...outcome, text: readFileSync(outcome.file, "utf8") };
}

/** What the module's interpreter reads as the policies. */
function specificationIn(text: string): unknown {
  const [, json] = /^SPECIFICATION = json\.loads\("""(.*?)"""\)$/ms.exec(text) ?? [];
  return JSON.parse(json);
}

describe("exportPolicies", () => {
  it("writes the policies as they are, with the shape on which they were judged", () => {
    const { text, policies } = exported({
      policyPath: policyFile([REDRAWN, ORIGINAL]),
      top: 5,
      recipe: "flip",
    });
    assert.equal(policies, 2);
    assert.deepEqual(specificationIn(text), {
      recipe: "flip",
      policies: [REDRAWN, ORIGINAL],
      judgedShape: [48, 32],
    });
  });

  it("writes the best policy unless more are asked for", () => {
    const policyPath = policyFile([REDRAWN, ORIGINAL]);
    assert.deepEqual(specificationIn(exported({ policyPath }).text), {
      policies: [REDRAWN],
      judgedShape: [48, 32],
    });
  });

  it("writes a recipe without a search", () => {
    for (const recipe of RECIPES) {
      const { text } = exported({ recipe, to: "torchvision" });
      assert.deepEqual(specificationIn(text), { recipe, policies: [] });
      assert.match(text, new RegExp(`Every image goes through the recipe ${recipe}\\.`));
    }
  });

  it("begins with the lines that use it", () => {
    for (const to of FRAMEWORKS) {
      const { text, usage, file } = exported({ policyPath: policyFile([REDRAWN]), to });
      assert.match(file, /deepaugment_policy\.py$/);
      assert.equal(usage.length, 2);
      for (const line of usage) assert.ok(text.slice(0, 1000).includes(`    ${line}\n`), line);
      const [, name] = /import (\w+)$/.exec(usage[0])!;
      assert.match(text, new RegExp(`^(class|def) ${name}\\b`, "m"));
    }
  });

  it("says what becomes of the number of steps", () => {
    const mixed = exported({ policyPath: policyFile([ORIGINAL]) }).text;
    assert.match(
      mixed,
      /an epoch has 1 \/ 1\.50 of the search's steps: train for 1\.50 times as many epochs/,
    );
    assert.match(
      exported({ policyPath: policyFile([REDRAWN]) }).text,
      /an epoch has as many steps as without/,
    );
    const added = exported({ policyPath: policyFile([ORIGINAL]), added: true }).text;
    assert.match(added, /An epoch has the originals and the copies/);
  });

  it("refuses what cannot be added to the originals", () => {
    const add = (options: Partial<ExportOptions>) => () => exported({ added: true, ...options });
    assert.throws(add({ policyPath: policyFile([ORIGINAL, REDRAWN]), top: 2 }), {
      name: UsageError.name,
      message: /--added does not apply to policy 2: .* export it without --added/,
    });
    assert.throws(add({ recipe: "flip" }), /--added does not apply to a recipe/);
    assert.throws(() => exported({}), /nothing to export; give --policy, --recipe, or both/);
  });

  it("replaces what it wrote, and nothing else", () => {
    const out = join(root, "own");
    exported({ out, recipe: "flip" });
    assert.deepEqual(specificationIn(exported({ out, recipe: "flip-crop" }).text), {
      recipe: "flip-crop",
      policies: [],
    });
    const other = join(root, "other");
    mkdirSync(other);
    writeFileSync(join(other, "deepaugment_policy.py"), "print(1)\n");
    assert.throws(() => exported({ out: other, recipe: "flip" }), /exists, and export did not write it/);
    assert.equal(readFileSync(join(other, "deepaugment_policy.py"), "utf8"), "print(1)\n");
  });

  it("keeps names inside the docstring", () => {
    const name = 'a"""\nimport os\\';
    const { text } = exported({ policyPath: policyFile([REDRAWN], name) });
    assert.equal(text.indexOf('"""', 3), text.indexOf('"""\n\nimport json'));
  });
});

describe("the exported operations", () => {
  it("have all techniques", () => {
    const operations = moduleOf({ policies: [] }, "numpy", false);
    const path = fileURLToPath(new URL("../../python/operations.py", import.meta.url));
    assert.ok(operations.includes(readFileSync(path, "utf8").trim()));
    const [, table] = /^TECHNIQUES = \{(.*?)^\}/ms.exec(operations)!;
    const names = [...table.matchAll(/^ {4}"([a-z-]+)": \(/gm)].map(([, name]) => name);
    assert.deepEqual(names.toSorted(), [...EXTENDED_TECHNIQUES].toSorted());
  });
});
