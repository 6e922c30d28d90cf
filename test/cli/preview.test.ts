// `preview` from the command line: the file, what it prints, and one-line errors with their exit codes.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { RECIPES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { decodeImage } from "../../src/image/codec.ts";
import { writePicture, writePolicies } from "../apply/pictures.ts";
import { run, runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-preview-cli-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true, force: true }));

const data = join(root, "data");
const best = writePolicies(join(root, "best.json"), [[[{ type: "rotate", magnitude: 0.4 }]]]);
const none = writePolicies(join(root, "none.json"), []);
const photo = join(data, "a", "1.png");

before(async () => {
  for (const path of ["a/1.png", "b/1.png"]) await writePicture(join(data, path), path.length);
  writeFileSync(join(data, "b", "broken.png"), readFileSync(photo).subarray(0, 300));
});

const preview = (...args: string[]) => runMain(["preview", ...args], environment);

describe("deepaugment preview", () => {
  it("writes a sheet twice, prints its path, and lists skipped files", async () => {
    const out = join(root, "new", "sheet.png");
    for (const runPreview of [run, runMain]) {
      const args = ["preview", "--policy", best, "--data", data, "--out", out];
      const { code, stdout, stderr } = await runPreview(args, environment);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `${out}\n`);
      assert.match(stderr, /^skipped \S+broken\.png: the PNG is damaged[^\n]*\n$/);
    }
    assert.ok((await decodeImage(readFileSync(out), out)).width > 500);
  });

  it("notes that a policy was not shown to help", async () => {
    const file = join(root, "unconfirmed.json");
    writePolicies(file, [[[{ type: "rotate" as const, magnitude: 0.1 }]]], null);
    const out = join(root, "unconfirmed.png");
    const { code, stderr } = await preview("--policy", file, "--data", data, "--out", out, "--draws", "1");
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /^note: the policy of trial 20 was not shown to be better than no augmentation: it was not trained again after the search; evaluate compares it on test images$/m,
    );
  });

  it("takes an experiment's folder: its best policy, or of policies.json that of --rank or --trial", async () => {
    const folder = join(root, "experiment");
    mkdirSync(folder);
    const chains = [0.1, 0.2].map((magnitude) => [[{ type: "rotate" as const, magnitude }]]);
    writePolicies(join(folder, "best.json"), chains.slice(0, 1));
    writePolicies(join(folder, "policies.json"), chains);
    for (const [more, trial] of [
      [[], 20],
      [["--rank", "2"], 19],
      [["--trial", "19"], 19],
    ] as const) {
      const out = join(root, "folder.png");
      const args = ["--policy", folder, "--data", data, "--out", out, "--json", ...more];
      const { code, stdout, stderr } = await preview(...args);
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).policy.trial, trial);
    }
  });

  it("prints the result as JSON", async () => {
    const out = join(root, "techniques.png");
    const args = ["--techniques", "--image", photo, "--size", "32", "--out", out, "--json"];
    const { code, stdout, stderr } = await preview(...args);
    assert.deepEqual([code, stderr], [0, ""]);
    const outcome = JSON.parse(stdout);
    const { height, width } = await decodeImage(readFileSync(out), out);
    assert.deepEqual([outcome.out, outcome.height, outcome.width], [out, height, width]);
    assert.equal(outcome.pictures[0].source, photo);
  });

  it("draws a recipe, also before a policy", async () => {
    const widths: number[] = [];
    for (const more of [[], ["--policy", best]]) {
      const out = join(root, "recipe.png");
      const args = ["--recipe", "Flip_Crop", "--data", data, "--draws", "2", "--out", out, "--json", ...more];
      const { code, stdout, stderr } = await preview(...args);
      assert.equal(code, 0, stderr);
      const outcome = JSON.parse(stdout);
      assert.equal(outcome.pictures.length, 2);
      assert.equal(outcome.policy?.trial, more.length > 0 ? 20 : undefined);
      widths.push(outcome.width);
    }
    assert.equal(widths[0], widths[1]);
  });

  it("lists the recipes and the techniques in its help", async () => {
    const { stdout } = await preview("--help");
    for (const name of [...RECIPES, ...EXTENDED_TECHNIQUES])
      assert.match(stdout, new RegExp(`^ +${name} +\\S`, "m"));
  });

  const policy = ["--policy", best, "--data", data];
  const wrong: [string[], RegExp][] = [
    [[], /give --policy with a file or a folder, --recipe with a name, or --techniques$/m],
    [["--policy", best], /--policy needs pictures; add --data$/m],
    [["--techniques"], /--techniques needs a picture; add --data or --image$/m],
    [[...policy, "--techniques"], /--policy and --techniques exclude each other; give one of them/],
    [
      ["--techniques", "--data", data, "--draws", "3"],
      /--draws applies to --policy and --recipe only; remove it or --techniques/,
    ],
    [
      ["--techniques", "--data", data, "--trial", "3"],
      /--trial applies to --policy only; remove it or --techniques/,
    ],
    [["--recipe", "flip"], /--recipe needs pictures; add --data$/m],
    [["--recipe", "flips", "--data", data], /unknown recipe "flips"; did you mean "flip"\?/],
    [
      ["--recipe", "flip", "--techniques", "--data", data],
      /--recipe and --techniques exclude each other; give one of them/,
    ],
    [
      ["--recipe", "flip", "--data", data, "--rank", "2"],
      /--rank applies to --policy only; remove it or add --policy/,
    ],
    [
      ["--recipe", "flip", "--image", photo],
      /--image applies to --techniques only; use --data with --recipe/,
    ],
    [[...policy, "--image", photo], /--image applies to --techniques only; use --data with --policy/],
    [[...policy, "--rank", "1", "--trial", "20"], /--rank and --trial exclude each other; give one of them/],
    [[...policy, "--rank", "2"], /--rank: .*best\.json has one policy, received 2/],
    [[...policy, "--rank", "0"], /--rank: expected a whole number from 1 .*received "0"/],
    [
      [...policy, "--trial", "7"],
      /--trial: .*best\.json has no policy of trial 7; its policies are of trials 20/,
    ],
    [[...policy, "--images", "many"], /--images: .*received "many"/],
    [
      [...policy, "--sizes", "32,none"],
      /--sizes: expected whole numbers from 1 to 4096, separated by commas, received "32,none"/,
    ],
    [
      [...policy, "--sizes", "32,96", "--image-size", "32"],
      /--sizes and --image-size exclude each other; give one of them/,
    ],
    [
      ["--techniques", "--data", data, "--sizes", "32"],
      /--sizes applies to --policy only; remove it or --techniques/,
    ],
    [[...policy, "--size", "5"], /--size: expected a whole number from 32 to 1024, received "5"/],
    [["--policy", none, "--data", data], /none\.json contains no policy: no trial improved/],
    [["--policy", photo, "--data", data], /1\.png: it is not text/],
    [["--policy", best, "--data", join(root, "nowhere")], /nowhere.*there is no such file or folder/],
    [["--policy", best, "--data", join(data, "a")], /no class folders/],
    [
      ["--techniques", "--image", best],
      /--image: cannot read the picture .*best\.json: it is text, not a picture: /,
    ],
    [["--techniques", "--image", photo, "--out", photo], /1\.png already exists and is not a preview sheet/],
    [[...policy, "--out", best], /--out: expected a file name that ends in \.png/],
    [[...policy, "--out", join(best, "sheet.png")], /a part of the path is not a folder; give another --out/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(" ") || "no options"}`.replaceAll(root, ""), async () => {
      const out = join(root, "refused.png");
      const before = readFileSync(photo);
      const { code, stdout, stderr } = await preview(
        ...(args.includes("--out") ? args : [...args, "--out", out]),
      );
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^deepaugment: [^\n]*\n$/);
      assert.match(stderr, message);
      assert.ok(!existsSync(out));
      assert.deepEqual(readFileSync(photo), before);
    });
  }
});
