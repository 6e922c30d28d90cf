// Pipelines of other libraries from the command line, as the policies of apply, preview, evaluate and export.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { givenPoliciesIn } from "../../src/policy/policy-file.ts";
import { writePicture } from "../apply/pictures.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { lineOf, runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-cli-pipelines-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const data = join(root, "data");
const pipeline = join(root, "pipeline.json");
const unknown = join(root, "unknown.json");

before(async () => {
  for (const path of ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]) await writePicture(join(data, path), 12);
  const write = (path: string, transforms: readonly object[]) =>
    writeFileSync(
      path,
      JSON.stringify({
        __version__: "2.0.8",
        transform: { __class_fullname__: "Sequential", p: 1, transforms },
      }),
    );
  write(pipeline, [{ __class_fullname__: "InvertImg", p: 1 }]);
  write(unknown, [{ __class_fullname__: "ElasticTransform", p: 1 }]);
});

const deepaugment = (...args: string[]) => runMain(args, environment);

describe("a pipeline of another library", () => {
  it("is applied, without a trial in the manifest, and continued", async () => {
    const out = join(root, "applied");
    const args = ["apply", "--policy", pipeline, "--data", data, "--out", out, "--json"];
    const { code, stdout, stderr } = await deepaugment(...args);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).augmented, 4);
    const [head, ...lines] = readFileSync(join(out, "manifest.csv"), "utf8").trim().split("\n");
    const place = head.split(",").indexOf("policy_trial");
    assert.ok(lines.length === 8 && lines.every((line) => line.split(",")[place] === ""));
    assert.equal(lines.filter((line) => line.includes("invert")).length, 4);
    const again = await deepaugment(...args.filter((arg) => arg !== "--json"), "--resume");
    assert.match(again.stdout, /^Augmented {2}4, with the pipeline$/m);
    const other = ["apply", "--policy", "torchvision:RandAugment", "--data", data, "--out", out, "--resume"];
    assert.match(lineOf(await deepaugment(...other)), /was started with a policy that no search judged/);
  });

  it("is shown, without a reward", async () => {
    for (const policy of [pipeline, "torchvision:TrivialAugmentWide"]) {
      const out = join(root, "sheet.png");
      const args = [
        "preview",
        "--policy",
        policy,
        "--data",
        data,
        "--out",
        out,
        "--draws",
        "1",
        "--images",
        "1",
      ];
      const { code, stderr } = await deepaugment(...args);
      assert.equal(code, 0, stderr);
      assert.ok(existsSync(out));
    }
    const trial = ["preview", "--policy", pipeline, "--data", data, "--trial", "3"];
    assert.match(lineOf(await deepaugment(...trial)), /--trial: .*pipeline\.json has no policy of trial 3/);
  });

  it("is evaluated: trained with and tested beside no augmentation", async () => {
    const out = join(root, "evaluated");
    const settings = { image_size: 12, epochs: 2, samples: 1, batch_size: 20, engine: "wasm", workers: 1 };
    const { code, stderr } = await runMain(
      [
        ...[
          "evaluate",
          "--policy",
          pipeline,
          "--data",
          SAMPLE_ARCHIVE,
          "--arms",
          "none,policy",
          "--out",
          out,
        ],
        ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
      ],
      environment,
    );
    assert.equal(code, 0, stderr);
    const folder = join(out, readdirSync(out)[0]);
    const [policy] = givenPoliciesIn(
      JSON.parse(readFileSync(join(folder, "policies.json"), "utf8")),
    ).policies;
    assert.deepEqual(policy.chains, [[{ type: "invert", magnitude: 0 }]]);
    const [none, inverted] = readFileSync(join(folder, "predictions.csv"), "utf8")
      .trim()
      .split("\n")
      .slice(1);
    const answers = (line: string) => line.split(",").at(-1)!.split(" ");
    // Trained on inverted images alone, the model answers otherwise for as many test images.
    assert.equal(answers(inverted).length, answers(none).length);
    assert.notDeepEqual(answers(inverted), answers(none));
  });

  it("is exported to another framework", async () => {
    const args = ["export", "--policy", pipeline, "--to", "keras", "--out", join(root, "keras")];
    const { code, stderr } = await deepaugment(...args);
    assert.equal(code, 0, stderr);
    assert.match(readFileSync(join(root, "keras", "deepaugment_policy.py"), "utf8"), /"type": "invert"/);
  });

  it("is refused by each command with the same line", async () => {
    const line = /transform\.transforms\[0\], ElasticTransform: no technique is known to do exactly the same/;
    const commands = [
      ["apply", "--data", data, "--out", join(root, "refused")],
      ["preview", "--data", data],
      ["evaluate", "--data", data, "--dry-run"],
      ["export", "--to", "numpy", "--out", join(root, "refused")],
    ];
    for (const [command, ...rest] of commands)
      assert.match(lineOf(await deepaugment(command, "--policy", unknown, ...rest)), line);
    assert.match(
      lineOf(
        await deepaugment("evaluate", "--policy", "torchvision:AutoAugment", "--data", data, "--dry-run"),
      ),
      /torchvision:AutoAugment: its operations/,
    );
    assert.ok(!existsSync(join(root, "refused")));
  });
});
