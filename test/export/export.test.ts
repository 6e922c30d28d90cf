import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
import { albumentationsPolicy } from "../../src/pipelines/albumentations.ts";
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

describe("exportPolicies with native", () => {
  const native = (
    policies: readonly Policy[],
    to: ExportOptions["to"],
    options: Partial<ExportOptions> = {},
  ) => exported({ policyPath: policyFile(policies), to, native: true, top: policies.length, ...options });
  const fixed = (...types: Policy["chains"][number][number]["type"][]): Policy["chains"] =>
    types.map((type) => [{ type, magnitude: 0.5 }]);

  /** The pipeline beside the module. */
  function pipelineIn({ file }: { readonly file: string }) {
    return JSON.parse(readFileSync(file.replace(/\.py$/, ".json"), "utf8"));
  }

  it("writes for Albumentations a pipeline that is read back as the same policy", () => {
    const chances: Policy = {
      ...{ base: "flip", redrawn: true, portion: 0.5, chances: [0.5, 0.25] },
      chains: fixed("rotate", "invert"),
    };
    const outcome = native([chances], "albumentations");
    assert.match(outcome.text, /^"""Image augmentation exported by DeepAugment/);
    assert.match(outcome.text, /VERSION = "2\.0\.8"/);
    const pipeline = pipelineIn(outcome);
    assert.equal(pipeline.__version__, "2.0.8");
    const { chains, weights, portion } = albumentationsPolicy(pipeline);
    assert.equal(portion, 1);
    const shares = chains.map((chain, i) => [
      chain.map(({ type }) => type).join(" "),
      weights![i].toFixed(4),
    ]);
    assert.deepEqual(Object.fromEntries(shares), {
      "horizontal-flip": (1 - 0.5 + 0.5 * 0.5 * 0.75).toFixed(4),
      "horizontal-flip rotate": (0.5 * 0.5 * 0.75).toFixed(4),
      "horizontal-flip invert": (0.5 * 0.5 * 0.25).toFixed(4),
      "horizontal-flip rotate invert": (0.5 * 0.5 * 0.25).toFixed(4),
    });
  });

  it("gives originals weight 1 and copies weight portion", () => {
    const policy: Policy = { portion: 0.25, chains: fixed("invert", "posterize") };
    const { chains, weights, portion } = albumentationsPolicy(pipelineIn(native([policy], "albumentations")));
    assert.equal(portion.toFixed(6), (0.5 / 1.5).toFixed(6));
    assert.deepEqual(
      chains.map(([{ type }], i) => [type, weights![i].toFixed(6)]),
      [
        ["invert", (0.25 / 1.5).toFixed(6)],
        ["posterize", (0.25 / 1.5).toFixed(6)],
      ],
    );
    const { text } = native([policy], "torchvision");
    assert.match(
      text,
      /v2\.Identity\(\),\n\s+v2\.RandomInvert\(p=1\),\n\s+v2\.RandomPosterize\(5, p=1\),\n\s*\], p=\[1, 0\.25, 0\.25\]\)/,
    );
  });

  it("writes drawn magnitudes as ranges", () => {
    const policy: Policy = {
      ...{ redrawn: true, portion: 1, magnitudes: "drawn", chances: [1, 1, 1] },
      chains: [
        [{ type: "brightness", magnitude: 0.5 }],
        [{ type: "vertical-flip", magnitude: 1 }],
        [{ type: "posterize", magnitude: 0.25 }],
      ],
    };
    const { text } = native([policy], "torchvision");
    assert.match(text, /v2\.ColorJitter\(brightness=\(0\.505, 1\.495\)\)/);
    assert.match(text, /v2\.RandomVerticalFlip\(p=0\.5\)/);
    // Of 0 to 1.5 bits: 0 up to 0.5, 1 up to 1.5; the last has no chance.
    assert.match(
      text,
      /v2\.Identity\(\),\n\s+v2\.RandomPosterize\(7, p=1\),\n\s*\], p=\[0\.3333333333333333, 0\.6666666666666666\]\)/,
    );
  });

  it("draws from several policies, after a recipe in place of their bases", () => {
    const each = (type: "invert" | "equalize"): Policy => ({
      ...{ base: "flip-crop", redrawn: true, portion: 1 },
      chains: fixed(type),
    });
    const { text } = native([each("invert"), each("equalize")], "torchvision", {
      recipe: "flip+trivialaugment",
    });
    assert.match(
      text,
      /TRANSFORM = v2\.Compose\(\[\n {4}v2\.RandomHorizontalFlip\(p=0\.5\),\n {4}transforms\.TrivialAugmentWide\(\),\n {4}v2\.RandomChoice\(\[\n {8}v2\.RandomInvert\(p=1\),\n {8}v2\.RandomEqualize\(p=1\),\n {4}\], p=\[1, 1\]\),\n\]\)/,
    );
  });

  it("refuses by name what is not exact, and writes nothing", () => {
    const drawn: Policy = { ...REDRAWN, base: "flip" };
    const cases: [() => unknown, RegExp][] = [
      [() => native([ORIGINAL], "albumentations"), /exactly the same as shear, fog; export without --native/],
      [() => native([REDRAWN], "torchvision"), /the same as flip-crop, rotate at drawn magnitudes; export/],
      [() => native([drawn], "albumentations"), /the same as rotate at drawn magnitudes, color at drawn/],
      [() => exported({ native: true, recipe: "flip+randaugment", to: "albumentations" }), /as randaugment;/],
      [() => native([drawn], "keras"), /--native: keras has no transforms for whole policies; give --to/],
      [
        () => native([ORIGINAL], "albumentations", { added: true }),
        /--native and --added exclude each other/,
      ],
    ];
    const before = outs;
    for (const [run, message] of cases) assert.throws(run, { name: UsageError.name, message });
    for (let out = before; out < outs; out++) assert.ok(!existsSync(join(root, `out-${out}`)));
  });

  it("replaces no pipeline that it did not write", () => {
    const out = join(root, "pipelines");
    mkdirSync(out);
    writeFileSync(join(out, "deepaugment_policy.json"), "{}");
    assert.throws(
      () => exported({ native: true, recipe: "flip", to: "albumentations", out }),
      /deepaugment_policy\.json exists, and export did not write it/,
    );
  });
});
