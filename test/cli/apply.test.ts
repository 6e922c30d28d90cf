// `apply` from the command line: results, errors on one line with their exit codes, and Ctrl-C.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodeImage } from "../../src/image/codec.ts";
import { contentsOf, filesIn, picturesIn, writePicture, writePolicies } from "../apply/pictures.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { run, runMain, start, until } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-apply-cli-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true, force: true }));

const data = join(root, "data");
const best = writePolicies(join(root, "best.json"), [[[{ type: "rotate", magnitude: 0.4 }]]]);

before(async () => {
  for (const path of ["a/1.png", "a/2.jpg", "b/1.png"]) await writePicture(join(data, path), path.length);
  writeFileSync(join(data, "b", "broken.png"), readFileSync(join(data, "b", "1.png")).subarray(0, 300));
});

function args(out: string, more: readonly string[] = []): string[] {
  return ["apply", "--policy", best, "--data", data, "--out", join(root, out), "--chance", "1", ...more];
}

describe("deepaugment apply", () => {
  it("notes that a policy was not shown to help, also if nothing was left to do", async () => {
    const unsure = { gain: 0.02, interval: { low: -0.01, high: 0.05 }, trainings: 5 };
    const chains = [[[{ type: "rotate" as const, magnitude: 0.4 }]]];
    const note =
      "note: the policy of trial 20 was not shown to be better than no augmentation: its average gain in 5 fresh trainings is 2.0 points, with a 95% interval of −1.0 to 5.0 points; evaluate compares it on test images\n";
    const file = writePolicies(join(root, "unsure.json"), chains, unsure);
    const { code, stderr } = await runMain(args("unsure", ["--policy", file]), environment);
    assert.equal(code, 0, stderr);
    assert.ok(stderr.includes(note), stderr);
    const again = await runMain(args("unsure", ["--policy", file, "--resume"]), environment);
    assert.ok(again.stdout.includes("was already finished") && again.stderr.includes(note), again.stderr);

    const shown = { ...unsure, interval: { low: 0.01, high: 0.03 } };
    writePolicies(file, chains, shown);
    const other = await runMain(args("shown", ["--policy", file]), environment);
    assert.equal(other.code, 0, other.stderr);
    assert.doesNotMatch(other.stderr, /not shown/);
  });

  it("prints what it wrote, and lists skipped files on stderr", async () => {
    const { code, stdout, stderr } = await run(args("plain"), environment);
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /^Originals +3\nAugmented +3, with the best policy\nPictures +3 of 3 training pictures are augmented \(chance 1\)\nSkipped +1\nImages /,
    );
    assert.match(
      stderr,
      /^note: copies are beside their originals: [^\n]*--split 0\.8 [^\n]*\nskipped \S+broken\.png: the PNG is damaged[^\n]*\n$/,
    );
    assert.equal(picturesIn(join(root, "plain")).length, 3 + 3);
  });

  it("takes an experiment's folder: its best policy, or with --top those of policies.json", async () => {
    const folder = join(root, "experiment");
    mkdirSync(folder);
    const chains = [0.1, 0.2, 0.3].map((magnitude) => [[{ type: "rotate" as const, magnitude }]]);
    writePolicies(join(folder, "best.json"), chains.slice(0, 1));
    writePolicies(join(folder, "policies.json"), chains);
    for (const [top, line] of [
      ["1", "with the best policy"],
      ["3", "with the best 3 policies"],
    ]) {
      const run = args(`folder-${top}`, ["--policy", folder, "--top", top]);
      const { code, stdout, stderr } = await runMain(run, environment);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^Augmented +3, ${line}$`, "m"));
    }
    writePolicies(join(folder, "best.json"), []);
    const none = await runMain(args("folder-none", ["--policy", folder]), environment);
    assert.equal(none.code, 2);
    assert.equal(
      none.stderr,
      `deepaugment: ${folder}: the search has found no policy that did better than no augmentation; more trials may find one\n`,
    );
  });

  it("prints the result as JSON", async () => {
    const { code, stdout, stderr } = await runMain(
      args("json", ["--json", "--copies", "2", "--chance=0"]),
      environment,
    );
    assert.deepEqual([code, stderr], [0, ""]);
    const { originals, augmented, skipped, manifest } = JSON.parse(stdout);
    assert.deepEqual([originals, augmented, skipped.length], [3, 0, 1]);
    assert.equal(readFileSync(manifest, "utf8").trimEnd().split("\n").length, 1 + 3);
  });

  const wrongOptions: [string[], RegExp][] = [
    [["--copies", "0"], /--copies: expected a whole number from 1 to 10000, received "0"/],
    [["--copies", "1.5"], /--copies: .*received "1\.5"/],
    [["--chance", "2"], /--chance: expected a number from 0 to 1, received "2"/],
    [["--chance", ""], /--chance: .*received ""/],
    [["--top", "-1"], /--top: .*received "-1"/],
    [["--workers", "many"], /--workers: .*received "many"/],
    [["--as", "zip"], /--as: expected folders, cifar10, npz, received "zip"/],
    [["--format", "gif"], /--format: expected png, jpeg, received "gif"/],
    [
      ["--format", "jpeg", "--quality", "0"],
      /--quality: expected a whole number from 1 to 100, received "0"/,
    ],
    [["--format", "png", "--quality", "90"], /--quality only applies to JPEG files, and --format png/],
    [["--scale", "maybe"], /--scale: expected on, off, received "maybe"/],
    [["--image-size", "0"], /--image-size: expected a whole number from 1 to 4096, received "0"/],
    [["--split", "1"], /--split: expected a number between 0 and 1, received "1"/],
    [
      ["--split", "0.8", "--only-augmented"],
      /--split writes validation pictures, and --only-augmented leaves/,
    ],
    [["--as", "npz", "--format", "jpeg"], /--format only applies to --as folders/],
    [["--as", "cifar10", "--grey"], /--grey does not apply to --as cifar10/],
    [
      ["--recipe", "mixup"],
      /unknown recipe "mixup"; known are flip, crop, flip-crop, trivialaugment, randaugment/,
    ],
    [["--policy", "none.json"], /none\.json: there is no such file/],
    [["--data", join(root, "nowhere")], /nowhere.*there is no such file or folder/],
    [["--out", join(best, "out")], /best\.json.*give another --out/],
  ];
  for (const [wrong, message] of wrongOptions) {
    it(`refuses ${wrong.join(" ")}`.replaceAll(root, ""), async () => {
      const { code, stdout, stderr } = await runMain(args("refused", wrong), environment);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^deepaugment: [^\n]*\n$/);
      assert.match(stderr, message);
      assert.ok(!existsSync(join(root, "refused")));
    });
  }

  it("takes options of the form in any case", async () => {
    const { code, stderr } = await runMain(
      args("jpeg", ["--format", "JPEG", "--quality", "50", "--grey"]),
      environment,
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      picturesIn(join(root, "jpeg")).filter((name) => name.includes("_aug")),
      ["a/1_aug1.jpg", "a/2_aug1.jpg", "b/1_aug1.jpg"],
    );
  });

  it("leaves complete files and says how to continue when it is interrupted, and resumes", async () => {
    const more = ["--data", SAMPLE_ARCHIVE, "--copies", "8"];
    const program = start(args("interrupted", more), environment);
    const out = join(root, "interrupted");
    const names = () => (existsSync(out) ? readdirSync(out, { recursive: true, encoding: "utf8" }) : []);
    await until(program, () => names().some((name) => name.endsWith(".png")));
    program.process.kill("SIGINT");
    const { code, stderr } = await program.finished;
    assert.equal(code, 130, stderr);
    assert.match(
      stderr,
      /^\nStopping[^\n]*\ndeepaugment: interrupted after \d+ of 240 pictures: [^\n]* --resume [^\n]*\n$/,
    );
    await checkWhole(out);
    const refused = await runMain(args("interrupted", more), environment);
    assert.deepEqual([refused.code, refused.stdout], [2, ""]);
    assert.match(
      refused.stderr,
      /^deepaugment: \S+ contains an interrupted run: continue it with --resume, [^\n]*\n$/,
    );
    assert.equal((await runMain(args("interrupted", [...more, "--resume"]), environment)).code, 0);
    assert.equal((await runMain(args("uninterrupted", more), environment)).code, 0);
    assert.deepEqual(contentsOf(out), contentsOf(join(root, "uninterrupted")));
    const again = await runMain(args("interrupted", [...more, "--resume"]), environment);
    assert.equal(again.code, 0);
    assert.match(
      again.stdout,
      /^Resumed +\S+interrupted was already finished\nOriginals +240\nAugmented +1600,/,
    );
  });

  // A file system of its own, small enough to fill up, needs the right to mount one.
  const disk = join(root, "disk");
  mkdirSync(disk);
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=768k", "tmpfs", disk]).status === 0;
  const remount = (options: string) => spawnSync("mount", ["-o", `remount,${options}`, disk]);
  after(() => {
    if (isMounted) spawnSync("umount", [disk]);
  });

  for (const as of ["folders", "npz"]) {
    it(`leaves complete files if space runs out, and resumes once there is some: --as ${as}`, {
      skip: !isMounted,
    }, async () => {
      remount("size=768k");
      const out = join(disk, "out");
      // With one worker, what is done when space runs out is the same each time.
      const more = ["--data", SAMPLE_ARCHIVE, "--as", as, "--workers", "1"];
      const { code, stderr } = await run([...args("", more), "--out", out], environment);
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^deepaugment: cannot write [^\n]*: no space left on the device[^\n]*; continue with --resume\n$/,
      );
      if (as === "folders") await checkWhole(out);
      assert.ok(!existsSync(join(out, "manifest.csv")) && !existsSync(join(out, "train.npz")));
      remount("size=16m");
      const resumed = await runMain([...args("", more), "--out", out, "--resume", "--json"], environment);
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.ok(JSON.parse(resumed.stdout).doneBefore > 0);
      assert.equal((await runMain(args(`enough-${as}`, more), environment)).code, 0);
      assert.deepEqual(contentsOf(out), contentsOf(join(root, `enough-${as}`)));
      rmSync(out, { recursive: true });
    });
  }

  it("says that the output is read-only", { skip: !isMounted }, async () => {
    remount("ro");
    const { code, stdout, stderr } = await runMain(
      [...args(""), "--out", join(disk, "new", "out")],
      environment,
    );
    remount("rw");
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /^deepaugment: cannot write [^\n]*: the file system is read-only\n$/);
    assert.ok(!existsSync(join(disk, "new")));
  });
});

/** Checks that there are files: pictures that can all be decoded, and the records of the run so far. */
async function checkWhole(out: string): Promise<void> {
  const files = filesIn(out).filter((name) => name !== "apply.json" && name !== "apply.journal");
  assert.ok(files.length > 0);
  for (const file of files) {
    assert.match(file, /\.png$/);
    await decodeImage(readFileSync(join(out, file)), file);
  }
}
