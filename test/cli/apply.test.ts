// `apply` from the command line: results, errors on one line with their exit codes, and Ctrl-C.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodeImage } from "../../src/image/codec.ts";
import { filesIn, picturesIn, writePicture, writePolicies } from "../apply/pictures.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { run, start } from "./run.ts";

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
  return ["apply", "--policy", best, "--data", data, "--out", join(root, out), ...more];
}

describe("deepaugment apply", () => {
  it("tells what it wrote, and names on stderr what it skipped", async () => {
    const { code, stdout, stderr } = await run(args("plain"), environment);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Originals +3\nAugmented +3, by the best policy\nSkipped +1\nImages /);
    assert.match(stderr, /^skipped \S+broken\.png: the PNG is damaged[^\n]*\n$/);
    assert.equal(picturesIn(join(root, "plain")).length, 3 + 3);
  });

  it("tells it as JSON", async () => {
    const { code, stdout, stderr } = await run(
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
    [["--policy", "none.json"], /none\.json: there is no such file/],
    [["--data", join(root, "nowhere")], /nowhere.*there is no such file or folder/],
    [["--out", join(best, "out")], /best\.json.*give another --out/],
  ];
  for (const [wrong, message] of wrongOptions) {
    it(`refuses ${wrong.join(" ")}`.replaceAll(root, ""), async () => {
      const { code, stdout, stderr } = await run(args("refused", wrong), environment);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^deepaugment: [^\n]*\n$/);
      assert.match(stderr, message);
      assert.ok(!existsSync(join(root, "refused")));
    });
  }

  it("leaves whole files, no manifest and a word on how to go on when it is interrupted", async () => {
    const out = join(root, "interrupted");
    const program = start(
      ["apply", "--policy", best, "--data", SAMPLE_ARCHIVE, "--out", out, "--copies", "100"],
      environment,
    );
    while (!existsSync(join(out, "train"))) await new Promise((resolve) => setTimeout(resolve, 10));
    program.process.kill("SIGINT");
    const { code, stderr } = await program.finished;
    assert.equal(code, 130, stderr);
    assert.match(
      stderr,
      /^\nStopping[^\n]*\ndeepaugment: interrupted after \d+ of 240 pictures: [^\n]* --resume [^\n]*\n$/,
    );
    await checkWhole(out);
  });

  // A file system of its own, small enough to fill up, needs the right to mount one.
  const disk = join(root, "disk");
  mkdirSync(disk);
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]).status === 0;
  after(() => {
    if (isMounted) spawnSync("umount", [disk]);
  });

  it("leaves whole files and no manifest where space runs out", { skip: !isMounted }, async () => {
    const out = join(disk, "out");
    const { code, stderr } = await run(
      ["apply", "--policy", best, "--data", SAMPLE_ARCHIVE, "--out", out],
      environment,
    );
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^deepaugment: cannot write [^\n]*: no space left on the device[^\n]*; --resume goes on[^\n]*\n$/,
    );
    await checkWhole(out);
  });
});

/** There are files, all of them pictures that can be decoded, and what tells of the run so far. */
async function checkWhole(out: string): Promise<void> {
  const files = filesIn(out).filter((name) => name !== "apply.json" && name !== "apply.journal");
  assert.ok(files.length > 0);
  for (const file of files) {
    assert.match(file, /\.png$/);
    await decodeImage(readFileSync(join(out, file)), file);
  }
}
