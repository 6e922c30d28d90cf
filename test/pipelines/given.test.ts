// Policies in any form: files, and names of torchvision; what is refused is one line.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { stringify } from "yaml";
import { UsageError } from "../../src/common/errors.ts";
import { policyText, readGivenPolicies } from "../../src/pipelines/given.ts";
import { isTorchvision, torchvisionPolicy } from "../../src/pipelines/torchvision.ts";
import { writePolicies } from "../apply/pictures.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-pipelines-"));
after(() => rmSync(root, { recursive: true }));

const PIPELINE = {
  __version__: "2.0.8",
  transform: {
    __class_fullname__: "Compose",
    p: 1,
    transforms: [{ __class_fullname__: "HorizontalFlip", p: 0.5 }],
    ...{ bbox_params: null, keypoint_params: null, additional_targets: {}, is_check_shapes: true },
  },
};
const MIRRORED = {
  chains: [[{ type: "horizontal-flip", magnitude: 0.5 }]],
  ...{ portion: 1, chances: [1], redrawn: true },
};

let files = 0;
function file(text: string, ending = ".json"): string {
  const path = join(root, `file-${files++}${ending}`);
  writeFileSync(path, text);
  return path;
}

function refuses(source: string, message: RegExp): void {
  assert.throws(
    () => readGivenPolicies(source),
    (error: Error) => {
      assert.equal(error.name, UsageError.name, error.stack);
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n") && error.message.length < 1000);
      return true;
    },
  );
}

describe("readGivenPolicies", () => {
  it("reads a pipeline in JSON and in YAML, with any name of the file", () => {
    const sources = [
      file(JSON.stringify(PIPELINE)),
      file(`\ufeff  ${JSON.stringify(PIPELINE)}`, ".yml"),
      file(stringify(PIPELINE), ".yaml"),
      file(stringify(PIPELINE), ".txt"),
    ];
    for (const source of sources) assert.deepEqual(readGivenPolicies(source), { policies: [MIRRORED] });
  });

  it("reads a policy file with what is known of its policies", () => {
    const path = writePolicies(join(root, "best.json"), [[[{ type: "rotate", magnitude: 0.4 }]]]);
    const { policies, dataset } = readGivenPolicies(path);
    assert.equal(policies[0].trial, 20);
    assert.equal(dataset?.imageShape.length, 3);
    assert.equal(policyText(path), readFileSync(path, "utf8"));
  });

  it("keeps a pipeline and a name as a policy file", () => {
    for (const source of [file(JSON.stringify(PIPELINE)), "torchvision:RandAugment"]) {
      const kept = file(policyText(source));
      assert.deepEqual(readGivenPolicies(kept), readGivenPolicies(source));
    }
    refuses(file('{"format":"deepaugment-policies","version":3,"policies":[]}'), /policies: expected a list/);
    refuses(
      file('{"format":"deepaugment-policies","version":3,"policies":[{"portion":2}]}'),
      /policies\[0\]\.portion: expected a number from 0 to 1/,
    );
  });

  it("refuses what is no pipeline in one line", () => {
    const inTransform = (transform: unknown) => JSON.stringify({ ...PIPELINE, transform });
    const deep = `${'{"transform":'.repeat(200)}1${"}".repeat(200)}`;
    refuses(join(root, "missing.json"), /cannot read the policies .*there is no such file/);
    refuses(root, /cannot read the policies .*it is a folder/);
    refuses(file(""), /the file is empty/);
    refuses(file("import albumentations as A"), /not valid JSON/);
    refuses(file('{"__version__": "2.0.8", "transform": {'), /not valid JSON/);
    refuses(file('{"transform": {"__class_fullname__": "NoOp", "p": NaN}}'), /not valid JSON/);
    refuses(file(deep), /more than 100 levels/);
    refuses(file(inTransform([])), /not a policy file/);
    refuses(file(inTransform({ __class_fullname__: "HorizontalFlip" })), /transform: p: expected number/);
    refuses(
      file(inTransform({ __class_fullname__: "Compose", p: 1, transforms: 7 })),
      /transforms: expected array/,
    );
    refuses(
      file(inTransform({ __class_fullname__: "x\u001b[31m\n".repeat(9999), p: 1 })),
      /no technique is known/,
    );
    refuses(file(`${"a".repeat(90)}\0`), /cannot read the policies .*it is not text/);
  });

  it("refuses YAML that is too large, or made to become so", () => {
    refuses(file(`transform:\n${" a: 1\n".repeat(50_000)}`, ".yaml"), /more than the 262144/);
    const laughs = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (let i = 1; i < 9; i++) {
      const before = String.fromCharCode(96 + i);
      const name = String.fromCharCode(97 + i);
      laughs.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(",")}]`);
    }
    refuses(file(`${laughs.join("\n")}\ntransform: *i\n`, ".yaml"), /not valid YAML/);
    refuses(file("transform: !!python/object:os.system {}\n", ".yaml"), /not valid YAML/);
    refuses(file(`transform: ${"[".repeat(20_000)}`, ".yaml"), /not valid YAML/);
    refuses(file("transform: {\n", ".yaml"), /not valid YAML/);
  });
});

describe("torchvisionPolicy", () => {
  it("knows the two recipes, with the arguments that are theirs", () => {
    const names: [string, string][] = [
      ["torchvision:TrivialAugmentWide", "trivialaugment"],
      ["TrivialAugmentWide()", "trivialaugment"],
      ["TrivialAugmentWide(num_magnitude_bins=31, fill=None)", "trivialaugment"],
      ["torchvision:RandAugment", "randaugment"],
      ["RandAugment(num_ops=2, magnitude=9)", "randaugment"],
      ["RandAugment(2, 9, 31, InterpolationMode.NEAREST, fill=None)", "randaugment"],
    ];
    for (const [name, recipe] of names) {
      assert.ok(isTorchvision(name), name);
      const { base, portion, redrawn } = torchvisionPolicy(name);
      assert.deepEqual({ base, portion, redrawn }, { base: recipe, portion: 0, redrawn: true }, name);
    }
    assert.ok(!isTorchvision("policies/RandAugment.json"));
  });

  it("refuses others by name", () => {
    const cases: [string, RegExp][] = [
      ["RandAugment(num_ops=3)", /^torchvision:RandAugment: num_ops=3 is not known; .* num_ops=2 only/],
      ["RandAugment(2, 10)", /magnitude=10 is not known/],
      ["RandAugment(level=2)", /it has no argument level; it has num_ops/],
      ["RandAugment(2, 9, 31, InterpolationMode.NEAREST, None, 7)", /it has no argument 7/],
      [
        "TrivialAugmentWide(interpolation=InterpolationMode.BILINEAR)",
        /interpolation=InterpolationMode\.BILINEAR/,
      ],
      ["TrivialAugmentWide(fill=128)", /fill=128 is not known/],
      ["AutoAugment", /^torchvision:AutoAugment: its operations TranslateX/],
      ["torchvision:AugMix()", /it blends/],
      ["torchvision:RandAugmnt", /did you mean "RandAugment"/],
      ["torchvision:constructor", /it is not known/],
      ["torchvision:", /expected a name such as/],
      ["torchvision:RandAugment(", /expected a name such as/],
      [`torchvision:${"(".repeat(1e5)}`, /expected a name such as/],
    ];
    for (const [name, message] of cases) refuses(name, message);
  });
});
